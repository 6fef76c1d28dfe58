import API
import ComputeDomain
import Identity
import RPC
import Storage

extension ComputeCore {
  /// What a plan would cost at the price now in force.
  func quote(_ request: ComputeQuoteRequest) async throws -> ComputeQuoteResponse {
    guard request.participants >= 0,
      Int64(request.participants) <= ComputeLimits.maximumParticipants
    else {
      throw RPCError.invalidField(
        "participants", "0 to \(ComputeLimits.maximumParticipants)")
    }
    guard request.gflopEach >= 0 else { throw RPCError.invalidField("gflop_each", "0 or more") }
    let plan = BudgetPlan(
      participants: Int64(request.participants), each: GFLOP(request.gflopEach))
    let now = clock.now()
    return try await read { db in
      let price = try UsageStore.prices(db).price(at: now)
      return ComputeQuoteResponse(try Quote(plan: plan, price: price))
    }
  }

  /// The bill of the use cases that the caller's tenant owns.
  func billingReport(
    _ request: ComputeGetBillingReportRequest, _ call: CallIdentity
  ) async throws -> ComputeGetBillingReportResponse {
    let month = UTCMonth(text: request.month)
    guard month != nil || request.month.isEmpty else {
      throw RPCError.invalidField("month", "a UTC month such as 2026-11, or nothing")
    }
    let grouping = try BillingGrouping(request.grouping)
    let tenant = call.scope.tenant
    return try await read { db in
      let useCase = request.useCaseId.isEmpty ? nil : request.useCaseId
      if let useCase {
        let isOwned = try db.exists(
          "SELECT 1 FROM use_cases WHERE id = ?1 AND tenant = ?2", useCase, tenant)
        guard isOwned else { throw RPCError.notFound("use case", useCase) }
      }
      let sums = try UsageStore.sums(
        db, ownedBy: tenant, useCase: useCase, period: month?.milliseconds, grouping: grouping)
      let report = try BillingReport(of: sums, grouping: grouping)
      return ComputeGetBillingReportResponse(report, tenant: tenant, month: request.month)
    }
  }
}
