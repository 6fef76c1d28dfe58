import ComputeDomain

// What every form of an invoice says in the same words.

extension Invoice {
  var isCreditNote: Bool { content.kind == .creditNote }

  var title: String { isCreditNote ? "Credit note" : "Invoice" }

  /// The first and last day of what was used: late usage begins before the month.
  var period: (first: UTCDay, last: UTCDay) {
    let first = content.lines.map(\.month.firstDay).min() ?? content.month.firstDay
    return (min(first, content.month.firstDay), content.month.lastDay)
  }

  /// What it has to do with the invoice that it names, and why.
  var correctionText: String {
    guard !content.corrects.isEmpty else { return "" }
    let what = isCreditNote ? "Takes back invoice" : "Replaces invoice"
    let reason = content.reason.isEmpty ? "" : ": \(content.reason)"
    return "\(what) \(content.corrects)\(reason)"
  }

  var paymentText: String {
    isCreditNote
      ? "The amount is credited to you." : "Payable by \(due.text) without deduction."
  }
}

extension UsageLine {
  var title: String {
    let useCase = useCaseTitle.isEmpty ? self.useCase : useCaseTitle
    let participant = participantName.isEmpty ? self.participant : participantName
    // Long invoices add up.
    let names = [
      useCase.isEmpty ? "all use cases" : useCase,
      participant.isEmpty ? "all participants" : participant,
    ]
    return "Compute: \(names.joined(separator: ", "))"
  }

  /// Euro for a PFLOP, exactly: "0.025".
  var pricePerPFLOP: String {
    let (whole, rest) = nanoEuroPerGFLOP.quotientAndRemainder(dividingBy: 1_000)
    guard rest > 0 else { return "\(whole)" }
    var digits = String(rest + 1_000).dropFirst()
    while digits.last == "0" { digits.removeLast() }
    return "\(whole).\(digits)"
  }
}

extension InvoiceDraft {
  /// A party's VAT id, if it may be named: outside the scope of VAT none may (BR-O-02).
  func vatID(of party: Party) -> String {
    lines.contains { $0.vat.category == .outOfScope } ? "" : party.vatID
  }
}

extension VATTreatment {
  /// "19 %"; a dash outside the scope of VAT, where there is no rate.
  var rateText: String { category == .outOfScope ? "–" : "\(percentText) %" }
}
