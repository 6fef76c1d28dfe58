import API
import ComputeDomain
import Identity
import RPC

extension ComputeCore {
  /// The budget as far as the caller may see it: all of it for the owning tenant, else the
  /// caller's own share; the sums are of what is shown.
  func getBudget(
    _ useCase: String, _ call: CallIdentity
  ) async throws -> ComputeGetBudgetResponse {
    try await command(call) { [self] session in
      let (open, access) = try UseCaseAccess.of(call.scope, useCase: useCase, session)
      return try budget(open, access)
    }
  }

  func budget(_ open: OpenBook, _ access: UseCaseAccess) throws -> ComputeGetBudgetResponse {
    let book = open.book
    let own = Set(access.own.map(\.id))
    var response = ComputeGetBudgetResponse()
    response.useCaseId = book.terms.id
    response.title = book.terms.title
    var (allocated, used, held) = (GFLOP.zero, GFLOP.zero, GFLOP.zero)
    let everybody = open.roster.map(\.participant)
    for participant in everybody.sorted(by: { ($0.joined, $0.id) < ($1.joined, $1.id) }) {
      guard access.oversees || own.contains(participant.id) else { continue }
      let status = try book.allocation(of: participant.id)
      response.allocations.append(
        ComputeAllocation(
          participant, status, writtenOff: book.balance(.writtenOff, participant.id)))
      allocated = try allocated + status.total
      used = try used + status.used
      held = try held + status.held
    }
    response.budgetGflop = access.oversees ? try book.budget.value : allocated.value
    response.allocatedGflop = allocated.value
    response.usedGflop = used.value
    response.heldGflop = held.value
    guard access.oversees else { return response }
    response.reserveGflop = book.balance(.reserve).value
    response.unallocatedGflop = book.balance(.unallocated).value
    response.toppedUpGflop = book.shares.toppedUp.value
    response.thresholds = book.alerts.thresholds.map { Int32(clamping: $0) }
    return response
  }

  /// Where the budget goes if it goes on as in the last days.
  func forecast(
    _ useCase: String, _ call: CallIdentity
  ) async throws -> ComputeGetForecastResponse {
    let (terms, budget, used) = try await command(call) { session in
      let (open, access) = try UseCaseAccess.of(call.scope, useCase: useCase, session)
      guard access.oversees else { throw RPCError.notFound("use case", useCase) }
      return (open.book.terms, try open.book.budget, open.book.used())
    }
    let now = clock.now()
    return try await read { db in
      let since = now - Forecast.window
      let recent = try UsageStore.recent(
        db, useCase: useCase, since: UsagePeriod.quarter(of: since))
      let first = try UsagePeriod.start(of: recent.firstQuarter ?? 0, owner: useCase)
      let forecast = try Forecast(
        budget: budget, used: used, recent: recent.used, since: max(since, first), now: now,
        end: terms.end)
      return ComputeGetForecastResponse(forecast)
    }
  }
}
