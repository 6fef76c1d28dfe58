import ComputeBilling
import ComputeDomain
import Crypto
import Foundation
import Testing

@Suite("Stored invoices")
struct InvoiceCodingTests {
  private typealias Samples = InvoiceSamples

  @Test("the stored bytes give the invoice back; any other bytes are refused or another invoice")
  func roundTrip() throws {
    let rates = try VATRates.union.changed(by: "DE 2026-10-01 20.5")
    let late = try #require(UTCMonth(text: "2026-09"))
    for confirmation in [nil, Samples.confirmation] {
      let invoice = Samples.issued(
        try Samples.draft(
          [try Samples.line(.pflop(3), month: late), try Samples.line(GFLOP(1), 20)],
          buyer: Samples.party("DE"), confirmation: confirmation, rates: rates))
      let bytes = invoice.bytes
      #expect(try Invoice(bytes: bytes, previous: .zero) == invoice)
      #expect(invoice.digest == SHA256.hash(Digest.zero.bytes + bytes))
      for index in bytes.indices {
        var other = bytes
        other[index] ^= 1
        if let read = try? Invoice(bytes: other, previous: .zero) {
          #expect(
            read.number != invoice.number || read.issued != invoice.issued
              || read.content != invoice.content)
          #expect(read.digest != invoice.digest)
        }
        #expect(throws: BillingFault.damaged) {
          try Invoice(bytes: Array(bytes.prefix(index)), previous: .zero)
        }
      }
    }
  }

  @Test("documents of the first encoding are read, and keep their digests")
  func version1() throws {
    let invoice = try FirstEncoding.read(FirstEncoding.invoice)
    #expect(
      invoice.digest.hex == "8a5e3d81fc0ada0bb89349a803ba45d40bc96c86c4de6db2bca19a18899503a1")
    #expect(invoice.number == "AS2026-000001")
    #expect(invoice.content.zone == nil)
    #expect(invoice.content.confirmation == nil)
    #expect(invoice.content.lines.map(\.month.text) == ["2026-09", "2026-11", "2026-11"])
    #expect(invoice.content.breakdown.map(\.vat.percentText) == ["19"])
    #expect(invoice.content.total.euroText == "1.25")
    let note = try FirstEncoding.read(FirstEncoding.creditNote)
    #expect(
      note.digest.hex == "abddf4e6ad955752203fb74ebcbf1d531ecf9a00fca41d0e78fdaba0bb58d1a9")
    #expect(note.content.kind == .creditNote)
    #expect(note.content.corrects == "AS2026-000001")
    #expect(note.content.breakdown.map(\.vat.category) == [.reverseCharge])
    // What is issued because of it is of today's encoding, and says the same.
    let credit = Samples.issued(
      InvoiceDraft(crediting: invoice, by: Samples.seller, reason: "x"), 3)
    #expect(try Invoice(bytes: credit.bytes, previous: .zero) == credit)
    #expect(credit.content.total == invoice.content.total)
  }

  @Test("an invoice that today's rules would refuse is still read")
  func rulesThatChanged() throws {
    var seller = Samples.seller
    seller.party.country = "ME"
    seller.party.vatID = "ME12345678"
    let rates = try VATRates.union.changed(by: "ME 2026-01-01 21")
    let invoice = Samples.issued(
      try Samples.draft(
        [try Samples.line(.pflop(100))], buyer: Samples.party("ME"), seller: seller,
        rates: rates))
    #expect(throws: BillingFault.unknownCountry("ME")) {
      try Samples.draft([], buyer: Samples.party("ME"), seller: seller)
    }
    let read = try Invoice(bytes: invoice.bytes, previous: .zero)
    #expect(read == invoice)
    #expect(read.content.tax.euroText == "0.52")
  }
}

/// What the program wrote that had the first encoding.
enum FirstEncoding {
  static func read(_ base64: String) throws -> Invoice {
    let data = try #require(Data(base64Encoded: base64, options: .ignoreUnknownCharacters))
    return try Invoice(bytes: [UInt8](data), previous: .zero)
  }

  /// 41.5 PFLOP of September, reported late, and two lines of November, to a buyer at home.
  static let invoice = """
    AQ1BUzIwMjYtMDAwMDAx6sQCB2ludm9pY2UGY2xpbmljBzIwMjYtMTEEUE8gNwAAFkRFNzU1MTIxMDgwMDEyNDUxMjYx
    OTkCQVMBUxzYHdIBKPoB////////////Af///////////wGAwLXuxWgiCkFzc2F5IEdtYkgLSGF1cHRzdHIuIDEGQmVy
    bGluBTEwMTE1AkRFC0RFMTIzNDU2Nzg5CkhSQiAxMjM0IEIVYmlsbGluZ0Bhc3NheS5leGFtcGxlBUJ1eWVyAARUb3du
    AAJERQtERTk4NzY1NDMyMQAAAwcyMDI2LTA5BHVjXzENQnJlYXN0IGNhbmNlcgVwYXJfMgxWZW5kb3IgcGFyXzIKc3Rh
    bmRhcmQtMTLA9ckn0AEHMjAyNi0xMQR1Y18xDUJyZWFzdCBjYW5jZXIFcGFyXzEMVmVuZG9yIHBhcl8xCnN0YW5kYXJk
    LTEogJ9JAgcyMDI2LTExBHVjXzENQnJlYXN0IGNhbmNlcgVwYXJfMQxWZW5kb3IgcGFyXzEKc3RhbmRhcmQtMTICAA==
    """

  /// The same to a buyer with reverse charge, taken back.
  static let creditNote = """
    AQ1BUzIwMjYtMDAwMDAy6sQCCmNyZWRpdE5vdGUGY2xpbmljBzIwMjYtMTEEUE8gNw1BUzIwMjYtMDAwMDAxBXdyb25n
    FkRFNzU1MTIxMDgwMDEyNDUxMjYxOTkCQVMCQUUcANIBANIB////////////Af///////////wGAwLXuxWgiCkFzc2F5
    IEdtYkgLSGF1cHRzdHIuIDEGQmVybGluBTEwMTE1AkRFC0RFMTIzNDU2Nzg5CkhSQiAxMjM0IEIVYmlsbGluZ0Bhc3Nh
    eS5leGFtcGxlGlN0LiBNYXJ5J3MgJiBTb25zIDxDbGluaWM+CzIgUnVlIEhhdXRlBEx5b24FNjkwMDECRlINRlI0MDMw
    MzI2NTA0NQARYXBAY2xpbmljLmV4YW1wbGUDBzIwMjYtMDkEdWNfMQ1CcmVhc3QgY2FuY2VyBXBhcl8yDFZlbmRvciBw
    YXJfMgpzdGFuZGFyZC0xMsD1ySfQAQcyMDI2LTExBHVjXzENQnJlYXN0IGNhbmNlcgVwYXJfMQxWZW5kb3IgcGFyXzEK
    c3RhbmRhcmQtMSiAn0kCBzIwMjYtMTEEdWNfMQ1CcmVhc3QgY2FuY2VyBXBhcl8xDFZlbmRvciBwYXJfMQpzdGFuZGFy
    ZC0xMgIA
    """
}
