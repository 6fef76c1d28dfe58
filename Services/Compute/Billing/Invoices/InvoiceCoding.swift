import ComputeDomain
import Crypto

// The bytes that an invoice is stored as, and that its digest covers.

extension Invoice {
  private static let version: UInt8 = 1

  public var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.byte(Self.version)
    writer.text(number)
    writer.integer(issued.number)
    let draft = content
    writer.text(draft.kind.rawValue)
    for text in [
      draft.tenant, draft.month.text, draft.buyerReference, draft.corrects, draft.reason,
      draft.seller.iban, draft.seller.prefix, draft.vat.category.rawValue,
    ] { writer.text(text) }
    for number in [
      draft.seller.paymentDays, draft.vat.basisPoints, draft.net.value, draft.tax.value,
      draft.total.value, draft.from.end, draft.from.cut, draft.through.end, draft.through.cut,
    ] { writer.integer(number) }
    for party in [draft.seller.party, draft.buyer] {
      for text in [
        party.name, party.street, party.city, party.postalCode, party.country, party.vatID,
        party.registration, party.email,
      ] { writer.text(text) }
    }
    writer.length(UInt64(draft.lines.count))
    for line in draft.lines {
      for text in [
        line.month.text, line.useCase, line.useCaseTitle, line.participant,
        line.participantName, line.priceVersion,
      ] { writer.text(text) }
      for number in [line.nanoEuroPerGFLOP, line.quantity.value, line.net.value] {
        writer.integer(number)
      }
    }
    return writer.bytes
  }

  /// Reads what `bytes` wrote.
  ///
  /// - Throws: `BillingFault.damaged` for anything else, also for amounts that do not add up.
  public init(bytes: [UInt8], previous: Digest) throws {
    do {
      var reader = ByteReader(bytes[...])
      guard try reader.byte() == Self.version else { throw BillingFault.damaged }
      number = try reader.text()
      issued = UTCDay(number: try reader.integer())
      content = try InvoiceDraft(&reader)
      self.previous = previous
      guard reader.isAtEnd, self.bytes == bytes else { throw BillingFault.damaged }
    } catch {
      throw BillingFault.damaged
    }
  }
}

extension InvoiceDraft {
  fileprivate init(_ reader: inout ByteReader) throws {
    let kind = Kind(rawValue: try reader.text())
    let texts = try reader.texts(8)
    let numbers = try reader.integers(9)
    let parties = [Party(try reader.texts(8)), Party(try reader.texts(8))]
    let count = try reader.length()
    guard let kind, let month = UTCMonth(text: texts[1]), count <= BillingLimits.maximumLines
    else { throw BillingFault.damaged }
    var lines: [InvoiceLine] = []
    for _ in 0..<count { lines.append(try InvoiceLine(&reader)) }
    try self.init(
      tenant: texts[0], month: month,
      seller: Seller(
        party: parties[0], iban: texts[5], prefix: texts[6], paymentDays: numbers[0]),
      buyer: parties[1], buyerReference: texts[2], lines: lines, corrects: texts[3],
      reason: texts[4], from: Coverage(end: numbers[5], cut: numbers[6]),
      through: Coverage(end: numbers[7], cut: numbers[8]))
    self.kind = kind
    // What was charged stays, though a rate be corrected later.
    guard let category = VATCategory(rawValue: texts[7]) else { throw BillingFault.damaged }
    vat = VATTreatment(category, numbers[1])
    (tax, total) = (Cents(numbers[3]), Cents(numbers[4]))
    let expected = try net.part(basisPoints: vat.basisPoints)
    let sum = try net + tax
    guard net.value == numbers[2], tax == expected, total == sum else {
      throw BillingFault.damaged
    }
  }
}

extension InvoiceLine {
  fileprivate init(_ reader: inout ByteReader) throws {
    let texts = try reader.texts(6)
    let numbers = try reader.integers(3)
    guard let month = UTCMonth(text: texts[0]) else { throw BillingFault.damaged }
    try self.init(
      month: month, useCase: texts[1], useCaseTitle: texts[2], participant: texts[3],
      participantName: texts[4], priceVersion: texts[5], nanoEuroPerGFLOP: numbers[0],
      quantity: GFLOP(numbers[1]))
    guard net.value == numbers[2] else { throw BillingFault.damaged }
  }
}

extension Party {
  fileprivate init(_ texts: [String]) {
    self.init(
      name: texts[0], street: texts[1], city: texts[2], postalCode: texts[3], country: texts[4],
      vatID: texts[5], registration: texts[6], email: texts[7])
  }
}

extension ByteReader {
  fileprivate mutating func texts(_ count: Int) throws -> [String] {
    var texts: [String] = []
    for _ in 0..<count { texts.append(try text()) }
    return texts
  }

  fileprivate mutating func integers(_ count: Int) throws -> [Int64] {
    var integers: [Int64] = []
    for _ in 0..<count { integers.append(try integer()) }
    return integers
  }
}
