import API

/// `assay demo`: plays the whole thread on sample files and compares what comes out.
enum DemoCommand {
  static let all = [demo]

  static let demo = Command(
    "demo", "Play the whole thread on sample files and check every number (operators only)",
    details: """
      Creates five tenants with users and keys; for each folder of samples ingests the data, makes
      a private use case by its four steps, publishes it, and lets vendors join, train and submit.
      Exits with 1 unless every score, quote and bill is the expected one. Needs an installation
      without these tenants; deploy/quickstart makes one.
      """,
    options: [
      Option("samples", "DIR", "folder of sample folders with expected.json", required: true),
      Option("keys", "DIR", "folder to write the people's keys to, TENANT.key", required: true),
      Option(flag: "show-commands", "print each command as it would be typed"),
    ],
    examples: ["assay demo --samples deploy/samples --keys .assay/keys --key-file operator.key"]
  ) { call in
    let clock = ContinuousClock()
    let start = clock.now
    let shell = DemoShell(
      operator: call.session, keys: call.arguments.text("keys"), console: call.console,
      showsCommands: call.arguments.has("show-commands"))
    defer { shell.close() }
    let demo = Demo(
      shell: shell, samples: call.arguments.text("samples"), console: call.console)
    try await demo.play()
    let bill = try await demo.bill()
    let monitor = try await demo.monitor()
    guard demo.findings.faults.isEmpty else {
      throw CommandFailure("not everything came out as expected", faults: demo.findings.faults)
    }
    let elapsed = clock.now - start
    return Answer(
      text: text(demo, monitor, bill.answer),
      json: json(demo, billEUR: bill.eur, elapsed: elapsed))
  }

  private static func text(_ demo: Demo, _ monitor: [Answer], _ bill: Answer) -> String {
    let boards = demo.boards.map(\.board.text)
    // Two answers a use case: activity and budget.
    let monitors = demo.boards.enumerated().map { index, played in
      "\(played.useCase.title)\n\(monitor[2 * index].text)\n\n\(monitor[2 * index + 1].text)"
    }
    return [
      heading("Leaderboards"), boards.joined(separator: "\n\n"),
      heading("Activity and compute"), monitors.joined(separator: "\n\n"),
      heading("Billing report of \(DemoPlan.organiser.tenant)"), bill.text, "",
      "\(demo.findings.comparisons) comparisons with what must come out "
        + "(scores, ranks, quotes, bill, what strangers see): all equal.",
    ].joined(separator: "\n")
  }

  private static func heading(_ title: String) -> String {
    "\n\(title)\n" + String(repeating: "=", count: title.count)
  }

  private static func json(_ demo: Demo, billEUR: String, elapsed: Duration) -> String {
    let useCases = demo.boards.map { played in
      let board = played.board.message as? EvaluationGetLeaderboardResponse
      let entries = (board?.entries ?? []).map { entry in
        JSON.object([
          "rank": String(entry.rank), "participant": JSON.string(entry.participantName),
          "score": JSON.number(entry.score),
        ])
      }
      return JSON.object([
        "name": JSON.string(played.useCase.folder), "task": JSON.string(played.task),
        "metric": JSON.string(played.useCase.metric), "leaderboard": JSON.array(entries),
      ])
    }
    let milliseconds = elapsed / .milliseconds(1)
    return JSON.object([
      "use_cases": JSON.array(useCases), "quote_eur": JSON.string(demo.quoteEUR),
      "billed_eur": JSON.string(billEUR), "seconds": JSON.number(milliseconds.rounded() / 1000),
    ])
  }
}
