import ComputeBilling
import ComputeDomain
import RPC
import Storage

/// Reads a tenant's usage for an invoice, in one pass.
struct InvoiceReader {
  let db: Reader
  let zones: ZoneFiles
  let tenant: String

  /// What the next invoice says, for a month and what is late from before.
  ///
  /// - Parameter cut: usage of entries up to this one.
  func draft(_ month: UTCMonth, cut: Int64) throws -> InvoiceDraft {
    let (zone, _) = try profile()
    let from = try InvoiceStore.coverage(db, tenant: tenant)
    let end = zone.milliseconds(of: month).upperBound
    guard from.end < end else {
      throw RPCError.failedPrecondition("\(tenant) is billed beyond \(month.text) already")
    }
    return try draft(month, from: from, through: Coverage(end: end, cut: cut))
  }

  /// The usage of an invoice anew, as seller and buyer are set now.
  func renewed(_ invoice: Invoice, reason: String) throws -> InvoiceDraft {
    let content = invoice.content
    var draft = try draft(content.month, from: content.from, through: content.through)
    draft.corrects = invoice.number
    draft.reason = reason
    return draft
  }

  /// - Throws: FAILED_PRECONDITION for a month that is not over.
  func checkIsDue(_ month: UTCMonth, _ now: Int64) throws {
    let end = try profile().zone.milliseconds(of: month).upperBound
    guard end <= now else {
      throw RPCError.failedPrecondition("\(month.text) is not over for \(tenant)")
    }
  }

  private func profile() throws -> (zone: TimeZoneRules, profile: BillingProfile) {
    guard let profile = try PartyStore.profile(db, tenant: tenant) else {
      throw RPCError.failedPrecondition(
        "tenant \(tenant) has no billing profile: name and address are missing")
    }
    return (try zones.zone(profile.zone), profile)
  }

  private func draft(
    _ month: UTCMonth, from: Coverage, through: Coverage
  ) throws -> InvoiceDraft {
    let (zone, profile) = try profile()
    guard let seller = try PartyStore.seller(db) else {
      throw RPCError.failedPrecondition("no seller is set: who issues the invoice is missing")
    }
    let rating = Rating(try PriceStore.list(db, for: tenant), zone: zone) { month, version in
      let times = zone.milliseconds(of: month)
      let billed = min(from.end, times.upperBound)
      guard from != .none, times.lowerBound < billed else { return .zero }
      return try UsageStore.volume(
        db, tenant: tenant, before: from.cut,
        quarters: UsagePeriod.quarter(
          of: times.lowerBound)..<UsagePeriod.quarter(of: billed), version: version)
    }
    var tally = UsageTally(by: .month, rating: rating, zone: zone)
    for part in Self.parts(from: from, through: through) {
      try UsageStore.forEach(
        db, tenant: tenant, cuts: part.cuts, quarters: part.quarters
      ) { try tally.add($0) }
    }
    return try InvoiceDraft(
      tenant: tenant, month: month, seller: seller, buyer: profile.buyer,
      buyerReference: profile.reference,
      lines: InvoiceLines.make(tally.sums, month: month, names: names()), from: from,
      through: through)
  }

  /// What lies between two coverages: what was known at the last invoice and used since, and what
  /// came in since, whenever it was used.
  private static func parts(
    from: Coverage, through: Coverage
  ) -> [(cuts: ClosedRange<Int64>, quarters: Range<Int64>)] {
    let end = UsagePeriod.quarter(of: through.end)
    var parts: [(cuts: ClosedRange<Int64>, quarters: Range<Int64>)] = []
    if from != .none {
      parts.append((.min...(from.cut - 1), UsagePeriod.quarter(of: from.end)..<end))
    }
    if from.cut < through.cut {
      parts.append((from.cut...(through.cut - 1), .min..<end))
    }
    return parts
  }

  private func names() throws -> InvoiceLines.Names {
    var titles: [String: String] = [:]
    var participants: [String: [String: String]] = [:]
    let sql = """
      SELECT u.id AS use_case, u.title AS title, p.id AS id, p.name AS name
      FROM use_cases u LEFT JOIN participants p ON p.use_case_id = u.id WHERE u.tenant = ?1
      """
    try db.forEach(sql, tenant) { row in
      let useCase = try row.text("use_case")
      titles[useCase] = try row.text("title")
      if let id = try row.optionalText("id") {
        participants[useCase, default: [:]][id] = try row.text("name")
      }
    }
    return InvoiceLines.Names(useCase: titles, participant: participants)
  }
}
