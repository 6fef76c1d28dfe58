import API
import ComputeDomain
import Identity
import RPC
import Testing

@testable import ComputeService

@Suite("Who may see and do what")
struct RunAccessTests {
  @Test(
    "to a stranger nothing exists, whatever the role, word for word as if it did not",
    arguments: [Role.owner, .organiser, .participant, .billing, .viewer, .operator])
  func stranger(role: Role) async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start().id
    let caller = CallIdentity.stranger(role)
    var list = ComputeListRunsRequest()
    list.useCaseId = ServiceFixture.useCase
    let request = list
    var calls: [() async throws -> Void] = [
      { try await fixture.start(caller) },
      { try await fixture.report(run, .pflop(1), caller) },
      { try await fixture.finish(run, .pflop(1), caller) },
      { try await fixture.stop(run, caller) },
      { _ = try await fixture.core.getRun(run, caller) },
      { _ = try await fixture.core.listRuns(request, caller) },
      { try await fixture.core.watchRun(run, caller) { _ in } },
      { _ = try await fixture.core.getBudget(ServiceFixture.useCase, caller) },
    ]
    // Operators write the bills.
    if role != .operator {
      calls.append {
        _ = try await fixture.billingReport(caller, useCase: ServiceFixture.useCase)
      }
      #expect(try await fixture.billingReport(caller).lines.isEmpty)
    }
    for call in calls { #expect(await status(of: call) == .notFound) }
    await #expect(throws: RPCError.notFound("run", run)) {
      _ = try await fixture.core.getRun(run, caller)
    }
    await #expect(throws: RPCError.notFound("run", "run_none")) {
      _ = try await fixture.core.getRun("run_none", .vendor(1))
    }
  }

  @Test("a participant sees its own runs and share, never another's")
  func otherParticipant() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start().id
    #expect(await status { _ = try await fixture.core.getRun(run, .vendor(2)) } == .notFound)
    #expect(await status { try await fixture.report(run, .pflop(1), .vendor(2)) } == .notFound)
    #expect(await status { try await fixture.stop(run, .vendor(2)) } == .notFound)
    var list = ComputeListRunsRequest()
    list.useCaseId = ServiceFixture.useCase
    #expect(try await fixture.core.listRuns(list, .vendor(2)).runs.isEmpty)
    let budget = try await fixture.core.getBudget(ServiceFixture.useCase, .vendor(2))
    #expect(budget.allocations.map(\.participantId) == ["par_2"])
    #expect(budget.budgetGflop == 200_000_000)
    #expect(budget.usedGflop == 0)
  }

  @Test("a colleague who is no member of the team sees nothing; the tenant's owner does")
  func colleagues() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start().id
    let colleague = CallIdentity.vendor(1, user: "bob")
    #expect(await status { _ = try await fixture.core.getRun(run, colleague) } == .notFound)
    #expect(await status { try await fixture.start(colleague) } == .notFound)
    let owner = CallIdentity.of(
      tenant: "vendor-1", user: "usr_o", email: "o@vendor-1.example", [.owner])
    #expect(await status { _ = try await fixture.core.getRun(run, owner) } == .ok)
  }

  @Test("an address of a team means nothing in another tenant")
  func addressInOtherTenant() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let caller = CallIdentity.of(
      tenant: "elsewhere", user: "usr_x", email: "ada@vendor-1.example", [.participant])
    #expect(await status { try await fixture.start(caller) } == .notFound)
  }

  @Test(
    "the owning tenant sees everything; only owner and organiser stop runs; none reports",
    arguments: [
      (Role.owner, StatusCode.ok), (.organiser, .ok), (.billing, .permissionDenied),
      (.viewer, .permissionDenied), (.participant, .notFound),
    ])
  func owningTenant(role: Role, mayStop: StatusCode) async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start().id
    let caller = CallIdentity.clinic(role)
    let maySee: StatusCode = role == .participant ? .notFound : .ok
    #expect(await status { _ = try await fixture.core.getRun(run, caller) } == maySee)
    #expect(
      await status { _ = try await fixture.core.getBudget(ServiceFixture.useCase, caller) }
        == maySee)
    let mayReport: StatusCode = role == .participant ? .notFound : .permissionDenied
    #expect(await status { try await fixture.report(run, .pflop(1), caller) } == mayReport)
    #expect(await status { try await fixture.stop(run, caller) } == mayStop)
  }

  @Test("the owning tenant sees every share and the whole budget")
  func wholeBudget() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    try await fixture.train(.pflop(50))
    let budget = try await fixture.core.getBudget(ServiceFixture.useCase, .clinic(.viewer))
    #expect(budget.budgetGflop == 2_000_000_000)
    #expect(budget.allocatedGflop == 400_000_000)
    #expect(budget.usedGflop == 50_000_000)
    #expect(budget.allocations.map(\.participantName) == ["Vendor 1", "Vendor 2"])
    #expect(budget.allocations.map(\.freeGflop) == [150_000_000, 200_000_000])
  }
}
