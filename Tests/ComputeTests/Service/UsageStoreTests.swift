import ComputeBilling
import ComputeDomain
import Storage
import Testing

@testable import ComputeService

@Suite("Usage, as bills read it")
struct UsageStoreTests {
  fileprivate struct Row: Sendable {
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
    // At one price; then the same by another participant, and in another use case.
    Row(participant: "par_2", gflop: 16), Row(participant: "par_2", run: "run_2", gflop: 32),
    Row(participant: "par_2", run: "run_3", gflop: 64),
    Row(participant: "par_3", run: "run_3", gflop: 128),
    Row(useCase: "uc_2", participant: "par_3", run: "run_3", gflop: 256),
    // In another quarter; came in after another cut, and after the last that there can be.
    Row(quarter: 11, useCase: "uc_2", participant: "par_3", run: "run_3", gflop: 512),
    Row(cut: 5, quarter: 11, useCase: "uc_2", participant: "par_3", run: "run_3", gflop: 1_024),
    Row(cut: 5, quarter: 12, gflop: 2_048),
    Row(cut: .max, quarter: 9, gflop: 4_096),
    // Another tenant's.
    Row(tenant: "other", gflop: 8_192),
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
        Self.record(10, "uc_1", "par_2", "", "standard-1", 16 + 32 + 64),
        Self.record(10, "uc_1", "par_3", "", "standard-1", 128),
        Self.record(10, "uc_2", "par_3", "", "standard-1", 256),
        // Of two cuts.
        Self.record(11, "uc_2", "par_3", "", "standard-1", 512 + 1_024),
        Self.record(12, "uc_1", "par_1", "", "standard-1", 2_048),
        Self.record(9, "uc_1", "par_1", "", "standard-1", 4_096),
      ])
  }

  @Test("each run's come alone when asked for")
  func byRun() async throws {
    let records = try await records(store(Self.rows), byRun: true)
    #expect(
      records == [
        Self.record(10, "uc_1", "par_1", "run_1", "standard-1", 1),
        Self.record(10, "uc_1", "par_1", "run_1", "winter", 2),
        Self.record(10, "uc_1", "par_1", "run_2", "standard-1", 4),
        Self.record(10, "uc_1", "par_1", "run_2", "winter", 8),
        Self.record(10, "uc_1", "par_2", "run_1", "standard-1", 16),
        Self.record(10, "uc_1", "par_2", "run_2", "standard-1", 32),
        Self.record(10, "uc_1", "par_2", "run_3", "standard-1", 64),
        Self.record(10, "uc_1", "par_3", "run_3", "standard-1", 128),
        Self.record(10, "uc_2", "par_3", "run_3", "standard-1", 256),
        Self.record(11, "uc_2", "par_3", "run_3", "standard-1", 512 + 1_024),
        Self.record(12, "uc_1", "par_1", "run_1", "standard-1", 2_048),
        Self.record(9, "uc_1", "par_1", "run_1", "standard-1", 4_096),
      ])
  }

  @Test("only the cuts and quarters that are asked for")
  func ranges() async throws {
    let fixture = try await store(Self.rows)
    let quantities = { (cuts: ClosedRange<Int64>, quarters: Range<Int64>) in
      try await records(fixture, cuts: cuts, quarters: quarters, byRun: false)
        .map(\.quantity.value)
    }
    let always = Int64.min ..< .max
    #expect(try await quantities(1...5, always) == [1_024, 2_048])
    #expect(try await quantities(.min...4, 11..<13) == [512])
    #expect(try await quantities(6 ... .max, always) == [4_096])
    #expect(try await quantities(6...7, always).isEmpty)
    #expect(try await quantities(.min ... .max, 9..<10) == [4_096])
    #expect(try await quantities(.min ... .max, 12 ..< .max) == [2_048])
  }

  @Test(
    "what the ledger cannot have written is named, whoever asks",
    arguments: [
      [Row(gflop: .max), Row(run: "run_2", gflop: 1)], [Row(gflop: -1)], [Row(quarter: -1)],
      [Row(quarter: .min)], [Row(quarter: .max - 1)],
      [Row(quarter: 281_558_112)],
    ])
  fileprivate func damage(rows: [Row]) async throws {
    let fixture = try await store(rows)
    // By run, the two that are too much together are records of their own.
    for byRun in [false, true] where !byRun || rows.count == 1 {
      let error = await #expect(throws: StorageError.self) {
        try await records(fixture, byRun: byRun)
      }
      guard case .corrupt = error else {
        Issue.record("unexpected \(String(describing: error))")
        return
      }
    }
  }

  @Test("the last quarter of the year 9999 is one of the ledger's")
  func lastQuarter() async throws {
    let fixture = try await store([Row(quarter: 281_558_111)])
    #expect(try await records(fixture, byRun: false).count == 1)
  }

  @Test("the volume before a cut is that of the earlier ones, at one price, in one time")
  func volume() async throws {
    let fixture = try await store([
      Row(gflop: 1), Row(cut: 3, gflop: 2), Row(cut: 3, version: "winter", gflop: 4),
      Row(cut: 3, quarter: 12, gflop: 8), Row(cut: 5, gflop: 16),
      Row(tenant: "other", gflop: 32),
    ])
    let volume = try await fixture.core.database.read { db in
      try UsageStore.volume(
        db, tenant: "clinic", before: 5, quarters: 10..<12, version: "standard-1")
    }
    #expect(volume == GFLOP(3))
  }

  @Test(
    "a volume that the ledger cannot have written is named",
    arguments: [
      [Row(gflop: -1)], [Row(gflop: -1), Row(run: "run_2", gflop: 5)],
      [Row(gflop: .max), Row(cut: 3, gflop: 1)],
    ])
  fileprivate func damagedVolume(rows: [Row]) async throws {
    let fixture = try await store(rows)
    let error = await #expect(throws: StorageError.self) {
      try await fixture.core.database.read { db in
        _ = try UsageStore.volume(
          db, tenant: "clinic", before: 5, quarters: 10..<12, version: "standard-1")
      }
    }
    guard case .corrupt = error else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
  }
}
