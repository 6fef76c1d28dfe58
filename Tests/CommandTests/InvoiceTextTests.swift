import API
import Testing

@testable import Commands

@Suite("An invoice on the terminal")
struct InvoiceTextTests {
  private let invoice = ComputeInvoice(
    number: "2026-000001", state: .overdue, tenant: "clinic", month: "2026-11",
    lines: [
      ComputeInvoiceLine(
        month: "2026-10", isLate: true, useCaseTitle: "Breast, cancer", participantId: "par_1",
        priceVersion: "standard-1", nanoEuroPerGflop: 25, pflop: "41.5", eur: "1.04",
        vatCategory: "AE", vatPercent: "0")
    ], netEur: "1.04", taxEur: "0.00", totalEur: "1.04", vatCategory: "AE", vatPercent: "0",
    vatReason: "Reverse charge")

  @Test("shows its state, every line, and why no VAT is charged")
  func text() {
    let text = InvoiceCommands.answer(invoice).text
    for part in ["overdue", "2026-10", "late", "0.025", "1.04", "(Reverse charge)"] {
      #expect(text.contains(part), "\(part)")
    }
  }

  @Test("shows what each rate of VAT has, where there are two")
  func rates() {
    let text = InvoiceCommands.answer(
      ComputeInvoice(
        netEur: "1.50", taxEur: "0.29", totalEur: "1.79", vatCategory: "S",
        vatSubtotals: [
          ComputeVatSubtotal(category: "S", percent: "20.5", netEur: "0.75", taxEur: "0.15"),
          ComputeVatSubtotal(category: "S", percent: "19", netEur: "0.75", taxEur: "0.14"),
        ])
    ).text
    let sums = "VAT €0.29 (20.5 % of €0.75: €0.15, 19 % of €0.75: €0.14), total €1.79"
    #expect(text.contains(sums))
  }

  @Test("what goes beside it for VAT is shown after it, and lines that add up say so")
  func outside() {
    let text = InvoiceCommands.answer(
      ComputeInvoice(
        number: "2026-000003", lines: [ComputeInvoiceLine(pflop: "7")],
        outsideScope: ComputeInvoice(number: "2026-000002", netEur: "9.99"))
    ).text
    #expect(text.contains("With it, outside the scope of VAT:\n\nnumber: 2026-000002"))
    #expect(text.contains("net €9.99"))
    #expect(text.contains("all       all"))
  }

  @Test("its lines are CSV, one row each under a heading")
  func csv() {
    let csv = InvoiceCommands.answer(invoice).csv(true).rendered(asJSON: false)
    #expect(
      csv == """
        use_case,participant,month,late,price,pflop,€/pflop,vat_%,eur
        "Breast, cancer",par_1,2026-10,late,standard-1,41.5,0.025,0,1.04

        """)
  }

  @Test("what was not used has no lines")
  func empty() {
    let text = InvoiceCommands.answer(ComputeInvoice(state: .draft, netEur: "0.00")).text
    #expect(text.contains("nothing was used"))
  }
}
