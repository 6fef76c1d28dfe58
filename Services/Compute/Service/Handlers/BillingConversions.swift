import API
import ComputeBilling
import ComputeDomain
import Crypto
import RPC

// Between what is billed and the messages of the schema.

extension ComputeQuoteResponse {
  init(_ quote: Quote) {
    self.init()
    gflopTotal = quote.total.value
    nanoEuroPerGflop = quote.tariff.price.nanoEuroPerGFLOP
    nanoEuroTotal = quote.cost.value
    eurTotal = quote.cost.roundedToCents.euroText
    priceVersion = quote.tariff.price.version
    parts = quote.parts.map { part in
      ComputeQuotePart(
        gflop: part.quantity.value, nanoEuroPerGflop: part.nanoEuroPerGFLOP,
        nanoEuro: part.cost.value)
    }
  }
}

extension ComputePrice {
  init(_ record: PriceStore.Record) {
    self.init()
    let tariff = record.tariff
    version = tariff.price.version
    tenant = tariff.tenant
    validFrom = Google_Protobuf_Timestamp(unixMilliseconds: tariff.price.validFrom)
    nanoEuroPerGflop = tariff.price.nanoEuroPerGFLOP
    tiers = tariff.tiers.map {
      ComputePriceTier(aboveGflop: $0.above.value, nanoEuroPerGflop: $0.nanoEuroPerGFLOP)
    }
    setTime = Google_Protobuf_Timestamp(unixMilliseconds: record.setTime)
  }
}

extension BillingGrouping {
  init(_ grouping: ComputeReportGrouping) throws {
    self =
      switch grouping {
      case .unspecified, .participant: .participant
      case .useCase: .useCase
      case .day: .day
      case .run: .run
      case .tenant: .tenant
      default:
        throw RPCError.invalidField("grouping", "tenant, use case, participant, run or day")
      }
  }
}

extension ComputeGetBillingReportResponse {
  init(_ report: BillingReport, tenant: String, month: String) {
    self.init()
    self.tenant = tenant
    self.month = month
    lines = report.lines.map { ComputeBillingLine($0) }
    gflopTotal = report.totalQuantity.value
    pflopTotal = report.totalQuantity.pflopText
    nanoEuroTotal = report.totalCost.value
    eurTotal = report.totalCents.euroText
  }
}

extension ComputeBillingLine {
  init(_ line: BillingLine) {
    self.init()
    tenant = line.tenant
    useCaseId = line.useCase
    useCaseTitle = line.useCaseTitle
    participantId = line.participant
    participantName = line.participantName
    participantTenant = line.participantTenant
    date = line.date
    runId = line.run
    gflop = line.quantity.value
    pflop = line.quantity.pflopText
    nanoEuroPerGflop = line.nanoEuroPerGFLOP
    priceVersion = line.priceVersion
    nanoEuro = line.cost.value
    eur = line.cents.euroText
  }
}

extension ComputeParty {
  init(_ party: Party) {
    self.init(
      name: party.name, street: party.street, city: party.city, postalCode: party.postalCode,
      country: party.country, vatId: party.vatID, registration: party.registration,
      email: party.email)
  }
}

extension Party {
  init(_ party: ComputeParty) {
    self.init(
      name: party.name, street: party.street, city: party.city, postalCode: party.postalCode,
      country: party.country, vatID: party.vatId, registration: party.registration,
      email: party.email)
  }
}

extension ComputeSeller {
  init(_ seller: Seller) {
    self.init(
      party: ComputeParty(seller.party), iban: seller.iban, numberPrefix: seller.prefix,
      paymentDays: Int32(clamping: seller.paymentDays))
  }
}

extension ComputeSeller {
  init(_ seller: Versioned<Seller>) {
    self.init(seller.value)
    (setBy, setTime) = (seller.setBy, Google_Protobuf_Timestamp(setAt: seller.setTime))
  }
}

extension Google_Protobuf_Timestamp {
  /// `nil` where it was not kept.
  fileprivate init?(setAt time: Int64) {
    guard time > 0 else { return nil }
    self.init(unixMilliseconds: time)
  }
}

extension Seller {
  init(_ seller: ComputeSeller) throws {
    guard let party = seller.party else { throw RPCError.invalidField("party", "is missing") }
    self.init(
      party: Party(party), iban: seller.iban, prefix: seller.numberPrefix,
      paymentDays: Int64(seller.paymentDays))
  }
}

extension ComputeBillingProfile {
  init(_ version: Versioned<BillingProfile>, tenant: String) {
    let profile = version.value
    self.init(
      tenant: tenant, buyer: ComputeParty(profile.buyer), buyerReference: profile.reference,
      timeZone: profile.zone,
      confirmation: profile.confirmation.map { ComputeBuyerConfirmation($0) },
      version: version.version, setBy: version.setBy,
      setTime: Google_Protobuf_Timestamp(setAt: version.setTime))
  }
}

extension ComputeBuyerConfirmation {
  init(_ confirmation: BuyerConfirmation) {
    self.init(
      checkedDate: confirmation.checked.text, evidence: confirmation.evidence,
      confirmedBy: confirmation.confirmedBy)
  }
}

extension ComputeInvoice {
  init(draft: InvoiceDraft, digest: Digest) {
    self.init(draft, hasLines: true)
    state = .draft
    self.digest = digest.hex
  }

  init(_ record: InvoiceStore.Record, today: UTCDay, hasLines: Bool = true) {
    let invoice = record.invoice
    self.init(invoice.content, hasLines: hasLines)
    number = invoice.number
    state = Self.state(record, today)
    issueDate = invoice.issued.text
    if invoice.content.kind == .invoice { dueDate = invoice.due.text }
    paidDate = record.paid?.text ?? ""
    digest = invoice.digest.hex
    previousDigest = invoice.previous.hex
  }

  private static func state(_ record: InvoiceStore.Record, _ today: UTCDay) -> ComputeInvoiceState {
    if record.invoice.content.kind == .creditNote { return .creditNote }
    if record.creditedBy != nil { return .credited }
    if record.paid != nil { return .paid }
    return today > record.invoice.due ? .overdue : .issued
  }

  private init(_ draft: InvoiceDraft, hasLines: Bool) {
    self.init()
    tenant = draft.tenant
    month = draft.month.text
    seller = ComputeSeller(draft.seller)
    buyer = ComputeParty(draft.buyer)
    buyerReference = draft.buyerReference
    if hasLines { lines = draft.lines.map { ComputeInvoiceLine($0, of: draft) } }
    netEur = draft.net.euroText
    taxEur = draft.tax.euroText
    totalEur = draft.total.euroText
    vatCategory = Self.common(draft.breakdown.map(\.vat.category.rawValue))
    vatPercent = Self.common(draft.breakdown.map(\.vat.percentText))
    vatReason = Self.common(draft.breakdown.map(\.vat.reason))
    vatSubtotals = draft.breakdown.map { subtotal in
      ComputeVatSubtotal(
        category: subtotal.vat.category.rawValue, percent: subtotal.vat.percentText,
        netEur: subtotal.net.euroText, taxEur: subtotal.tax.euroText)
    }
    buyerConfirmation = draft.confirmation.map { ComputeBuyerConfirmation($0) }
    timeZone = draft.zone ?? ""
    corrects = draft.corrects
    reason = draft.reason
  }

  /// What all say; empty where they differ.
  private static func common(_ texts: [String]) -> String {
    Set(texts).count == 1 ? texts[0] : ""
  }
}

extension ComputeInvoiceLine {
  fileprivate init(_ line: InvoiceLine, of draft: InvoiceDraft) {
    self.init(
      month: line.month.text, isLate: draft.lateMonth(line) != nil, useCaseId: line.useCase,
      useCaseTitle: line.useCaseTitle, participantId: line.participant,
      participantName: line.participantName, priceVersion: line.priceVersion,
      nanoEuroPerGflop: line.nanoEuroPerGFLOP, gflop: line.quantity.value,
      pflop: line.quantity.pflopText, eur: line.net.euroText,
      vatCategory: line.vat.category.rawValue, vatPercent: line.vat.percentText)
  }
}
