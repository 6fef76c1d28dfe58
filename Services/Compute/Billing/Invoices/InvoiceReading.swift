import ComputeDomain
import Crypto

// Reads issued documents back. Nothing is asked of them but that their bytes are an encoding and
// their amounts add up: what was right when it was issued is read for ever, whatever rules and
// limits hold by now.

extension Invoice {
  /// The day of issue alone, of a document that may have many lines.
  ///
  /// - Throws: `BillingFault.damaged` for bytes that are no invoice.
  public static func issueDay(of bytes: [UInt8]) throws -> UTCDay {
    var reader = ByteReader(bytes[...])
    guard let version = try? reader.byte(), 1...InvoiceCoding.version ~= version,
      (try? reader.text()) != nil, let day = try? reader.integer()
    else { throw BillingFault.damaged }
    return UTCDay(number: day)
  }

  /// - Throws: `BillingFault.damaged` for bytes that are no invoice, also for amounts that do not
  ///   add up.
  public init(bytes: [UInt8], previous: Digest) throws {
    do {
      var reader = ByteReader(bytes[...])
      let version = try reader.byte()
      let number = try reader.text()
      let issued = UTCDay(number: try reader.integer())
      let content =
        switch version {
        case 1: try reader.draftOfVersion1()
        case InvoiceCoding.version: try reader.draft()
        default: throw BillingFault.damaged
        }
      guard reader.isAtEnd else { throw BillingFault.damaged }
      self.init(
        number: number, issued: issued, content: content, previous: previous, bytes: bytes)
    } catch {
      throw BillingFault.damaged
    }
  }
}

extension ByteReader {
  fileprivate mutating func draft() throws -> InvoiceDraft {
    let kind = InvoiceDraft.Kind(rawValue: try text())
    let texts = try texts(7)
    let zone = try optional { try $0.text() }
    let numbers = try integers(5)
    let (seller, buyer) = (try party(), try party())
    let confirmation = try optional { reader in
      let checked = UTCDay(number: try reader.integer())
      let texts = try reader.texts(2)
      return BuyerConfirmation(checked: checked, evidence: texts[0], confirmedBy: texts[1])
    }
    let lines = try list { InvoiceLine(try $0.usageLine(), try $0.treatment()) }
    guard let kind, let month = UTCMonth(text: texts[1]) else { throw BillingFault.damaged }
    let draft = try InvoiceDraft(
      kind: kind, tenant: texts[0], month: month, zone: zone,
      seller: Seller(party: seller, iban: texts[5], prefix: texts[6], paymentDays: numbers[0]),
      buyer: buyer, confirmation: confirmation, buyerReference: texts[2], lines: lines,
      corrects: texts[3], reason: texts[4], from: Coverage(end: numbers[1], cut: numbers[2]),
      through: Coverage(end: numbers[3], cut: numbers[4]))
    guard try list({ try $0.subtotal() }) == draft.breakdown else { throw BillingFault.damaged }
    try checkSums(of: draft, try integers(3))
    return draft
  }

  /// One treatment for all lines, and neither zone nor confirmation.
  fileprivate mutating func draftOfVersion1() throws -> InvoiceDraft {
    let kind = InvoiceDraft.Kind(rawValue: try text())
    let texts = try texts(7)
    let category = VATCategory(rawValue: try text())
    let numbers = try integers(9)
    let (seller, buyer) = (try party(), try party())
    guard let kind, let month = UTCMonth(text: texts[1]), let category else {
      throw BillingFault.damaged
    }
    let vat = VATTreatment(category, numbers[1])
    let draft = try InvoiceDraft(
      kind: kind, tenant: texts[0], month: month, zone: nil,
      seller: Seller(party: seller, iban: texts[5], prefix: texts[6], paymentDays: numbers[0]),
      buyer: buyer, confirmation: nil, buyerReference: texts[2],
      lines: list { InvoiceLine(try $0.usageLine(), vat) }, corrects: texts[3], reason: texts[4],
      from: Coverage(end: numbers[5], cut: numbers[6]),
      through: Coverage(end: numbers[7], cut: numbers[8]))
    try checkSums(of: draft, Array(numbers[2...4]))
    return draft
  }

  private func checkSums(of draft: InvoiceDraft, _ sums: [Int64]) throws {
    guard sums == [draft.net.value, draft.tax.value, draft.total.value] else {
      throw BillingFault.damaged
    }
  }

  private mutating func usageLine() throws -> UsageLine {
    let texts = try texts(6)
    let numbers = try integers(3)
    guard let month = UTCMonth(text: texts[0]) else { throw BillingFault.damaged }
    let line = try UsageLine(
      month: month, useCase: texts[1], useCaseTitle: texts[2], participant: texts[3],
      participantName: texts[4], priceVersion: texts[5], nanoEuroPerGFLOP: numbers[0],
      quantity: GFLOP(numbers[1]))
    guard line.net.value == numbers[2] else { throw BillingFault.damaged }
    return line
  }

  private mutating func treatment() throws -> VATTreatment {
    guard let category = VATCategory(rawValue: try text()) else { throw BillingFault.damaged }
    return VATTreatment(category, try integer())
  }

  private mutating func subtotal() throws -> VATSubtotal {
    VATSubtotal(
      vat: try treatment(), net: Cents(try integer()), tax: Cents(try integer()))
  }

  private mutating func party() throws -> Party {
    let texts = try texts(8)
    return Party(
      name: texts[0], street: texts[1], city: texts[2], postalCode: texts[3], country: texts[4],
      vatID: texts[5], registration: texts[6], email: texts[7])
  }

  private mutating func texts(_ count: Int) throws -> [String] {
    var texts: [String] = []
    for _ in 0..<count { texts.append(try text()) }
    return texts
  }

  private mutating func integers(_ count: Int) throws -> [Int64] {
    var integers: [Int64] = []
    for _ in 0..<count { integers.append(try integer()) }
    return integers
  }

  /// A count, and as many elements: bytes that claim more than there are end in the first that is
  /// missing.
  private mutating func list<T>(_ element: (inout ByteReader) throws -> T) throws -> [T] {
    var list: [T] = []
    for _ in 0..<(try length()) { list.append(try element(&self)) }
    return list
  }

  private mutating func optional<T>(_ value: (inout ByteReader) throws -> T) throws -> T? {
    switch try byte() {
    case 0: nil
    case 1: try value(&self)
    default: throw BillingFault.damaged
    }
  }
}
