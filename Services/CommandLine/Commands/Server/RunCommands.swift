import API
import Foundation
import RPC

/// `assay run …`: training that is metered in PFLOP.
enum RunCommands {
  static let all = [start, report, finish, pause, resume, stop, show, list, watch]

  private static let runArgument = Argument("RUN", "id of the run")
  private static let usage: [Option] = [
    Option(
      "provenance", "WORD", "how the amount is known (declared)",
      choices: ["measured", "estimated", "declared"]),
    Option("meter", "NAME", "name of the meter, such as nvml"),
    Option("idempotency-key", "TEXT", "the same key again is the same command, not another one"),
  ]

  static let start = Command(
    "run start", "Start a training run; compute is held from your allocation",
    options: [
      Option("use-case", "USE_CASE", "id or exact title", required: true),
      Option("note", "TEXT", "what is trained"),
      Option("gflop-per-second", "N", "expected speed, which sizes what is held at once"),
      Option("idempotency-key", "TEXT", "the same key again is the same run, not another one"),
    ],
    examples: ["assay run start --use-case uc_abcdefghijklmnop --note \"random forest\""]
  ) { call in
    let id = try await call.session.useCaseID(call.arguments.text("use-case"))
    let balance = try await call.session.runs.startRun(
      ComputeStartRunRequest(
        useCaseId: id,
        gflopPerSecond: try call.arguments.integer("gflop-per-second", in: 0...Int64.max) ?? 0,
        note: call.arguments.text("note"), idempotencyKey: key(call)),
      options: call.session.callOptions)
    return Answer(balance, text: text(balance))
  }

  static let report = Command(
    "run report", "Report all that a run has used since it began",
    details: """
      The amount is a counter that only grows: reports that come late, twice or out of order change
      nothing. Exits with 0 also when the run must stop; `stop` in the JSON, and the text, say so.
      """,
    arguments: [runArgument],
    options: [Option("pflop", "TOTAL", "PFLOP used since the run began", required: true)] + usage,
    examples: ["assay run report run_abcdefghijklmnop --pflop 41.5 --provenance measured"]
  ) { call in
    let balance = try await call.session.runs.reportUsage(
      ComputeReportUsageRequest(
        runId: call.arguments.argument("RUN"), totalGflop: try call.arguments.pflop("pflop") ?? 0,
        provenance: try call.arguments.choice("provenance") ?? .declared,
        meter: call.arguments.text("meter"), idempotencyKey: key(call)),
      options: call.session.callOptions)
    return Answer(balance, text: text(balance))
  }

  static let finish = Command(
    "run finish", "Finish a run: what it used is settled, the rest is given back",
    arguments: [runArgument],
    options: [Option("pflop", "TOTAL", "last counter; the last one reported unless told")] + usage,
    examples: ["assay run finish run_abcdefghijklmnop --pflop 57.25"]
  ) { call in
    let balance = try await call.session.runs.finishRun(
      ComputeFinishRunRequest(
        runId: call.arguments.argument("RUN"), totalGflop: try call.arguments.pflop("pflop") ?? 0,
        provenance: try call.arguments.choice("provenance") ?? .declared,
        meter: call.arguments.text("meter"), idempotencyKey: key(call)),
      options: call.session.callOptions)
    return Answer(balance, text: text(balance))
  }

  static let pause = Command(
    "run pause", "Pause a run: what it holds is free until it is resumed",
    arguments: [runArgument], options: [Option("reason", "TEXT", "shown to the participant")],
    examples: ["assay run pause run_abcdefghijklmnop --reason \"maintenance\""]
  ) { call in
    let balance = try await call.session.runs.pauseRun(
      ComputePauseRunRequest(
        runId: call.arguments.argument("RUN"), reason: call.arguments.text("reason")),
      options: call.session.callOptions)
    return Answer(balance, text: text(balance))
  }

  static let resume = Command(
    "run resume", "Resume a run that was paused", arguments: [runArgument],
    examples: ["assay run resume run_abcdefghijklmnop"]
  ) { call in
    let balance = try await call.session.runs.resumeRun(
      ComputeResumeRunRequest(runId: call.arguments.argument("RUN")),
      options: call.session.callOptions)
    return Answer(balance, text: text(balance))
  }

  static let stop = Command(
    "run stop", "Stop a run, as the use case's owner or its own participant",
    arguments: [runArgument], options: [Option("reason", "TEXT", "shown to the participant")],
    examples: ["assay run stop run_abcdefghijklmnop --reason \"the data was corrected\""]
  ) { call in
    let balance = try await call.session.runs.stopRun(
      ComputeStopRunRequest(
        runId: call.arguments.argument("RUN"), reason: call.arguments.text("reason")),
      options: call.session.callOptions)
    return Answer(balance, text: text(balance))
  }

  static let show = Command(
    "run show", "Show a run and its participant's allocation", arguments: [runArgument],
    examples: ["assay run show run_abcdefghijklmnop"]
  ) { call in
    let balance = try await call.session.runs.getRun(
      ComputeGetRunRequest(id: call.arguments.argument("RUN")), options: call.session.callOptions)
    return Answer(balance, text: text(balance))
  }

  static let list = Command(
    "run list", "List a use case's runs: your own, or, for its owner, all",
    arguments: [UseCaseCommands.useCaseArgument], options: [Option(flag: "csv", "print CSV")],
    examples: ["assay run list uc_abcdefghijklmnop"]
  ) { call in
    let id = try await call.session.useCaseID(call.arguments.argument("USE_CASE"))
    let runs = try await Pages.all { token in
      let page = try await call.session.runs.listRuns(
        ComputeListRunsRequest(useCaseId: id, pageSize: Pages.size, pageToken: token),
        options: call.session.callOptions)
      return (page.runs, page.nextPageToken)
    }
    let table = Table(
      ["id", "participant", "state", "#used PFLOP", "#held PFLOP", "started", "ended", "note"], runs
    ) {
      [
        $0.id, $0.participantName, EnumName.text($0.state), PFLOP.text(gflop: $0.usedGflop),
        PFLOP.text(gflop: $0.heldGflop), UTCTime.text($0.startTime), UTCTime.text($0.endTime),
        $0.note,
      ]
    }
    return Answer(ComputeListRunsResponse(runs: runs), table, none: "no runs")
      .csv(call.arguments.has("csv"))
  }

  static let watch = Command(
    "run watch", "Follow a run until it ends; one line, or JSON object, at each change",
    details: "Goes on by itself when the connection or the service is interrupted for a while.",
    arguments: [runArgument], examples: ["assay run watch run_abcdefghijklmnop"]
  ) { call in
    let request = ComputeWatchRunRequest(runId: call.arguments.argument("RUN"))
    let isJSON = call.arguments.has("json")
    var last: ComputeRunBalance?
    try await call.watching { options in
      try await call.session.runs.watchRun(request, options: options) { balances in
        while let balance = try await balances.next() {
          // After an interruption the balance comes first, though nothing has changed.
          guard balance != last else { continue }
          call.console.out((isJSON ? JSON.of(balance) : line(balance)) + "\n")
          last = balance
        }
      }
    }
    return Answer(text: "", json: "")
  }

  /// The key given, or a new one.
  private static func key(_ call: Invocation) -> String {
    call.arguments["idempotency-key"] ?? UUID().uuidString.lowercased()
  }

  private static func line(_ balance: ComputeRunBalance) -> String {
    let run = balance.run ?? ComputeRun()
    let reason = run.stateReason.isEmpty ? "" : " (\(Printable.text(run.stateReason)))"
    return "\(run.id)  \(EnumName.text(run.state))\(reason)  "
      + "used \(PFLOP.text(gflop: run.usedGflop)) PFLOP, "
      + "free \(PFLOP.text(gflop: balance.allocationFreeGflop)) PFLOP"
  }

  private static func text(_ balance: ComputeRunBalance) -> String {
    let run = balance.run ?? ComputeRun()
    var facts = Facts()
    facts.add("run", run.id)
    facts.add("use case", run.useCaseId)
    facts.add("participant", run.participantName)
    facts.add("state", EnumName.text(run.state))
    facts.add("because", run.stateReason)
    facts.add("used", PFLOP.text(gflop: run.usedGflop) + " PFLOP")
    facts.add("held", PFLOP.text(gflop: run.heldGflop) + " PFLOP")
    facts.add("allocation", PFLOP.text(gflop: balance.allocationGflop) + " PFLOP")
    facts.add("still free", PFLOP.text(gflop: balance.allocationFreeGflop) + " PFLOP")
    facts.add("must stop", balance.stop ? "yes" : "")
    return facts.text
  }
}
