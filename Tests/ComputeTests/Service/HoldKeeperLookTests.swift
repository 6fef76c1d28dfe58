import API
import ComputeDomain
import RPC
import Synchronization
import Testing

@testable import ComputeService

@Suite("What the keeper of holds looks at")
struct HoldKeeperLookTests {
  private func plan(
    _ fixture: ServiceFixture, _ sql: String, _ count: Int
  ) async throws -> [String] {
    try await fixture.core.read { db in
      try db.query(
        "EXPLAIN QUERY PLAN \(sql)", arguments: Array(repeating: Int64(0), count: count)
      ) { try $0.text("detail") }
    }
  }

  @Test("runs that are due are found by indexes, without a look at the other runs and use cases")
  func plans() async throws {
    let fixture = try ServiceFixture()
    let outliving = try await plan(fixture, RunStore.outlivingQuery, 6)
    try #require(outliving.count >= 2)
    #expect(
      outliving[0] == "SEARCH u USING COVERING INDEX use_cases_by_end (end_time>? AND end_time<?)")
    #expect(outliving[1].hasPrefix("SEARCH r USING INDEX runs_live (use_case_id=?"), "\(outliving)")
    let silent = try await plan(fixture, RunStore.silentQuery, 5)
    #expect(silent.count == 1, "it is sorted by the index: \(silent)")
    #expect(silent[0].hasPrefix("SEARCH runs USING INDEX runs_by_last_report ("))
  }

  @Test("each end of a use case is looked at once; after a clock that was set back all are again")
  func onceEach() async throws {
    let fixture = try ServiceFixture()
    let keeper = HoldKeeper(fixture.core)
    let opening = ServiceFixture.opening
    try await fixture.sync(end: opening + 1_000)
    let first = try await fixture.start().id
    // The clock jumps forward, and back.
    fixture.clock.advance(milliseconds: 30_000)
    #expect(try await keeper.sweep() == 1)
    #expect(try await keeper.sweep() == 0)
    fixture.clock.set(opening)
    let second = try await fixture.start().id
    #expect(try await keeper.sweep() == 0)
    fixture.clock.advance(milliseconds: 1_000)
    #expect(try await keeper.sweep() == 1)
    for run in [first, second] {
      #expect(
        try await fixture.core.getRun(run, .vendor(1)).run?.stateReason == "the use case is over")
    }
  }

  @Test("a run that could not be ended is looked at again")
  func again() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync(end: ServiceFixture.opening + 1_000)
    let run = try await fixture.start().id
    let reports = Reports()
    let core = ComputeCore(
      database: fixture.core.database, clock: fixture.clock.clock,
      settings: ComputeSettings(holdIdleMilliseconds: 60_000), report: { reports.add($0) })
    let keeper = HoldKeeper(core)
    fixture.clock.advance(milliseconds: 1_000)
    try await fixture.core.ledger.catchUp()
    try await fixture.core.database.write { tx in
      try tx.execute("UPDATE use_cases SET phase = 'nonsense'")
    }
    #expect(try await keeper.sweep() == 0)
    #expect(reports.all.contains { $0.hasPrefix("run \(run) could not be ended: ") })
    try await fixture.core.database.write { tx in
      try tx.execute("UPDATE use_cases SET phase = 'published'")
    }
    #expect(try await keeper.sweep() == 1)
  }
}

/// What was reported.
private final class Reports: Sendable {
  private let texts = Mutex<[String]>([])
  func add(_ text: String) { texts.withLock { $0.append(text) } }
  var all: [String] { texts.withLock { $0 } }
}
