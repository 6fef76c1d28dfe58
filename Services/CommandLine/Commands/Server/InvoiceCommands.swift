import API

/// `assay invoice …`: what is owed, on paper.
enum InvoiceCommands {
  static let all =
    [list, show, draft, issue, credit, paid, unpaid, export] + BillingPartyCommands.all

  static let list = Command(
    "invoice list", "List your tenant's invoices and credit notes, newest first",
    options: [
      Option("tenant", "NAME", "another tenant (operators; all unless told)"),
      Option(flag: "csv", "print CSV"),
    ],
    examples: ["assay invoice list"]
  ) { call in
    let invoices = try await Pages.all { token in
      let page = try await call.session.invoices.listInvoices(
        ComputeListInvoicesRequest(
          tenant: call.arguments.text("tenant"), pageSize: Pages.size, pageToken: token),
        options: call.session.callOptions)
      return (page.invoices, page.nextPageToken)
    }
    let table = Table(
      ["number", "tenant", "month", "state", "issued", "due", "#net", "#VAT", "#EUR"], invoices
    ) {
      [
        $0.number, $0.tenant, $0.month, EnumName.text($0.state), $0.issueDate, $0.dueDate,
        $0.netEur, $0.taxEur, $0.totalEur,
      ]
    }
    return Answer(ComputeListInvoicesResponse(invoices: invoices), table, none: "no invoices")
      .csv(call.arguments.has("csv"))
  }

  static let show = Command(
    "invoice show", "Show an invoice and its lines",
    arguments: [Argument("NUMBER", "such as 2026-000001")],
    options: [Option(flag: "csv", "print the lines as CSV")],
    examples: ["assay invoice show 2026-000001"]
  ) { call in
    let invoice = try await call.session.invoices.getInvoice(
      ComputeGetInvoiceRequest(number: call.arguments.argument("NUMBER")),
      options: call.session.callOptions)
    return answer(invoice).csv(call.arguments.has("csv"))
  }

  static let draft = Command(
    "invoice draft", "Show what an invoice for a month would say now",
    details: """
      A draft is made anew each time, with all usage that has come in. Usage of earlier months that
      came in after their invoices is on it, marked with its month. What months have that were not
      billed yet will be on their own invoices.
      """,
    arguments: [Argument("YYYY-MM", "the month")],
    options: [
      Option("tenant", "NAME", "the tenant; your own unless you are an operator"),
      Option(flag: "csv", "print the lines as CSV"),
    ],
    examples: ["assay invoice draft 2026-11"]
  ) { call in
    let invoice = try await call.session.invoices.draftInvoice(
      ComputeDraftInvoiceRequest(
        tenant: call.arguments.text("tenant"), month: call.arguments.argument("YYYY-MM")),
      options: call.session.callOptions)
    return answer(invoice).csv(call.arguments.has("csv"))
  }

  static let issue = Command(
    "invoice issue", "Issue the invoice of a tenant's month that is over (operators only)",
    details: """
      Once issued it never changes. Issuing again shows the invoice that there is. Months that have
      usage are issued in their order. With --draft,
      nothing is issued if the usage is not what the draft with that digest showed.
      """,
    arguments: [Argument("YYYY-MM", "the month")],
    options: [
      Option("tenant", "NAME", "the tenant that pays", required: true),
      Option("draft", "DIGEST", "of the draft that was looked at"),
    ],
    examples: ["assay invoice issue 2026-11 --tenant clinic"]
  ) { call in
    let invoice = try await call.session.invoices.issueInvoice(
      ComputeIssueInvoiceRequest(
        tenant: call.arguments.text("tenant"), month: call.arguments.argument("YYYY-MM"),
        draftDigest: call.arguments.text("draft")),
      options: call.session.callOptions)
    return answer(invoice)
  }

  static let credit = Command(
    "invoice credit", "Take an invoice back by a credit note (operators only)",
    details: """
      What was taken back without --reissue can be issued anew later, once, by the same command
      with it.
      """,
    arguments: [Argument("NUMBER", "the invoice")],
    options: [
      Option("reason", "TEXT", "printed on the note", required: true),
      Option(
        flag: "reissue", "issue the same usage anew, to the buyer and by the seller of now"),
    ],
    examples: ["assay invoice credit 2026-000001 --reason \"wrong address\" --reissue"]
  ) { call in
    let response = try await call.session.invoices.creditInvoice(
      ComputeCreditInvoiceRequest(
        number: call.arguments.argument("NUMBER"), reason: call.arguments.text("reason"),
        reissue: call.arguments.has("reissue")),
      options: call.session.callOptions)
    let parts = [response.creditNote, response.invoice].compactMap { $0 }.map { answer($0).text }
    return Answer(response, text: parts.joined(separator: "\n\n"))
  }

  static let paid = Command(
    "invoice paid", "Say that an invoice was paid (operators only)",
    arguments: [Argument("NUMBER", "the invoice")],
    options: [Option("date", "YYYY-MM-DD", "when; today unless told")],
    examples: ["assay invoice paid 2026-000001 --date 2026-12-10"]
  ) { call in
    let invoice = try await call.session.invoices.setInvoicePaid(
      ComputeSetInvoicePaidRequest(
        number: call.arguments.argument("NUMBER"), paidDate: call.arguments.text("date")),
      options: call.session.callOptions)
    return Answer(invoice, text: "\(invoice.number): paid on \(invoice.paidDate)")
  }

  static let unpaid = Command(
    "invoice unpaid", "Take back that an invoice was paid (operators only)",
    details: """
      For what was said by mistake: what was said stays on record, and so does the reason. Say the
      right day by paid after it.
      """,
    arguments: [Argument("NUMBER", "the invoice")],
    options: [Option("reason", "TEXT", "why; kept", required: true)],
    examples: ["assay invoice unpaid 2026-000001 --reason \"was 2026-000010\""]
  ) { call in
    let invoice = try await call.session.invoices.setInvoicePaid(
      ComputeSetInvoicePaidRequest(
        number: call.arguments.argument("NUMBER"), notPaid: true,
        reason: call.arguments.text("reason")),
      options: call.session.callOptions)
    return Answer(invoice, text: "\(invoice.number): \(EnumName.text(invoice.state))")
  }

  static let export = Command(
    "invoice export", "Print an invoice as HTML for paper, or as an electronic invoice",
    details: """
      ubl is UBL 2.1 with the meaning of EN 16931, which the buyer's software can read. html is one
      file that loads nothing; a browser prints it on A4.
      """,
    arguments: [Argument("NUMBER", "the invoice or credit note")],
    options: [
      Option("format", "FORMAT", "of the document", required: true, choices: ["html", "ubl"])
    ],
    examples: ["assay invoice export 2026-000001 --format ubl > 2026-000001.xml"]
  ) { call in
    let document = try await call.session.invoices.renderInvoice(
      ComputeRenderInvoiceRequest(
        number: call.arguments.argument("NUMBER"),
        format: try call.arguments.choice("format") ?? .unspecified),
      options: call.session.callOptions)
    var text = document.content
    if text.hasSuffix("\n") { text.removeLast() }
    return Answer(document, text: text)
  }

  /// An invoice as its head, its lines and its sums.
  static func answer(_ invoice: ComputeInvoice) -> Answer {
    var facts = Facts()
    facts.add("number", invoice.number)
    facts.add("state", EnumName.text(invoice.state))
    facts.add("tenant", invoice.tenant)
    facts.add("month", invoice.month)
    facts.add("issued", invoice.issueDate)
    facts.add("due", invoice.dueDate)
    facts.add("paid", invoice.paidDate)
    facts.add("buyer", invoice.buyer?.name ?? "")
    facts.add("VAT id", invoice.buyer?.vatId ?? "")
    facts.add("confirmed", invoice.buyerConfirmation?.evidence ?? "")
    facts.add("reference", invoice.buyerReference)
    facts.add("corrects", invoice.corrects)
    facts.add("reason", invoice.reason)
    facts.add("digest", invoice.digest)
    let lines = Table(
      [
        "use case", "participant", "month", "late", "price", "#PFLOP", "#€/PFLOP", "#VAT %",
        "#EUR",
      ],
      invoice.lines
    ) {
      [
        name($0.useCaseTitle, $0.useCaseId), name($0.participantName, $0.participantId), $0.month,
        $0.isLate ? "late" : "", $0.priceVersion, $0.pflop,
        Euro.perPFLOP(nanoEuroPerGFLOP: $0.nanoEuroPerGflop), $0.vatPercent, $0.eur,
      ]
    }
    let tax = taxText(invoice)
    let sums =
      "net €\(invoice.netEur), VAT €\(invoice.taxEur)\(tax), total €\(invoice.totalEur)"
    let body = lines.rows.isEmpty ? "nothing was used" : lines.text
    var text = "\(facts.text)\n\n\(body)\n\n\(sums)"
    if let outside = invoice.outsideScope {
      text += "\n\nWith it, outside the scope of VAT:\n\n\(answer(outside).text)"
    }
    return Answer(text: text, json: JSON.of(invoice), table: lines, message: invoice)
  }

  private static func name(_ name: String, _ id: String) -> String {
    // The server adds up where there are too many lines.
    name.isEmpty ? (id.isEmpty ? "all" : id) : name
  }

  /// Why the VAT of an invoice is what it is.
  private static func taxText(_ invoice: ComputeInvoice) -> String {
    guard invoice.vatReason.isEmpty else { return " (\(invoice.vatReason))" }
    let parts = invoice.vatSubtotals
    guard parts.count > 1 else { return parts.first.map { " (\($0.percent) %)" } ?? "" }
    let texts = parts.map { "\($0.percent) % of €\($0.netEur): €\($0.taxEur)" }
    return " (\(texts.joined(separator: ", ")))"
  }
}
