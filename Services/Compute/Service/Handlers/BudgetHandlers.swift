import API
import ComputeDomain
import Identity
import RPC
import ServiceKit

/// `assay.compute.v1.Budgets`.
struct BudgetsHandler: ComputeBudgetsService {
  let core: ComputeCore

  func getBudget(
    _ request: ComputeGetBudgetRequest, context: ServerContext
  ) async throws -> ComputeGetBudgetResponse {
    try await core.getBudget(request.useCaseId, context.identity())
  }

  func setAllocation(
    _ request: ComputeSetAllocationRequest, context: ServerContext
  ) async throws -> ComputeGetBudgetResponse {
    try await core.setAllocation(request, context.identity())
  }

  func transferAllocation(
    _ request: ComputeTransferAllocationRequest, context: ServerContext
  ) async throws -> ComputeGetBudgetResponse {
    try await core.transferAllocation(request, context.identity())
  }

  func topUp(
    _ request: ComputeTopUpRequest, context: ServerContext
  ) async throws -> ComputeGetBudgetResponse {
    try await core.topUp(request, context.identity())
  }

  func setReserve(
    _ request: ComputeSetReserveRequest, context: ServerContext
  ) async throws -> ComputeGetBudgetResponse {
    try await core.setReserve(request, context.identity())
  }

  func setThresholds(
    _ request: ComputeSetThresholdsRequest, context: ServerContext
  ) async throws -> ComputeGetBudgetResponse {
    try await core.setThresholds(request, context.identity())
  }

  func listAlerts(
    _ request: ComputeListAlertsRequest, context: ServerContext
  ) async throws -> ComputeListAlertsResponse {
    try await core.listAlerts(request, context.identity())
  }

  func watchAlerts(
    _ request: ComputeWatchAlertsRequest, responses: MessageWriter<ComputeAlert>,
    context: ServerContext
  ) async throws {
    try await core.watchAlerts(request, context.identity()) { try await responses.send($0) }
  }

  func getForecast(
    _ request: ComputeGetForecastRequest, context: ServerContext
  ) async throws -> ComputeGetForecastResponse {
    try await core.forecast(request.useCaseId, context.identity())
  }
}

/// `assay.compute.v1.Ledger`.
struct LedgerHandler: ComputeLedgerService {
  let core: ComputeCore

  func exportEntries(
    _ request: ComputeExportEntriesRequest, responses: MessageWriter<ComputeLedgerEntry>,
    context: ServerContext
  ) async throws {
    try await core.exportEntries(request.fromSequence, context.identity()) {
      try await responses.send($0)
    }
  }
}

/// `assay.compute.v1.ComputeSync`: for Catalog alone.
struct SyncHandler: ComputeComputeSyncService {
  let core: ComputeCore

  func syncUseCase(
    _ request: CatalogSyncUseCaseRequest, context: ServerContext
  ) async throws -> CatalogSyncUseCaseResponse {
    let principal = try context.principal()
    guard principal.isService("catalog") else {
      throw RPCError.permissionDenied("only the catalog says what a use case is")
    }
    guard let snapshot = request.snapshot else {
      throw RPCError.invalidField("snapshot", "is missing")
    }
    var response = CatalogSyncUseCaseResponse()
    response.version = try await core.sync(
      UseCaseTerms(snapshot), actor: principal.user, trace: context.trace.traceID)
    return response
  }
}

extension ComputeCore {
  /// All services of this executable.
  public func router() -> Router {
    var router = Router()
    router.register(RunsHandler(core: self))
    router.register(BudgetsHandler(core: self))
    router.register(BillingHandler(core: self))
    router.register(PricesHandler(core: self))
    router.register(InvoicesHandler(core: self))
    router.register(LedgerHandler(core: self))
    router.register(SyncHandler(core: self))
    return router
  }
}
