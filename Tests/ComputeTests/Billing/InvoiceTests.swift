import ComputeBilling
import ComputeDomain
import Crypto
import Testing

/// Invoices to look at.
enum InvoiceSamples {
  static let seller = Seller(
    party: Party(
      name: "Assay GmbH", street: "Hauptstr. 1", city: "Berlin", postalCode: "10115",
      country: "DE", vatID: "DE123456789", registration: "HRB 1234 B",
      email: "billing@assay.example"),
    iban: "DE75512108001245126199", prefix: "AS", paymentDays: 14)

  static let buyer = Party(
    name: "St. Mary's & Sons <Clinic>", street: "2 Rue Haute", city: "Lyon", postalCode: "69001",
    country: "FR", vatID: "FR40303265045", email: "ap@clinic.example")

  static let month = UTCMonth(containing: UTCDay(containing: 1_793_491_200_000))

  static func line(
    _ quantity: GFLOP, _ rate: Int64 = 25, month: UTCMonth = month, participant: String = "par_1"
  ) throws -> InvoiceLine {
    try InvoiceLine(
      month: month, useCase: "uc_1", useCaseTitle: "Breast cancer", participant: participant,
      participantName: "Vendor \(participant)", priceVersion: "standard-1",
      nanoEuroPerGFLOP: rate, quantity: quantity)
  }

  static func draft(
    _ lines: [InvoiceLine], buyer: Party = buyer, seller: Seller = seller
  ) throws -> InvoiceDraft {
    try InvoiceDraft(
      tenant: "clinic", month: month, seller: seller, buyer: buyer, buyerReference: "PO 7",
      lines: lines, from: .none, through: Coverage(end: 1_796_083_200_000, cut: 17))
  }

  static func issued(_ draft: InvoiceDraft, _ count: Int64 = 1) -> Invoice {
    let day = UTCDay(containing: 1_796_200_000_000)
    let series = InvoiceNumber.series(prefix: draft.seller.prefix, day)
    return Invoice(
      number: InvoiceNumber.text(series: series, count), issued: day, content: draft,
      previous: .zero)
  }

  static func party(_ country: String, _ vatID: String = "") -> Party {
    Party(name: "Buyer", city: "Town", country: country, vatID: vatID)
  }
}

@Suite("Invoices")
struct InvoiceTests {
  private typealias Samples = InvoiceSamples

  @Test("a line is rounded once, VAT once for the whole invoice")
  func rounding() throws {
    // Three lines of 1.25 cents are 3 × 1 cent; VAT of 3 cents at 19 % is 0.57 cents.
    let lines = try (1...3).map {
      try Samples.line(GFLOP(500_000), participant: "par_\($0)")
    }
    let draft = try Samples.draft(lines, buyer: Samples.party("DE"))
    #expect(draft.lines.map(\.net.value) == [1, 1, 1])
    #expect(draft.net.euroText == "0.03")
    #expect(draft.tax.euroText == "0.01")
    // Per line it would be 3 × 0.19 cents, which are none.
    #expect(draft.total.euroText == "0.04")
  }

  @Test("€50.00 of compute at home are €59.50, abroad €50.00")
  func golden() throws {
    let lines = try (1...10).map { try Samples.line(.pflop(200), participant: "par_\($0)") }
    let home = try Samples.draft(lines, buyer: Samples.party("DE", "DE987654321"))
    #expect([home.net, home.tax, home.total].map(\.euroText) == ["50.00", "9.50", "59.50"])
    let abroad = try Samples.draft(lines)
    #expect([abroad.net, abroad.tax, abroad.total].map(\.euroText) == ["50.00", "0.00", "50.00"])
  }

  @Test(
    "VAT by country and by the buyer's VAT id",
    arguments: [
      ("DE", "DE987654321", VATCategory.standard, Int64(1_900)), ("DE", "", .standard, 1_900),
      ("FR", "FR40303265045", .reverseCharge, 0), ("FR", "", .standard, 2_000),
      ("GR", "EL123456789", .reverseCharge, 0), ("FI", "", .standard, 2_550),
      ("CH", "", .outOfScope, 0), ("US", "", .outOfScope, 0),
    ])
  func vat(country: String, id: String, category: VATCategory, points: Int64) throws {
    let draft = try Samples.draft(
      [try Samples.line(.pflop(100))], buyer: Samples.party(country, id))
    #expect(draft.vat.category == category)
    #expect(draft.vat.basisPoints == points)
    #expect(draft.vat.reason.isEmpty == (category == .standard))
    if category == .reverseCharge {
      #expect(draft.vat.reason == "Reverse charge")
      #expect(draft.vat.reasonCode == "VATEX-EU-AE")
    }
  }

  @Test("a rate is that of the month's last day")
  func rateChange() {
    let day = { (text: String) in
      UTCMonth(text: text).map { UTCDay(number: $0.next.firstDay.number - 1) }
    }
    #expect(day("2025-06").flatMap { VATRates.basisPoints("EE", on: $0) } == 2_200)
    #expect(day("2025-07").flatMap { VATRates.basisPoints("EE", on: $0) } == 2_400)
  }

  @Test("a party that no invoice may name is refused")
  func parties() {
    #expect(throws: BillingFault.self) { try Samples.party("FR", "DE123").check() }
    #expect(throws: BillingFault.self) { try Samples.party("GR", "GR123456789").check() }
    #expect(throws: BillingFault.self) { try Samples.party("France").check() }
    #expect(throws: BillingFault.self) { try Party(name: "", country: "FR").check() }
    #expect(throws: BillingFault.self) { try Party(name: "a\nb", country: "FR").check() }
    var seller = Samples.seller
    seller.party.vatID = ""
    #expect(throws: BillingFault.missing("the seller's VAT id")) { try seller.check() }
    seller = Samples.seller
    seller.party.country = "CH"
    #expect(throws: BillingFault.self) { try seller.check() }
  }

  @Test("numbers have a series for each year")
  func numbers() {
    let day = UTCDay(containing: 1_796_200_000_000)
    #expect(InvoiceNumber.series(prefix: "", day) == "2026")
    #expect(InvoiceNumber.text(series: "AS2026", 7) == "AS2026-000007")
    #expect(InvoiceNumber.text(series: "2026", 12_345_678) == "2026-12345678")
  }

  @Test("the stored bytes give the invoice back; any other bytes are refused or another invoice")
  func coding() throws {
    let invoice = Samples.issued(
      try Samples.draft([try Samples.line(.pflop(3)), try Samples.line(GFLOP(1), 20)]))
    let bytes = invoice.bytes
    #expect(try Invoice(bytes: bytes, previous: .zero) == invoice)
    #expect(invoice.digest == SHA256.hash(Digest.zero.bytes + bytes))
    for index in bytes.indices {
      var other = bytes
      other[index] ^= 1
      if let read = try? Invoice(bytes: other, previous: .zero) {
        #expect(read != invoice)
        #expect(read.digest != invoice.digest)
      }
      #expect(throws: BillingFault.damaged) {
        try Invoice(bytes: Array(bytes.prefix(index)), previous: .zero)
      }
    }
  }

  @Test("a credit note has the invoice's lines and names it")
  func creditNote() throws {
    let invoice = Samples.issued(try Samples.draft([try Samples.line(.pflop(100))]))
    let note = Samples.issued(InvoiceDraft(crediting: invoice, reason: "wrong address"), 2)
    #expect(note.content.lines == invoice.content.lines)
    #expect(note.content.total == invoice.content.total)
    #expect(note.content.corrects == "AS2026-000001")
    let xml = note.ubl
    #expect(xml.contains("<cbc:CreditNoteTypeCode>381</cbc:CreditNoteTypeCode>"))
    #expect(xml.contains("Takes back invoice AS2026-000001: wrong address"))
    #expect(note.html.contains("<h1>Credit note AS2026-000002</h1>"))
  }

  @Test("UBL says what EN 16931 asks for; names are escaped")
  func ubl() throws {
    let late = try Samples.line(
      GFLOP(41_500_000), month: try #require(UTCMonth(text: "2026-09")), participant: "par_2")
    let xml = Samples.issued(try Samples.draft([late, try Samples.line(.pflop(100))])).ubl
    for part in [
      "<cbc:ID>AS2026-000001</cbc:ID>", "<cbc:ID>AE</cbc:ID>", "<cbc:Percent>0</cbc:Percent>",
      "<cbc:TaxExemptionReasonCode>VATEX-EU-AE</cbc:TaxExemptionReasonCode>",
      "<cbc:TaxExemptionReason>Reverse charge</cbc:TaxExemptionReason>",
      "<cbc:CompanyID>FR40303265045</cbc:CompanyID>",
      "<cbc:Name>St. Mary's &amp; Sons &lt;Clinic&gt;</cbc:Name>",
      "<cbc:InvoicedQuantity unitCode=\"C62\">41.5</cbc:InvoicedQuantity>",
      "<cbc:PriceAmount currencyID=\"EUR\">0.025</cbc:PriceAmount>",
      "<cbc:Note>Usage of 2026-09 that was reported late</cbc:Note>",
      "<cbc:StartDate>2026-09-01</cbc:StartDate>",
    ] { #expect(xml.contains(part), "\(part)") }
    let abroad = Samples.issued(
      try Samples.draft([late], buyer: Samples.party("US", ""))
    ).ubl
    #expect(!abroad.contains("DE123456789"))
    #expect(!abroad.contains("cbc:Percent"))
  }

  @Test("HTML shows every line, the reason for no VAT, and loads nothing")
  func html() throws {
    let html = Samples.issued(try Samples.draft([try Samples.line(GFLOP(41_500_000))])).html
    for part in [
      "size: A4", "Reverse charge", "41.5", "€1.04", "St. Mary's &amp; Sons &lt;Clinic&gt;",
      "DE75512108001245126199",
    ] { #expect(html.contains(part), "\(part)") }
    for part in ["<script", "http:", "https:", "url("] { #expect(!html.contains(part)) }
  }
}
