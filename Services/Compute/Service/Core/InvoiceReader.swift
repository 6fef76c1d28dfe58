import ComputeBilling
import ComputeDomain
import RPC
import Storage

/// An invoice before it has a number, and the one that goes before it: a buyer whose country joined
/// the Union may have late usage of before, which needs a document of its own.
struct DueInvoice: Sendable {
  let outsideScope: InvoiceDraft?
  let draft: InvoiceDraft
}

/// Reads a tenant's usage for an invoice, in one pass.
struct InvoiceReader {
  let db: Reader
  let zones: ZoneFiles
  let rates: VATRates
  let tenant: String

  /// What an invoice for a month would say now, and what is late from before.
  ///
  /// Were earlier months not billed yet, it is as though they were: what they have is on theirs.
  func draft(_ month: UTCMonth) throws -> DueInvoice {
    let profile = try profile()
    let zone = try zones.zone(profile.zone)
    let times = zone.milliseconds(of: month)
    var from = try coverage(before: month, end: times.upperBound)
    if try unbilledMonth(before: times.lowerBound, zone) != nil {
      from = Coverage(end: times.lowerBound, cut: .max)
    }
    return try due(
      month, profile.zone, from: from, through: Coverage(end: times.upperBound, cut: .max))
  }

  /// What the next invoice says, for a month and what is late from before.
  ///
  /// - Parameter cut: usage of entries up to this one.
  /// - Throws: FAILED_PRECONDITION while an earlier month has usage that was not billed, which
  ///   would be late usage of a month that never had an invoice.
  func due(_ month: UTCMonth, cut: Int64) throws -> DueInvoice {
    let profile = try profile()
    let zone = try zones.zone(profile.zone)
    let times = zone.milliseconds(of: month)
    let from = try coverage(before: month, end: times.upperBound)
    if let earlier = try unbilledMonth(before: times.lowerBound, zone) {
      throw RPCError.failedPrecondition(
        "\(tenant) has usage of \(earlier.text) that was not billed: issue \(earlier.text) first")
    }
    return try due(
      month, profile.zone, from: from, through: Coverage(end: times.upperBound, cut: cut))
  }

  /// The usage of an invoice anew, as seller and buyer are set now, in the months of then.
  ///
  /// - Throws: `BillingFault.mixedScope` where it would be two by now, for one may replace it.
  func renewed(_ invoice: Invoice, reason: String) throws -> InvoiceDraft {
    let content = invoice.content
    // Of two that were issued for the same usage, each has months of its own.
    let months = Set(content.lines.map(\.month))
    let zone = try zoneName(of: invoice)
    let lines = try lines(content.month, zone, from: content.from, through: content.through)
    var draft = try draft(
      content.month, zone, lines.filter { months.contains($0.month) }, from: content.from,
      through: content.through)
    // A line whose month has other bounds by now would be on no invoice at all.
    guard BilledUsage.quantities(draft) == BilledUsage.quantities(content) else {
      throw RPCError.failedPrecondition(
        "\(invoice.number) cannot be issued anew: its months are not those of the zone any more")
    }
    draft.corrects = invoice.number
    draft.reason = reason
    return draft
  }

  /// The zone whose months an invoice is for. Documents of the first encoding do not say it: it is
  /// the tenant's or UTC, if the month ends there when the invoice does.
  private func zoneName(of invoice: Invoice) throws -> String {
    let content = invoice.content
    if let name = content.zone { return name }
    for name in [try profile().zone, ""] {
      let end = try zones.zone(name).milliseconds(of: content.month).upperBound
      if end == content.through.end { return name }
    }
    throw RPCError.failedPrecondition(
      "\(invoice.number) was issued for months of another time zone: set the profile's to that")
  }

  private func coverage(before month: UTCMonth, end: Int64) throws -> Coverage {
    let from = try InvoiceStore.coverage(db, tenant: tenant)
    guard from.end < end else {
      throw RPCError.failedPrecondition("\(tenant) is billed beyond \(month.text) already")
    }
    return from
  }

  /// The first month before a moment that has usage and no invoice.
  private func unbilledMonth(before start: Int64, _ zone: TimeZoneRules) throws -> UTCMonth? {
    var billed = Int64.min
    if let last = try InvoiceStore.latest(db, tenant: tenant)?.invoice.content {
      // Where the zone has changed since, the rest of the month is late.
      billed = max(last.through.end, zone.milliseconds(of: last.month).upperBound)
    }
    guard billed < start else { return nil }
    let quarters = UsagePeriod.quarter(of: billed)..<UsagePeriod.quarter(of: start)
    let first = try UsageStore.firstQuarter(db, tenant: tenant, in: quarters)
    return try first.map { zone.month(containing: try UsagePeriod.start(of: $0, owner: tenant)) }
  }

  /// - Throws: FAILED_PRECONDITION for a month that is not over.
  func checkIsDue(_ month: UTCMonth, _ now: Int64) throws {
    let end = try zones.zone(profile().zone).milliseconds(of: month).upperBound
    guard end <= now else {
      throw RPCError.failedPrecondition("\(month.text) is not over for \(tenant)")
    }
  }

  private func profile() throws -> BillingProfile {
    guard let profile = try PartyStore.profile(db, tenant: tenant) else {
      throw RPCError.failedPrecondition(
        "tenant \(tenant) has no billing profile: name and address are missing")
    }
    return profile.value
  }

  private func due(
    _ month: UTCMonth, _ zone: String, from: Coverage, through: Coverage
  ) throws -> DueInvoice {
    let lines = try lines(month, zone, from: from, through: through)
    let profile = try profile()
    let rule = try VATRule(
      seller: seller().party, buyer: profile.buyer, isConfirmed: profile.confirmation != nil,
      rates: rates)
    let outside = try lines.filter { try rule.isOutside(in: $0.month) }
    guard !outside.isEmpty, outside.count < lines.count else {
      return DueInvoice(
        outsideScope: nil, draft: try draft(month, zone, lines, from: from, through: through))
    }
    let inside = try lines.filter { try !rule.isOutside(in: $0.month) }
    return DueInvoice(
      outsideScope: try draft(month, zone, outside, from: from, through: through),
      draft: try draft(month, zone, inside, from: from, through: through))
  }

  private func seller() throws -> Seller {
    guard let seller = try PartyStore.seller(db)?.value else {
      throw RPCError.failedPrecondition("no seller is set: who issues the invoice is missing")
    }
    return seller
  }

  private func draft(
    _ month: UTCMonth, _ zone: String, _ lines: [UsageLine], from: Coverage, through: Coverage
  ) throws -> InvoiceDraft {
    let profile = try profile()
    return try InvoiceDraft(
      tenant: tenant, month: month, zone: zone, seller: seller(), buyer: profile.buyer,
      confirmation: profile.confirmation, buyerReference: profile.reference, lines: lines,
      rates: rates, from: from, through: through)
  }

  private func lines(
    _ month: UTCMonth, _ zoneName: String, from: Coverage, through: Coverage
  ) throws -> [UsageLine] {
    let zone = try zones.zone(zoneName)
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
    return try InvoiceLines.make(tally.sums, month: month, names: names())
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
    let names = try BillingNames(db, tenant: tenant)
    return InvoiceLines.Names(
      useCase: names.title, participant: names.participant.mapValues { $0.mapValues(\.name) })
  }
}
