import ComputeDomain
import Crypto

/// The bytes that an invoice is stored as, and that its digest covers.
///
/// The second version, since which each line has a rate of VAT of its own, and the zone and the
/// confirmation of the buyer are written down. The first is still read; see `InvoiceReading`.
enum InvoiceCoding {
  static let version: UInt8 = 2

  static func bytes(number: String, issued: UTCDay, _ draft: InvoiceDraft) -> [UInt8] {
    var writer = ByteWriter()
    writer.byte(version)
    writer.text(number)
    writer.integer(issued.number)
    writer.texts([
      draft.kind.rawValue, draft.tenant, draft.month.text, draft.buyerReference, draft.corrects,
      draft.reason, draft.seller.iban, draft.seller.prefix,
    ])
    writer.optional(draft.zone) { $0.text($1) }
    writer.integers([
      draft.seller.paymentDays, draft.from.end, draft.from.cut, draft.through.end,
      draft.through.cut,
    ])
    writer.party(draft.seller.party)
    writer.party(draft.buyer)
    writer.optional(draft.confirmation) { writer, confirmation in
      writer.integer(confirmation.checked.number)
      writer.texts([confirmation.evidence, confirmation.confirmedBy])
    }
    writer.length(UInt64(draft.lines.count))
    for line in draft.lines { writer.line(line) }
    writer.length(UInt64(draft.breakdown.count))
    for subtotal in draft.breakdown {
      writer.treatment(subtotal.vat)
      writer.integers([subtotal.net.value, subtotal.tax.value])
    }
    writer.integers([draft.net.value, draft.tax.value, draft.total.value])
    return writer.bytes
  }
}

extension ByteWriter {
  fileprivate mutating func texts(_ texts: [String]) {
    for text in texts { self.text(text) }
  }

  fileprivate mutating func integers(_ integers: [Int64]) {
    for integer in integers { self.integer(integer) }
  }

  fileprivate mutating func optional<T>(_ value: T?, _ write: (inout ByteWriter, T) -> Void) {
    byte(value == nil ? 0 : 1)
    if let value { write(&self, value) }
  }

  fileprivate mutating func party(_ party: Party) {
    texts([
      party.name, party.street, party.city, party.postalCode, party.country, party.vatID,
      party.registration, party.email,
    ])
  }

  fileprivate mutating func treatment(_ vat: VATTreatment) {
    text(vat.category.rawValue)
    integer(vat.basisPoints)
  }

  fileprivate mutating func line(_ line: InvoiceLine) {
    texts([
      line.month.text, line.useCase, line.useCaseTitle, line.participant, line.participantName,
      line.priceVersion,
    ])
    integers([line.nanoEuroPerGFLOP, line.quantity.value, line.net.value])
    treatment(line.vat)
  }
}
