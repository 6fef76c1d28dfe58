import API
import ComputeDomain
import RPC
import Testing

@testable import ComputeService

@Suite("Holds that nobody keeps alive, and terms that change")
struct HoldKeeperTests {
  @Test("an idle hold expires at its time, and its compute is free again")
  func expiry() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let keeper = HoldKeeper(fixture.core)
    let run = try await fixture.start().id
    fixture.clock.advance(milliseconds: 59_999)
    #expect(try await keeper.sweep() == 0)
    fixture.clock.advance(milliseconds: 1)
    #expect(try await keeper.sweep() == 1)
    let balance = try await fixture.core.getRun(run, .vendor(1))
    #expect(balance.run?.state == .expired)
    #expect(balance.allocationFreeGflop == 200_000_000)
    #expect(try await keeper.sweep() == 0)
    #expect(try await fixture.audit().isSound)
  }

  @Test("a report keeps a run alive, even one that says nothing new")
  func alive() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start().id
    fixture.clock.advance(milliseconds: 50_000)
    try await fixture.report(run, .zero)
    fixture.clock.advance(milliseconds: 50_000)
    #expect(try await HoldKeeper(fixture.core).sweep() == 0)
  }

  @Test("a sign of life is in the run's row once the tables are brought up to date")
  func rowOfSignOfLife() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start().id
    // So that the start itself is in the row already.
    #expect(try await fixture.audit().isSound)
    fixture.clock.advance(milliseconds: 50_000)
    try await fixture.report(run, .zero)
    let row = try await fixture.core.read { try RunStore.find($0, run)?.run }
    #expect(row?.lastReport == ServiceFixture.opening + 50_000)
  }

  @Test("tables that were behind for two seconds are brought up, though nobody reads them")
  func age() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start().id
    #expect(try await fixture.audit().isSound)
    try await fixture.report(run, .pflop(3))
    func row() async throws -> GFLOP? {
      try await fixture.core.database.read { try RunStore.find($0, run)?.run.counter }
    }
    let keeper = HoldKeeper(fixture.core)
    fixture.clock.advance(milliseconds: LedgerState.flushAge - 1)
    _ = try await keeper.sweep()
    #expect(try await row() == .zero)
    fixture.clock.advance(milliseconds: 1)
    _ = try await keeper.sweep()
    #expect(try await row() == .pflop(3))
  }

  @Test("runs that give signs of life, however many, do not keep the keeper from a silent one")
  func manyAlive() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync(each: .pflop(1_000))
    try await fixture.sync(id: "uc_2", tenant: "hospital")
    let alive = try await start(HoldKeeper.pageSize + 20, fixture)
    let silent = try await fixture.core.startRun(
      ComputeStartRunRequest(useCaseId: "uc_2"), .vendor(1))
    #expect(try await fixture.audit().isSound)
    fixture.clock.advance(milliseconds: 50_000)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for run in alive { group.addTask { try await fixture.report(run, .zero) } }
      try await group.waitForAll()
    }
    fixture.clock.advance(milliseconds: 10_000)
    #expect(try await HoldKeeper(fixture.core).sweep() == 1)
    #expect(try await fixture.core.getRun(silent.id, .vendor(1)).run?.state == .expired)
  }

  @Test("one look ends all that is due, more than a page, ends of use cases first")
  func manyDue() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync(each: .pflop(1_000))
    let silent = try await start(HoldKeeper.pageSize + 20, fixture)
    try await fixture.sync(id: "uc_2", end: ServiceFixture.opening + 1_000)
    let over = try await fixture.core.startRun(
      ComputeStartRunRequest(useCaseId: "uc_2"), .vendor(1))
    fixture.clock.advance(milliseconds: 60_000)
    #expect(try await HoldKeeper(fixture.core).sweep() == silent.count + 1)
    let ends = try await fixture.core.read { db in
      var ends: [EntryDraft] = []
      try JournalStore.forEach(db) { _, stored in
        let content = try stored.content()
        if [.runStopped, .runExpired].contains(content.cause) { ends.append(content) }
      }
      return ends
    }
    #expect(ends.first?.run == over.id)
    #expect(ends.first?.cause == .runStopped)
    #expect(Set(ends.dropFirst().map(\.run)) == Set(silent))
    #expect(try await fixture.audit().isSound)
  }

  private func start(_ count: Int, _ fixture: ServiceFixture) async throws -> [String] {
    try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<count { group.addTask { try await fixture.start().id } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  @Test("after a restart silence is counted from the start, for what was heard may be lost")
  func restart() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start(rate: GFLOP(400_000)).id
    fixture.clock.advance(milliseconds: 40_000)
    let core = try fixture.reopened()
    let keeper = HoldKeeper(core)
    #expect(try await keeper.sweep() == 0)
    fixture.clock.advance(milliseconds: 59_999)
    #expect(try await keeper.sweep() == 0)
    fixture.clock.advance(milliseconds: 1)
    #expect(try await keeper.sweep() == 1)
    // What it can have used since it was heard of counts from then.
    let report = ComputeReportUsageRequest(runId: run, totalGflop: 60_000_000)
    #expect(try await core.reportUsage(report, .vendor(1)).run?.usedGflop == 40_000_000)
    await core.database.close()
  }

  @Test("the organiser's stop of an expired run is shown, and ends its late usage")
  func stopOfExpired() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start(rate: GFLOP(400_000)).id
    fixture.clock.advance(milliseconds: 60_000)
    #expect(try await HoldKeeper(fixture.core).sweep() == 1)
    let stopped = try await fixture.stop(run, .clinic(.organiser), reason: "that is all")
    #expect(stopped.run?.state == .stopped)
    #expect(stopped.run?.stateReason == "stopped by the organiser: that is all")
    #expect(try await fixture.report(run, .pflop(9)).run?.usedGflop == 0)
    let core = try fixture.reopened()
    #expect(try await core.getRun(run, .vendor(1)).run?.state == .stopped)
    #expect(try await core.read { try LedgerAudit.run($0) }.isSound)
    await core.database.close()
  }

  @Test("the end of the use case stops its runs")
  func end() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync(end: ServiceFixture.opening + 1_000)
    let run = try await fixture.start().id
    fixture.clock.advance(milliseconds: 1_000)
    #expect(try await HoldKeeper(fixture.core).sweep() == 1)
    let balance = try await fixture.core.getRun(run, .vendor(1))
    #expect(balance.stop)
    #expect(balance.run?.stateReason == "the use case is over")
    #expect(await status { try await fixture.start() } == .failedPrecondition)
  }

  @Test("terms are taken once per version; older ones change nothing")
  func versions() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync(version: 5)
    try await fixture.sync(version: 5, each: .pflop(1))
    try await fixture.sync(version: 4, each: .pflop(1))
    let budget = try await fixture.core.getBudget(ServiceFixture.useCase, .clinic(.owner))
    #expect(budget.budgetGflop == 2_000_000_000)
    try await fixture.sync(version: 6, each: .pflop(300), participants: 3)
    let raised = try await fixture.core.getBudget(ServiceFixture.useCase, .clinic(.owner))
    #expect(raised.budgetGflop == 3_000_000_000)
    #expect(raised.allocations.map(\.allocationGflop) == [300_000_000, 300_000_000, 300_000_000])
  }

  @Test("a pause stops live runs; a participant that left can still report what it had used")
  func pauseAndLeave() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let first = try await fixture.start().id
    let second = try await fixture.start(.vendor(2)).id
    try await fixture.sync(version: 2, participants: 1)
    let left = try await fixture.core.getRun(second, .vendor(2))
    #expect(left.stop)
    #expect(left.run?.stateReason.contains("not part of the use case") == true)
    #expect(try await fixture.report(second, .pflop(1), .vendor(2)).stop)
    #expect(await status { try await fixture.start(.vendor(2)) } == .failedPrecondition)
    try await fixture.sync(version: 3, participants: 1, state: .paused)
    #expect(try await fixture.core.getRun(first, .vendor(1)).stop)
    #expect(try await fixture.audit().isSound)
  }
}
