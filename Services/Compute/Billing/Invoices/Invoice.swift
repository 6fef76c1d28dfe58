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

/// One line of an invoice: what a participant used on a use case in a month, at one rate.
public struct InvoiceLine: Sendable, Hashable {
  /// The month in which it was used; before the invoice's own if the usage came in late.
  public let month: UTCMonth
  public let useCase: String
  public let useCaseTitle: String
  public let participant: String
  public let participantName: String
  public let priceVersion: String
  public let nanoEuroPerGFLOP: Int64
  public let quantity: GFLOP
  /// Rounded half-even, once.
  public let net: Cents

  public init(
    month: UTCMonth, useCase: String, useCaseTitle: String, participant: String,
    participantName: String, priceVersion: String, nanoEuroPerGFLOP: Int64, quantity: GFLOP
  ) throws(QuantityError) {
    self.month = month
    self.useCase = useCase
    self.useCaseTitle = useCaseTitle
    self.participant = participant
    self.participantName = participantName
    self.priceVersion = priceVersion
    self.nanoEuroPerGFLOP = nanoEuroPerGFLOP
    self.quantity = quantity
    net = try NanoEuro(of: quantity, atNanoEuroPerGFLOP: nanoEuroPerGFLOP).roundedToCents
  }
}

/// What an invoice says before it has a number: made anew whenever it is looked at.
public struct InvoiceDraft: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable {
    case invoice
    /// Takes an invoice back: the same lines and amounts, owed the other way.
    case creditNote
  }

  public var kind: Kind
  public var tenant: String
  public var month: UTCMonth
  public var seller: Seller
  public var buyer: Party
  /// What the buyer wants to read on it: an order's number, a department.
  public var buyerReference: String
  public var lines: [InvoiceLine]
  public var vat: VATTreatment
  public var net: Cents
  public var tax: Cents
  public var total: Cents
  /// The invoice that it takes back or replaces; empty for most.
  public var corrects: String
  public var reason: String
  public var from: Coverage
  public var through: Coverage

  /// Adds up `lines`, and taxes the sum once.
  ///
  /// - Throws: `BillingFault` or `QuantityError.overflow`.
  public init(
    tenant: String, month: UTCMonth, seller: Seller, buyer: Party, buyerReference: String = "",
    lines: [InvoiceLine], corrects: String = "", reason: String = "", from: Coverage,
    through: Coverage
  ) throws {
    try seller.check()
    try buyer.check()
    guard lines.count <= BillingLimits.maximumLines else {
      throw BillingFault.missing("a limit of \(BillingLimits.maximumLines) lines")
    }
    let lastDay = UTCDay(number: month.next.firstDay.number - 1)
    vat = try VATTreatment(seller: seller.party, buyer: buyer, on: lastDay)
    kind = .invoice
    self.tenant = tenant
    self.month = month
    self.seller = seller
    self.buyer = buyer
    self.buyerReference = buyerReference
    self.lines = lines
    self.corrects = corrects
    self.reason = reason
    self.from = from
    self.through = through
    var net = Cents.zero
    for line in lines { net = try net + line.net }
    self.net = net
    tax = try net.part(basisPoints: vat.basisPoints)
    total = try net + tax
  }

  /// What takes `invoice` back.
  public init(crediting invoice: Invoice, reason: String) {
    self = invoice.content
    kind = .creditNote
    corrects = invoice.number
    self.reason = reason
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

  public init(number: String, issued: UTCDay, content: InvoiceDraft, previous: Digest) {
    self.number = number
    self.issued = issued
    self.content = content
    self.previous = previous
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
