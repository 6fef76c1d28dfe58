import API
import ComputeBilling
import ComputeDomain
import Identity
import RPC
import Storage

extension ComputeCore {
  /// What tenants pay, or what the caller's teams used, in lines.
  func billingReport(
    _ request: ComputeGetBillingReportRequest, _ call: CallIdentity
  ) async throws -> ComputeGetBillingReportResponse {
    let month = UTCMonth(text: request.month)
    guard month != nil || request.month.isEmpty else {
      throw RPCError.invalidField("month", "a month such as 2026-11, or nothing")
    }
    let grouping = try BillingGrouping(request.grouping)
    let scope = call.scope
    let payer = try tenant(request.tenant, scope)
    let isOwn = request.ownUsage || !scope.has(.operator, .owner, .organiser, .billing)
    return try await read { [zones] db in
      let reader = ReportReader(db: db, zones: zones, grouping: grouping, month: month)
      let sums: [UsageSum]
      if isOwn {
        sums = try reader.ownUsage(scope, useCase: request.useCaseId)
      } else {
        sums = try reader.payments(of: payer, useCase: request.useCaseId)
      }
      let report = try BillingReport(of: sums, grouping: grouping)
      return ComputeGetBillingReportResponse(
        report, tenant: payer ?? "", month: request.month)
    }
  }
}

/// Reads usage for a report.
struct ReportReader {
  let db: Reader
  let zones: ZoneFiles
  let grouping: BillingGrouping
  let month: UTCMonth?

  /// What a tenant pays, or every tenant for `nil`, on one use case or all.
  func payments(of tenant: String?, useCase: String) throws -> [UsageSum] {
    var tenants = tenant.map { [$0] } ?? []
    if !useCase.isEmpty {
      let owner = try db.queryOne("SELECT tenant FROM use_cases WHERE id = ?1", useCase) {
        try $0.text("tenant")
      }
      guard let owner, tenant == nil || tenant == owner else {
        throw RPCError.notFound("use case", useCase)
      }
      tenants = [owner]
    } else if tenant == nil {
      tenants = try db.query("SELECT DISTINCT tenant FROM use_cases ORDER BY tenant") {
        try $0.text("tenant")
      }
    }
    return try tenants.flatMap { tenant in
      try sums(of: tenant) { record in useCase.isEmpty || record.useCase == useCase }
    }
  }

  /// What the participants used for which the caller acts, whoever pays.
  func ownUsage(_ scope: TenantScope, useCase: String) throws -> [UsageSum] {
    let seesTenant = scope.has(.owner, .billing)
    let sql = """
      SELECT u.tenant AS payer, p.use_case_id AS use_case, p.id AS participant
      FROM participants p JOIN use_cases u ON u.id = p.use_case_id
      WHERE p.tenant = ?1 AND (?2 OR EXISTS (
        SELECT 1 FROM participant_emails e WHERE e.use_case_id = p.use_case_id
          AND e.participant_id = p.id AND e.email = ?3))
      """
    var own: [String: Set<[String]>] = [:]
    try db.forEach(sql, scope.tenant, seesTenant, scope.email.lowercased()) { row in
      let key = [try row.text("use_case"), try row.text("participant")]
      guard useCase.isEmpty || key[0] == useCase else { return }
      own[try row.text("payer"), default: []].insert(key)
    }
    guard useCase.isEmpty || !own.isEmpty else { throw RPCError.notFound("use case", useCase) }
    return try own.sorted { $0.key < $1.key }.flatMap { payer, keys in
      try sums(of: payer) { keys.contains([$0.useCase, $0.participant]) }
    }
  }

  /// One pass over all of a tenant's usage, for its tiers are reached by all of it.
  private func sums(
    of tenant: String, where isWanted: (UsageRecord) -> Bool
  ) throws -> [UsageSum] {
    let zone = try zones.zone(PartyStore.profile(db, tenant: tenant)?.value.zone ?? "")
    var tally = UsageTally(
      by: detail, rating: Rating(try PriceStore.list(db, for: tenant), zone: zone), zone: zone)
    let times = month.map { zone.milliseconds(of: $0) }
    let quarters = times.map { times in
      UsagePeriod.quarter(of: times.lowerBound)..<UsagePeriod.quarter(of: times.upperBound)
    }
    try UsageStore.forEach(
      db, tenant: tenant, quarters: quarters ?? .min ..< .max, byRun: grouping == .run
    ) { try tally.add($0, isWanted: isWanted($0)) }
    let names = try BillingNames(db, tenant: tenant)
    return tally.sums.map { key, quantity in
      let who = names.participant[key.useCase]?[key.participant]
      return UsageSum(
        tenant: tenant, useCase: key.useCase, useCaseTitle: names.title[key.useCase] ?? "",
        participant: key.participant, participantName: who?.name ?? "",
        participantTenant: who?.tenant ?? "", run: key.run, day: key.day ?? UTCDay(number: 0),
        quantity: quantity, priceVersion: key.priceVersion,
        nanoEuroPerGFLOP: key.nanoEuroPerGFLOP)
    }
  }

  private var detail: UsageTally.Detail {
    switch grouping {
    case .day: .day
    case .run: .run
    case .participant, .useCase, .tenant: .month
    }
  }
}
