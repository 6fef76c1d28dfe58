import ComputeBilling
import ComputeDomain
import Testing

@Suite("VAT")
struct VATTests {
  private typealias Samples = InvoiceSamples

  @Test(
    "a confirmed buyer is taxed by its country and its VAT id",
    arguments: [
      ("DE", "DE987654321", VATCategory.standard, Int64(1_900)), ("DE", "", .standard, 1_900),
      ("FR", "FR40303265045", .reverseCharge, 0), ("FR", "", .standard, 2_000),
      ("GR", "EL123456789", .reverseCharge, 0), ("FI", "", .standard, 2_550),
      ("CH", "", .outOfScope, 0), ("US", "", .outOfScope, 0),
    ])
  func confirmed(country: String, id: String, category: VATCategory, points: Int64) throws {
    let draft = try Samples.draft(
      [try Samples.line(.pflop(100))], buyer: Samples.party(country, id))
    let vat = try #require(draft.lines.first).vat
    #expect(vat.category == category)
    #expect(vat.basisPoints == points)
    #expect(vat.reason.isEmpty == (category == .standard))
    if category == .reverseCharge {
      #expect(vat.reason == "Reverse charge")
      #expect(vat.reasonCode == "VATEX-EU-AE")
    }
  }

  @Test(
    "a buyer that nobody confirmed pays the VAT of the seller's country, whatever it says",
    arguments: ["FR": "FR40303265045", "LU": "", "CH": "", "US": "", "DE": "DE987654321"])
  func unconfirmed(country: String, id: String) throws {
    let draft = try Samples.draft(
      [try Samples.line(.pflop(100))], buyer: Samples.party(country, id), confirmation: nil)
    #expect(draft.breakdown.map(\.vat.category) == [.standard])
    #expect([draft.net, draft.tax].map(\.euroText) == ["2.50", "0.48"])
  }

  @Test("late usage has the rate of its own month, each rate its own sum and one rounding")
  func ratesOfPeriods() throws {
    let rates = try VATRates.union.changed(by: "DE 2026-10-01 20.5")
    let september = try #require(UTCMonth(text: "2026-09"))
    // 3 × 25 cents at 19 % are 14.25 cents, 3 × 25 cents at 20.5 % are 15.375.
    let lines = try (1...3).flatMap { index in
      [
        try Samples.line(.pflop(10), month: september, participant: "par_\(index)"),
        try Samples.line(.pflop(10), participant: "par_\(index)"),
      ]
    }
    let draft = try Samples.draft(lines, buyer: Samples.party("DE"), rates: rates)
    #expect(draft.breakdown.map(\.vat.percentText) == ["20.5", "19"])
    #expect(draft.breakdown.map(\.net.value) == [75, 75])
    #expect(draft.breakdown.map(\.tax.value) == [15, 14])
    #expect([draft.net, draft.tax, draft.total].map(\.value) == [150, 29, 179])
    for line in draft.lines {
      #expect(line.vat.percentText == (line.month == september ? "19" : "20.5"))
    }
    let invoice = Samples.issued(draft)
    for part in ["VAT 20.5 % of €0.75", "VAT 19 % of €0.75", "€0.15", "€0.14", "€1.79"] {
      #expect(invoice.html.contains(part), "\(part)")
    }
    #expect(invoice.ubl.count(of: "<cac:TaxSubtotal>") == 2)
    #expect(invoice.ubl.count(of: "<cbc:Percent>19</cbc:Percent>") == 4)
  }

  @Test(
    "half a cent of VAT goes to the even cent",
    arguments: [(Int64(10), Int64(0)), (30, 2), (50, 2), (150, 8), (250, 12), (350, 18)])
  func ties(net: Int64, tax: Int64) throws {
    let rates = try VATRates.union.changed(by: "DE 2026-01-01 5")
    let draft = try Samples.draft(
      [try Samples.line(GFLOP(net * 400_000))], buyer: Samples.party("DE"), rates: rates)
    #expect(draft.net.value == net)
    #expect(draft.tax.value == tax)
  }

  @Test("a rate is that of the month's last day")
  func rateChange() throws {
    for (month, rate) in [("2025-06", Int64(2_200)), ("2025-07", 2_400)] {
      let day = try #require(UTCMonth(text: month)).lastDay
      #expect(VATRates.union.basisPoints("EE", on: day) == rate)
    }
  }

  @Test("an operator's rates go before those that are known, each from its day")
  func changedRates() throws {
    let rates = try VATRates.union.changed(
      by: """
        # country, first day, percent
        DE 2027-01-01 20.25   # announced
        EE 2025-07-01 25

        ME 2028-01-01 21
        """)
    let day = { (text: String) in try #require(UTCDay(text: text)) }
    #expect(rates.basisPoints("DE", on: try day("2026-12-31")) == 1_900)
    #expect(rates.basisPoints("DE", on: try day("2027-01-01")) == 2_025)
    #expect(rates.basisPoints("EE", on: try day("2025-06-30")) == 2_200)
    #expect(rates.basisPoints("EE", on: try day("2025-07-01")) == 2_500)
    #expect(rates.basisPoints("ME", on: try day("2027-12-31")) == nil)
    #expect(rates.basisPoints("ME", on: try day("2028-01-01")) == 2_100)
    #expect(rates.basisPoints("FR", on: try day("2028-01-01")) == 2_000)
  }

  @Test(
    "rates that cannot be read are refused with their line",
    arguments: [
      "DE 2027-01-01", "de 2027-01-01 19", "DE 2027-02-30 19", "DE 2027-01-01 -1",
      "DE 2027-01-01 19.001", "DE 2027-01-01 101", "DE 2027-01-01 19 %",
    ])
  func badRates(line: String) {
    #expect(throws: BillingFault.badRates(line: 2)) {
      try VATRates.union.changed(by: "FR 2027-01-01 20\n\(line)\n")
    }
  }
}

extension String {
  /// How often a text is in it.
  fileprivate func count(of text: String) -> Int { ranges(of: text).count }
}
