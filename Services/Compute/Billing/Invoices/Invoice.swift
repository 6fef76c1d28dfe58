import ComputeDomain
import Crypto

/// Which usage an invoice is for, in the order in which the ledger took it.
///
/// A tenant's invoices follow each other: each is for what was used before `end` and received
/// before `cut`, less what the one before was for. Usage of an old month that came in late is
/// so on the next invoice, and nothing is on two or on none.
public struct Coverage: Sendable, Hashable {
  /// Unix milliseconds, the end of the month.
  public var end: Int64
  /// The ledger's last entry when the invoice was made: usage of entries up to it is on it.
  public var cut: Int64

  public init(end: Int64, cut: Int64) {
    self.end = end
    self.cut = cut
  }

  public static let none = Coverage(end: .min, cut: .min)
}

/// What an invoice says before it has a number: made anew whenever it is looked at.
public struct InvoiceDraft: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable {
    case invoice
    /// Takes an invoice back: the same lines and amounts, owed the other way.
    case creditNote
  }

  public internal(set) var kind: Kind
  public let tenant: String
  public let month: UTCMonth
  /// The zone whose months are billed, a name of the time zone database; empty for UTC, `nil` in
  /// documents of before it was written down.
  public let zone: String?
  public var seller: Seller
  public let buyer: Party
  /// Why the buyer was believed; `nil` where nobody had confirmed its country and VAT id.
  public let confirmation: BuyerConfirmation?
  /// What the buyer wants to read on it: an order's number, a department.
  public let buyerReference: String
  public let lines: [InvoiceLine]
  /// One for each rate of VAT.
  public let breakdown: [VATSubtotal]
  public let net: Cents
  public let tax: Cents
  public let total: Cents
  /// The invoice that it takes back or replaces; empty for most.
  public var corrects: String
  public var reason: String
  public let from: Coverage
  public var through: Coverage

  /// Taxes each line as its month wants, and adds up what each rate has: VAT is rounded once for
  /// each. What lines or parties may not say is refused here, once; a document that was issued is
  /// read without these checks.
  ///
  /// - Throws: `BillingFault` or `QuantityError.overflow`.
  public init(
    tenant: String, month: UTCMonth, zone: String = "", seller: Seller, buyer: Party,
    confirmation: BuyerConfirmation? = nil, buyerReference: String = "", lines: [UsageLine],
    rates: VATRates = .union, corrects: String = "", reason: String = "", from: Coverage,
    through: Coverage
  ) throws {
    try seller.check(rates)
    try buyer.check()
    guard lines.count <= BillingLimits.maximumLines else {
      throw BillingFault.tooManyLines(limit: BillingLimits.maximumLines)
    }
    let rule = try VATRule(
      seller: seller.party, buyer: buyer, isConfirmed: confirmation != nil, rates: rates)
    let outside = try lines.filter { try rule.isOutside(in: $0.month) }
    guard outside.isEmpty || outside.count == lines.count else { throw BillingFault.mixedScope }
    try self.init(
      kind: .invoice, tenant: tenant, month: month, zone: zone, seller: seller, buyer: buyer,
      confirmation: confirmation, buyerReference: buyerReference,
      lines: lines.map { InvoiceLine($0, try rule.treatment(in: $0.month)) },
      corrects: corrects, reason: reason, from: from, through: through)
  }

  /// Adds up `lines` that are taxed already.
  init(
    kind: Kind, tenant: String, month: UTCMonth, zone: String?, seller: Seller, buyer: Party,
    confirmation: BuyerConfirmation?, buyerReference: String, lines: [InvoiceLine],
    corrects: String, reason: String, from: Coverage, through: Coverage
  ) throws(QuantityError) {
    self.kind = kind
    self.tenant = tenant
    self.month = month
    self.zone = zone
    self.seller = seller
    self.buyer = buyer
    self.confirmation = confirmation
    self.buyerReference = buyerReference
    self.lines = lines
    self.corrects = corrects
    self.reason = reason
    self.from = from
    self.through = through
    breakdown = try VATSubtotal.breakdown(lines)
    var (net, tax) = (Cents.zero, Cents.zero)
    for subtotal in breakdown { (net, tax) = (try net + subtotal.net, try tax + subtotal.tax) }
    (self.net, self.tax) = (net, tax)
    total = try net + tax
  }

  /// What takes `invoice` back, numbered as `seller` numbers now if it is the same one: a series
  /// belongs to who issues, and whoever was the seller must take back what it sold.
  public init(crediting invoice: Invoice, by seller: Seller, reason: String) {
    self = invoice.content
    kind = .creditNote
    corrects = invoice.number
    self.reason = reason
    if seller.party.vatID == self.seller.party.vatID { self.seller.prefix = seller.prefix }
  }

  /// A line's month, if it is not the invoice's own.
  public func lateMonth(_ line: InvoiceLine) -> UTCMonth? {
    line.month == month ? nil : line.month
  }
}

/// An invoice or credit note as it was issued, never to change.
public struct Invoice: Sendable, Hashable {
  public let number: String
  public let issued: UTCDay
  public let content: InvoiceDraft
  /// The digest of the one issued before it; zero for the first.
  public let previous: Digest
  /// As it is stored. What was issued in an older encoding keeps it, for the digest is of that.
  public let bytes: [UInt8]

  public init(number: String, issued: UTCDay, content: InvoiceDraft, previous: Digest) {
    self.init(
      number: number, issued: issued, content: content, previous: previous,
      bytes: InvoiceCoding.bytes(number: number, issued: issued, content))
  }

  init(
    number: String, issued: UTCDay, content: InvoiceDraft, previous: Digest, bytes: [UInt8]
  ) {
    self.number = number
    self.issued = issued
    self.content = content
    self.previous = previous
    self.bytes = bytes
  }

  public var due: UTCDay { UTCDay(number: issued.number + content.seller.paymentDays) }

  /// SHA-256 of the predecessor's digest and the invoice's bytes.
  public var digest: Digest { SHA256.hash(previous.bytes + bytes) }
}

/// How invoices are numbered: in each series from 1 on, without a gap.
public enum InvoiceNumber {
  /// The series that a day's invoices belong to: "2026" or "AS2026".
  public static func series(prefix: String, _ day: UTCDay) -> String {
    prefix + UTCMonth(containing: day).text.prefix(4)
  }

  /// "2026-000001".
  public static func text(series: String, _ count: Int64) -> String {
    let digits = String(count)
    return series + "-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }
}
