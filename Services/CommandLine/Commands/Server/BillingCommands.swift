import API

/// `assay billing report` and `quote`: what compute costs.
enum BillingCommands {
  static let all = [report, quote]

  static let report = Command(
    "billing report", "Show what your tenant pays: PFLOP and euro on its use cases",
    details: """
      Months and days are those of the time zone of the tenant that pays, UTC unless it has set one.
      Usage at different prices, or in different tiers of one, never shares a line; each line is
      rounded once, half-even to the cent, and the total adds the rounded lines.
      """,
    options: [
      Option("use-case", "USE_CASE", "only this one: id or exact title"),
      Option("month", "YYYY-MM", "only this month; all time unless told"),
      Option(
        "by", "WHAT", "what makes a line (participant)",
        choices: ["tenant", "use-case", "participant", "run", "day"]),
      Option(flag: "own", "what your own teams used, whoever pays"),
      Option("tenant", "NAME", "another tenant (operators; all unless told)"),
      Option(flag: "csv", "print CSV"),
    ],
    examples: [
      "assay billing report --month 2026-11", "assay billing report --by day --csv > bill.csv",
      "assay billing report --own --by run",
    ]
  ) { call in
    var useCase = ""
    if let name = call.arguments["use-case"] { useCase = try await call.session.useCaseID(name) }
    let report = try await call.session.billing.getBillingReport(
      ComputeGetBillingReportRequest(
        useCaseId: useCase, month: call.arguments.text("month"),
        grouping: try call.arguments.choice("by") ?? .participant,
        ownUsage: call.arguments.has("own"), tenant: call.arguments.text("tenant")),
      options: call.session.callOptions)
    return Answer(
      text: BillingText.table(report), json: JSON.of(report), table: BillingText.complete(report),
      message: report
    ).csv(call.arguments.has("csv"))
  }

  static let quote = Command(
    "quote", "Say what a budget would cost, at the price now in force or another",
    options: [
      Option("participants", "N", "how many participants", required: true),
      Option("pflop", "N", "PFLOP for each, exact to six decimals", required: true),
      Option("reserve", "N", "PFLOP beside the participants' shares"),
      Option("at", "TIME", "at the price that is in force then"),
      Option("price", "VERSION", "at this price, see `assay price list`"),
    ],
    examples: [
      "assay quote --participants 10 --pflop 200",
      "assay quote --participants 10 --pflop 200 --at 2027-01-01",
    ]
  ) { call in
    let participants = try call.arguments.integer("participants", in: 1...Int32.max) ?? 0
    let gflop = try call.arguments.pflop("pflop") ?? 0
    let reserve = try call.arguments.pflop("reserve") ?? 0
    let quote = try await call.session.billing.quote(
      ComputeQuoteRequest(
        participants: participants, gflopEach: gflop, reserveGflop: reserve,
        priceTime: try call.arguments.time("at"), priceVersion: call.arguments.text("price")),
      options: call.session.callOptions)
    guard reserve != 0 || quote.parts.count > 1 else {
      let text = Euro.quote(
        participants: participants, gflopEach: gflop, gflopTotal: quote.gflopTotal,
        nanoEuroPerGFLOP: quote.nanoEuroPerGflop, eurTotal: quote.eurTotal)
      return Answer(quote, text: text)
    }
    let parts = Table(["#PFLOP", "#€/PFLOP"], quote.parts) {
      [PFLOP.text(gflop: $0.gflop), Euro.perPFLOP(nanoEuroPerGFLOP: $0.nanoEuroPerGflop)]
    }
    let total = "\(PFLOP.text(gflop: quote.gflopTotal)) PFLOP at \(quote.priceVersion)"
    return Answer(quote, parts, none: "nothing", footer: "\(total) = €\(quote.eurTotal)")
  }
}

/// The billing report as tables.
enum BillingText {
  /// For people: only the columns that some line has something in, and the total below.
  static func table(_ report: ComputeGetBillingReportResponse) -> String {
    guard !report.lines.isEmpty else { return "nothing was used, nothing is to pay" }
    let hasPayers = Set(report.lines.map(\.tenant)).count > 1
    let columns: [(String, (ComputeBillingLine) -> String)] = [
      ("paid by", { hasPayers ? $0.tenant : "" }),
      ("use case", { $0.useCaseTitle.isEmpty ? $0.useCaseId : $0.useCaseTitle }),
      ("participant", { $0.participantName }), ("tenant", { $0.participantTenant }),
      ("date", { $0.date }), ("run", { $0.runId }), ("#PFLOP", { $0.pflop }),
      ("#€/PFLOP", { Euro.perPFLOP(nanoEuroPerGFLOP: $0.nanoEuroPerGflop) }),
      ("#EUR", { $0.eur }),
    ]
    let used = columns.filter { _, cell in report.lines.contains { !cell($0).isEmpty } }
    var table = Table(used.map(\.0), report.lines) { line in used.map { $0.1(line) } }
    table.add(
      used.enumerated().map { index, column in
        switch column.0 {
        case "#PFLOP": report.pflopTotal
        case "#EUR": report.eurTotal
        default: index == 0 ? "total" : ""
        }
      })
    return table.text
  }

  /// For programs: every column, whatever the grouping.
  static func complete(_ report: ComputeGetBillingReportResponse) -> Table {
    Table(
      [
        "use case id", "use case title", "participant id", "participant name",
        "participant tenant", "date", "run id", "#PFLOP", "#GFLOP", "#nano euro per GFLOP",
        "price version", "#nano euro", "#EUR", "paying tenant",
      ], report.lines
    ) {
      [
        $0.useCaseId, $0.useCaseTitle, $0.participantId, $0.participantName, $0.participantTenant,
        $0.date, $0.runId, $0.pflop, String($0.gflop), String($0.nanoEuroPerGflop),
        $0.priceVersion, String($0.nanoEuro), $0.eur, $0.tenant,
      ]
    }
  }
}
