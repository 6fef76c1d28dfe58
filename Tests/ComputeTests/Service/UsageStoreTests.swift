import ComputeBilling
import ComputeDomain
import Storage
import Testing

@testable import ComputeService

@Suite("Usage, as bills read it")
struct UsageStoreTests {
  private struct Row: Sendable {
    var tenant = "clinic"
    var cut: Int64 = 0
    var quarter: Int64 = 10
    var useCase = "uc_1"
    var participant = "par_1"
    var run = "run_1"
    var version = "standard-1"
    var gflop: Int64 = 1
  }

  private static func record(
    _ quarter: Int64, _ useCase: String, _ participant: String, _ run: String, _ version: String,
    _ gflop: Int64
  ) -> UsageRecord {
    UsageRecord(
      useCase: useCase, participant: participant, run: run, priceVersion: version,
      time: quarter * 900_000, quantity: GFLOP(gflop))
  }

  private static let rows = [
    // What two runs used in a quarter in which the price changed.
    Row(gflop: 1), Row(version: "winter", gflop: 2), Row(run: "run_2", gflop: 4),
    Row(run: "run_2", version: "winter", gflop: 8),
    // At one price.
    Row(participant: "par_2", gflop: 16), Row(participant: "par_2", run: "run_2", gflop: 32),
    Row(participant: "par_2", run: "run_3", gflop: 64),
    // The same participant in another quarter, another use case, after another cut.
    Row(quarter: 11, participant: "par_2", gflop: 128),
    Row(quarter: 11, useCase: "uc_2", participant: "par_2", gflop: 256),
    Row(cut: 5, quarter: 9, useCase: "uc_2", participant: "par_2", gflop: 512),
    // Another tenant's.
    Row(tenant: "other", gflop: 1_024),
  ]

  private func store(_ rows: [Row]) async throws -> ServiceFixture {
    let fixture = try ServiceFixture()
    try await fixture.core.database.write { tx in
      for row in rows {
        try tx.execute(
          "INSERT INTO usage VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", row.tenant, row.cut,
          row.quarter, row.useCase, row.participant, row.run, row.version, row.gflop)
      }
    }
    return fixture
  }

  private func records(
    _ fixture: ServiceFixture, cuts: ClosedRange<Int64> = .min ... .max,
    quarters: Range<Int64> = .min ..< .max, byRun: Bool
  ) async throws -> [UsageRecord] {
    try await fixture.core.database.read { db in
      var records: [UsageRecord] = []
      try UsageStore.forEach(
        db, tenant: "clinic", cuts: cuts, quarters: quarters, byRun: byRun
      ) { records.append($0) }
      return records
    }
  }

  @Test("rows of a participant's quarter come as one while the price stays, and in order")
  func merged() async throws {
    let records = try await records(store(Self.rows), byRun: false)
    #expect(
      records == [
        Self.record(10, "uc_1", "par_1", "", "standard-1", 1),
        Self.record(10, "uc_1", "par_1", "", "winter", 2),
        Self.record(10, "uc_1", "par_1", "", "standard-1", 4),
        Self.record(10, "uc_1", "par_1", "", "winter", 8),
        Self.record(10, "uc_1", "par_2", "", "standard-1", 112),
        Self.record(11, "uc_1", "par_2", "", "standard-1", 128),
        Self.record(11, "uc_2", "par_2", "", "standard-1", 256),
        Self.record(9, "uc_2", "par_2", "", "standard-1", 512),
      ])
  }

  @Test("each run's come alone when asked for")
  func byRun() async throws {
    let records = try await records(store(Self.rows), byRun: true)
    #expect(records.map(\.quantity.value) == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512])
    #expect(
      records.map(\.run) == [
        "run_1", "run_1", "run_2", "run_2", "run_1", "run_2", "run_3", "run_1", "run_1", "run_1",
      ])
  }

  @Test("only the cuts and quarters that are asked for")
  func ranges() async throws {
    let fixture = try await store(Self.rows)
    #expect(
      try await records(fixture, cuts: 1...5, byRun: false).map(\.quantity.value) == [512])
    #expect(
      try await records(fixture, quarters: 9..<11, byRun: false).map(\.quantity.value)
        == [1, 2, 4, 8, 112, 512])
    #expect(try await records(fixture, cuts: 6 ... .max, byRun: false).isEmpty)
  }

  @Test("a sum that no quantity holds is refused")
  func overflow() async throws {
    let fixture = try await store([Row(gflop: .max), Row(run: "run_2", gflop: 1)])
    let error = await #expect(throws: QuantityError.self) {
      try await records(fixture, byRun: false)
    }
    guard case .overflow = error else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
  }
}
