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
