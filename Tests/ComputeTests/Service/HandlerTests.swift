import API
import ComputeDomain
import Identity
import RPC
import ServiceKit
import Testing

@testable import ComputeService

@Suite("Handlers")
struct HandlerTests {
  private func context(
    tenant: String = "", user: String, email: String = "", _ roles: Set<Role>,
    issuer: String = "gateway"
  ) -> ServerContext {
    TestContext.make(
      principal: Principal(
        tenant: tenant, user: user, email: email, roles: roles, issueTime: 0, expireTime: 1,
        issuer: issuer))
  }

  private var catalog: ServerContext {
    context(user: "catalog", [.service], issuer: "catalog")
  }

  private func snapshot(_ change: (inout CatalogUseCaseSnapshot) -> Void = { _ in })
    -> CatalogSyncUseCaseRequest
  {
    var snapshot = CatalogUseCaseSnapshot()
    snapshot.id = "uc_1"
    snapshot.version = 1
    snapshot.tenant = "clinic"
    snapshot.title = "Breast cancer"
    snapshot.state = .published
    change(&snapshot)
    var request = CatalogSyncUseCaseRequest()
    request.snapshot = snapshot
    return request
  }

  @Test("only the catalog says what a use case is")
  func onlyCatalog() async throws {
    let fixture = try ServiceFixture()
    let handler = SyncHandler(core: fixture.core)
    let others = [
      context(user: "evaluation", [.service], issuer: "evaluation"),
      context(user: "catalog", [.service], issuer: "evaluation"),
      context(tenant: "clinic", user: "catalog", [.owner]),
    ]
    for other in others {
      #expect(
        await status { _ = try await handler.syncUseCase(snapshot(), context: other) }
          == .permissionDenied)
    }
    #expect(try await handler.syncUseCase(snapshot(), context: catalog).version == 1)
    #expect(
      try await handler.syncUseCase(snapshot { $0.version = 0 }, context: catalog).version == 1)
  }

  @Test("a snapshot that says too little or too much is refused with its field")
  func badSnapshots() async throws {
    let fixture = try ServiceFixture()
    let handler = SyncHandler(core: fixture.core)
    var budget = CatalogComputeBudget()
    budget.participants = -1
    let negative = budget
    let requests = [
      CatalogSyncUseCaseRequest(), snapshot { $0.id = "" }, snapshot { $0.tenant = "" },
      snapshot { $0.state = .unspecified }, snapshot { $0.budget = negative },
    ]
    for request in requests {
      #expect(
        await status { _ = try await handler.syncUseCase(request, context: catalog) }
          == .invalidArgument)
    }
  }

  @Test("a run goes through the handlers with the caller of the call")
  func wholeRun() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let runs = RunsHandler(core: fixture.core)
    let ada = context(
      tenant: "vendor-1", user: "usr_ada", email: "Ada@Vendor-1.example", [.participant])
    var start = ComputeStartRunRequest()
    start.useCaseId = ServiceFixture.useCase
    let started = try await Answer<ComputeRunBalance>.wait {
      try runs.startRun(start, context: ada, answer: $0)
    }
    #expect(started.run?.startedBy == "usr_ada")
    var report = ComputeReportUsageRequest()
    report.runId = started.id
    report.totalGflop = 41_500_000
    report.provenance = .measured
    report.meter = "nvml"
    func reported(_ context: ServerContext) async throws -> ComputeRunBalance {
      try await Answer.wait { try runs.reportUsage(report, context: context, answer: $0) }
    }
    #expect(try await reported(ada).allocationUsedGflop == 41_500_000)
    let nobody = TestContext.make(principal: nil)
    #expect(await status { _ = try await reported(nobody) } == .unauthenticated)
    let billing = BillingHandler(core: fixture.core)
    let treasurer = context(tenant: "clinic", user: "usr_t", [.billing])
    let bill = try await billing.getBillingReport(
      ComputeGetBillingReportRequest(), context: treasurer)
    #expect(bill.eurTotal == "1.04")
    let budgets = BudgetsHandler(core: fixture.core)
    var request = ComputeGetBudgetRequest()
    request.useCaseId = ServiceFixture.useCase
    #expect(try await budgets.getBudget(request, context: ada).usedGflop == 41_500_000)
  }
}
