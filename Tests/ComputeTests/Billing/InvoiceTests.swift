import ComputeDomain
import Testing

@testable import ComputeBilling

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

  static let confirmation = BuyerConfirmation(
    checked: UTCDay(number: 20_757), evidence: "VIES WAPIAAAAZr3kPq1x", confirmedBy: "usr_op")

  static func line(
    _ quantity: GFLOP, _ rate: Int64 = 25, month: UTCMonth = month, participant: String = "par_1"
  ) throws -> UsageLine {
    try UsageLine(
      month: month, useCase: "uc_1", useCaseTitle: "Breast cancer", participant: participant,
      participantName: "Vendor \(participant)", priceVersion: "standard-1",
      nanoEuroPerGFLOP: rate, quantity: quantity)
  }

  static func draft(
    _ lines: [UsageLine], buyer: Party = buyer, seller: Seller = seller,
    confirmation: BuyerConfirmation? = confirmation, rates: VATRates = .union
  ) throws -> InvoiceDraft {
    try InvoiceDraft(
      tenant: "clinic", month: month, zone: "Europe/Berlin", seller: seller, buyer: buyer,
      confirmation: confirmation, buyerReference: "PO 7", lines: lines, rates: rates,
      from: .none, through: Coverage(end: 1_796_083_200_000, cut: 17))
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

  @Test("a line is rounded once, VAT once for each rate")
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

  @Test("an IBAN has check digits that fit; one wrong or two exchanged digits do not pass")
  func iban() throws {
    for iban in [
      "", "DE75512108001245126199", "GB82WEST12345698765432", "NO9386011117947",
      "MT84MALT011000012345MTLCAST001S",
    ] {
      var seller = Samples.seller
      seller.iban = iban
      try seller.checkAccount()
    }
    for iban in [
      "DE75512108001245126198", "DE75512108001245126919", "DE57512108001245126199",
      "de75512108001245126199", "DE75 5121 0800 1245 1261 99", "7575512108001245126199",
      "GB82WEST1234569876543", "DE", "DE00",
    ] {
      var seller = Samples.seller
      seller.iban = iban
      #expect(
        throws: BillingFault.bad("IBAN", expected: "without spaces, with check digits that fit")
      ) { try seller.checkAccount() }
    }
  }

  @Test("too long an invoice adds up participants, then use cases, and is refused after that")
  func manyLines() throws {
    let names = InvoiceLines.Names(useCase: ["uc_0": "Lungs"], participant: [:])
    var sums: [UsageTally.Key: GFLOP] = [:]
    for useCase in 0..<3 {
      for participant in 0..<4 {
        sums[
          UsageTally.Key(
            month: Samples.month, day: nil, useCase: "uc_\(useCase)",
            participant: "par_\(participant)", run: "", priceVersion: "v", nanoEuroPerGFLOP: 25)] =
          .pflop(100)
      }
    }
    let lines = { (limit: Int) in
      try InvoiceLines.make(sums, month: Samples.month, names: names, limit: limit)
    }
    #expect(try lines(12).count == 12)
    let byUseCase = try lines(11)
    #expect(byUseCase.map(\.useCase).sorted() == ["uc_0", "uc_1", "uc_2"])
    #expect(byUseCase.allSatisfy { $0.participant.isEmpty && $0.quantity == .pflop(400) })
    #expect(byUseCase.contains { $0.title == "Compute: Lungs, all participants" })
    let all = try lines(2)
    #expect(all.map(\.title) == ["Compute: all use cases, all participants"])
    #expect(all.map(\.quantity) == [.pflop(1_200)])
    #expect(throws: BillingFault.tooManyLines(limit: 0)) { try lines(0) }
  }

  @Test("an invoice with more lines than the limit says so, in words of its own")
  func tooManyLines() throws {
    let line = try Samples.line(.pflop(1))
    let lines = Array(repeating: line, count: BillingLimits.maximumLines + 1)
    let error = #expect(throws: BillingFault.tooManyLines(limit: 100_000)) {
      try Samples.draft(lines)
    }
    #expect(error?.description.contains("more than 100000 lines") == true)
  }

  @Test("one document never has usage outside the scope of VAT beside other")
  func mixedScope() throws {
    let rates = try VATRates.union.changed(by: "UA 2026-11-01 20")
    let before = try Samples.line(.pflop(100), month: UTCMonth(text: "2026-10") ?? Samples.month)
    let after = try Samples.line(.pflop(100))
    let buyer = Samples.party("UA")
    #expect(throws: BillingFault.mixedScope) {
      try Samples.draft([before, after], buyer: buyer, rates: rates)
    }
    #expect(try Samples.draft([before], buyer: buyer, rates: rates).tax == .zero)
    #expect(try Samples.draft([after], buyer: buyer, rates: rates).tax.euroText == "0.50")
  }

  @Test("numbers have a series for each year")
  func numbers() {
    let day = UTCDay(containing: 1_796_200_000_000)
    #expect(InvoiceNumber.series(prefix: "", day) == "2026")
    #expect(InvoiceNumber.text(series: "AS2026", 7) == "AS2026-000007")
    #expect(InvoiceNumber.text(series: "2026", 12_345_678) == "2026-12345678")
  }

  @Test("a credit note has the invoice's lines and names it")
  func creditNote() throws {
    let invoice = Samples.issued(try Samples.draft([try Samples.line(.pflop(100))]))
    let note = Samples.issued(
      InvoiceDraft(crediting: invoice, by: Samples.seller, reason: "wrong address"), 2)
    #expect(note.content.lines == invoice.content.lines)
    #expect(note.content.total == invoice.content.total)
    #expect(note.content.corrects == "AS2026-000001")
    let xml = note.ubl
    #expect(xml.contains("<cbc:CreditNoteTypeCode>381</cbc:CreditNoteTypeCode>"))
    #expect(xml.contains("Takes back invoice AS2026-000001: wrong address"))
    #expect(note.html.contains("<h1>Credit note AS2026-000002</h1>"))
  }

  @Test("a credit note has the prefix of now, unless another one sells now")
  func creditNoteSeries() throws {
    let invoice = Samples.issued(try Samples.draft([try Samples.line(.pflop(100))]))
    var seller = Samples.seller
    seller.prefix = "NEW"
    seller.party.city = "Potsdam"
    let note = InvoiceDraft(crediting: invoice, by: seller, reason: "x")
    #expect(note.seller.prefix == "NEW")
    #expect(note.seller.party == invoice.content.seller.party)
    seller.party.vatID = "DE999999999"
    #expect(InvoiceDraft(crediting: invoice, by: seller, reason: "x").seller.prefix == "AS")
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
  }

  @Test("outside the scope of VAT neither VAT id is named, in no format (BR-O-02)")
  func outOfScope() throws {
    let invoice = Samples.issued(
      try Samples.draft(
        [try Samples.line(.pflop(1))], buyer: Samples.party("CH", "CH123456789")))
    for text in [invoice.ubl, invoice.html] {
      #expect(!text.contains("DE123456789"))
      #expect(!text.contains("CH123456789"))
      #expect(text.contains("Not subject to VAT"))
    }
    #expect(!invoice.ubl.contains("cbc:Percent"))
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
