import ComputeDomain

extension Invoice {
  /// The invoice as one HTML file, without scripts or anything to load, made for A4.
  public var html: String {
    var html = Markup("<!DOCTYPE html>\n")
    html.element("html", ["lang": "en"]) { html in
      html.element("head") { html in
        html.raw("<meta charset=\"utf-8\">")
        html.leaf("title", "\(title) \(number)")
        html.raw("<style>\(Self.style)</style>")
      }
      html.element("body") { html in
        parties(&html)
        html.leaf("h1", "\(title) \(number)")
        facts(&html)
        html.leaf("p", correctionText)
        table(&html)
        sums(&html)
        for subtotal in content.breakdown { html.leaf("p", subtotal.vat.reason) }
        html.leaf("p", paymentText)
        footer(&html)
      }
    }
    return html.text
  }

  private func parties(_ html: inout Markup) {
    html.element("header") { html in
      address(&html, "Seller", content.seller.party)
      address(&html, "Bill to", content.buyer)
    }
  }

  private func address(_ html: inout Markup, _ label: String, _ party: Party) {
    let vatID = content.vatID(of: party)
    html.element("address") { html in
      html.leaf("small", label)
      html.leaf("strong", party.name)
      let town = [party.postalCode, party.city].filter { !$0.isEmpty }.joined(separator: " ")
      for line in [
        party.street, town, party.country, party.registration,
        vatID.isEmpty ? "" : "VAT id \(vatID)",
      ] { html.leaf("span", line) }
    }
  }

  private func facts(_ html: inout Markup) {
    let days = "\(period.first.text) to \(period.last.text)"
    let facts: [(String, String)] = [
      ("Date", issued.text), ("Due", isCreditNote ? "" : due.text), ("Period", days),
      ("Your reference", content.buyerReference),
    ]
    html.element("dl") { html in
      for (name, value) in facts where !value.isEmpty {
        html.leaf("dt", name)
        html.leaf("dd", value)
      }
    }
  }

  private func table(_ html: inout Markup) {
    html.element("table") { html in
      html.element("thead") { html in
        html.element("tr") { html in
          for name in ["Use case, participant", "Month", "Price"] { html.leaf("th", name) }
          for name in ["PFLOP", "€/PFLOP", "VAT", "EUR"] { html.leaf("th", ["class": "n"], name) }
        }
      }
      html.element("tbody") { html in
        for line in content.lines {
          html.element("tr") { html in
            html.leaf("td", line.usage.title)
            let isLate = content.lateMonth(line) != nil
            html.leaf("td", line.month.text + (isLate ? " (reported late)" : ""))
            html.leaf("td", line.priceVersion)
            for number in [
              line.quantity.pflopText, line.usage.pricePerPFLOP, line.vat.rateText,
              line.net.euroText,
            ] { html.leaf("td", ["class": "n"], number) }
          }
        }
      }
    }
  }

  private func sums(_ html: inout Markup) {
    html.element("table", ["class": "sums"]) { html in
      html.element("tbody") { html in
        sum(&html, "Net", content.net)
        for subtotal in content.breakdown {
          sum(&html, taxLabel(subtotal), subtotal.tax)
        }
        sum(&html, isCreditNote ? "Credited" : "To pay", content.total)
      }
    }
  }

  private func taxLabel(_ subtotal: VATSubtotal) -> String {
    let isTaxed = subtotal.vat.category != .outOfScope
    let label = isTaxed ? "VAT \(subtotal.vat.rateText)" : "VAT"
    return content.breakdown.count == 1 ? label : "\(label) of €\(subtotal.net.euroText)"
  }

  private func sum(_ html: inout Markup, _ name: String, _ amount: Cents) {
    html.element("tr") { html in
      html.leaf("th", name)
      html.leaf("td", ["class": "n"], "€\(amount.euroText)")
    }
  }

  private func footer(_ html: inout Markup) {
    html.element("footer") { html in
      if !content.seller.iban.isEmpty, !isCreditNote {
        html.leaf("span", "IBAN \(content.seller.iban), reference \(number)")
      }
      html.leaf("span", "SHA-256 \(digest.hex)")
    }
  }

  private static let style = """
    @page { size: A4; margin: 18mm 16mm }
    body { font: 10pt/140% sans-serif; color: #111; max-width: 178mm; margin: 0 auto }
    header { display: flex; justify-content: space-between; margin-bottom: 14mm }
    address { font-style: normal; width: 45% }
    address > * { display: block }
    small, footer { color: #555 }
    h1 { font-size: 16pt; margin: 0 0 4mm }
    dl { display: grid; grid-template-columns: max-content auto; gap: 0 6mm; margin: 0 0 6mm }
    dd { margin: 0 }
    table { width: 100%; border-collapse: collapse }
    th, td { text-align: left; padding: 1mm 2mm 1mm 0; vertical-align: top }
    thead { display: table-header-group }
    thead th { border-bottom: 1pt solid #111 }
    tr { break-inside: avoid }
    tbody td { border-bottom: 1px solid #bbb }
    .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
    .sums { width: 70mm; margin: 4mm 0 6mm auto; break-inside: avoid }
    .sums tr:last-child { font-weight: bold }
    footer { margin-top: 8mm; font-size: 8pt; overflow-wrap: anywhere }
    footer span { display: block }

    """
}
