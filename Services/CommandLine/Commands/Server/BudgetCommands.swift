import API
import Foundation
import RPC

/// `assay budget …`: compute, who has it, and how far it goes.
enum BudgetCommands {
  static let all = [
    budget, allocate, transfer, topUp, reserve, thresholds, alerts, forecast,
  ]

  private static let keyOption = Option(
    "idempotency-key", "TEXT", "the same key again is the same command, not another one")

  static let budget = Command(
    "budget", "Show the compute budget of a use case and its allocations",
    arguments: [UseCaseCommands.useCaseArgument], options: [Option(flag: "csv", "print CSV")],
    examples: ["assay budget uc_abcdefghijklmnop"]
  ) { call in
    let id = try await call.session.useCaseID(call.arguments.argument("USE_CASE"))
    let budget = try await call.session.budgets.getBudget(
      ComputeGetBudgetRequest(useCaseId: id), options: call.session.callOptions)
    return answer(budget).csv(call.arguments.has("csv"))
  }

  static let allocate = Command(
    "budget allocate", "Set what one participant may use in all",
    details: """
      More comes out of the reserve, then of what nobody has yet; less goes into the reserve. Where
      live runs hold what is taken away, the youngest are stopped. 0 takes back what is not used.
      """,
    arguments: [UseCaseCommands.useCaseArgument],
    options: [
      Option("participant", "ID", "whose allocation", required: true),
      Option("pflop", "N", "what it is to be, what is used included", required: true), keyOption,
    ],
    examples: ["assay budget allocate uc_abcdefghijklmnop --participant par_abc --pflop 250"]
  ) { call in
    let request = ComputeSetAllocationRequest(
      useCaseId: try await call.session.useCaseID(call.arguments.argument("USE_CASE")),
      participantId: call.arguments.text("participant"),
      gflop: try call.arguments.pflop("pflop") ?? 0, idempotencyKey: key(call))
    return answer(
      try await call.session.budgets.setAllocation(request, options: call.session.callOptions))
  }

  static let transfer = Command(
    "budget transfer", "Move free compute from one participant to another",
    arguments: [UseCaseCommands.useCaseArgument],
    options: [
      Option("from", "ID", "the participant that gives", required: true),
      Option("to", "ID", "the participant that gets", required: true),
      Option("pflop", "N", "how much", required: true), keyOption,
    ],
    examples: ["assay budget transfer uc_abcdefghijklmnop --from par_a --to par_b --pflop 20"]
  ) { call in
    let request = ComputeTransferAllocationRequest(
      useCaseId: try await call.session.useCaseID(call.arguments.argument("USE_CASE")),
      fromParticipantId: call.arguments.text("from"), toParticipantId: call.arguments.text("to"),
      gflop: try call.arguments.pflop("pflop") ?? 0, idempotencyKey: key(call))
    return answer(
      try await call.session.budgets.transferAllocation(
        request, options: call.session.callOptions))
  }

  static let topUp = Command(
    "budget top-up", "Add compute to a budget: to the reserve, or to one participant",
    arguments: [UseCaseCommands.useCaseArgument],
    options: [
      Option("pflop", "N", "how much is added", required: true),
      Option("participant", "ID", "who gets it; the reserve unless told"), keyOption,
    ],
    examples: ["assay budget top-up uc_abcdefghijklmnop --pflop 500 --idempotency-key order-77"]
  ) { call in
    let request = ComputeTopUpRequest(
      useCaseId: try await call.session.useCaseID(call.arguments.argument("USE_CASE")),
      participantId: call.arguments.text("participant"),
      gflop: try call.arguments.pflop("pflop") ?? 0, idempotencyKey: key(call))
    return answer(
      try await call.session.budgets.topUp(request, options: call.session.callOptions))
  }

  static let reserve = Command(
    "budget reserve", "Set how much is kept back for later",
    arguments: [UseCaseCommands.useCaseArgument],
    options: [
      Option("pflop", "N", "what the reserve is to be, out of what nobody has", required: true),
      keyOption,
    ],
    examples: ["assay budget reserve uc_abcdefghijklmnop --pflop 100"]
  ) { call in
    let request = ComputeSetReserveRequest(
      useCaseId: try await call.session.useCaseID(call.arguments.argument("USE_CASE")),
      gflop: try call.arguments.pflop("pflop") ?? 0, idempotencyKey: key(call))
    return answer(
      try await call.session.budgets.setReserve(request, options: call.session.callOptions))
  }

  static let thresholds = Command(
    "budget thresholds", "Set the parts of budget and allocations that alerts tell of",
    arguments: [
      UseCaseCommands.useCaseArgument,
      Argument(
        "PERCENT", "such as 50 80 100; none turns alerts off", required: false, repeats: true),
    ],
    examples: ["assay budget thresholds uc_abcdefghijklmnop 50 80 100"]
  ) { call in
    let percents = try call.arguments.argumentList("PERCENT").map { word in
      guard let percent = Int32(word) else {
        throw CommandFailure("\(word) is no whole number of percent")
      }
      return percent
    }
    let request = ComputeSetThresholdsRequest(
      useCaseId: try await call.session.useCaseID(call.arguments.argument("USE_CASE")),
      thresholds: percents)
    return answer(
      try await call.session.budgets.setThresholds(request, options: call.session.callOptions))
  }

  static let alerts = Command(
    "budget alerts", "List the alerts that were told: your own, or, for its owner, all",
    details: """
      With --watch it goes on, and prints each alert as soon as it is told, a line or JSON object
      each, until it is ended; an interruption of the connection or the service it survives by
      itself. --after takes it up where it ended, so that none is lost and none is told twice.
      """,
    arguments: [UseCaseCommands.useCaseArgument],
    options: [
      Option(flag: "csv", "print CSV"), Option(flag: "watch", "go on as alerts are told"),
      Option("after", "ID", "only alerts after this one, the last that was seen"),
    ],
    examples: [
      "assay budget alerts uc_abcdefghijklmnop",
      "assay budget alerts uc_abcdefghijklmnop --watch --json --after 17",
    ]
  ) { call in
    let id = try await call.session.useCaseID(call.arguments.argument("USE_CASE"))
    let after = try call.arguments.integer("after", in: 0...Int64.max) ?? 0
    if call.arguments.has("watch") {
      try await watchAlerts(ComputeWatchAlertsRequest(useCaseId: id, afterId: after), call)
      return Answer(text: "", json: "")
    }
    var all: [ComputeAlert] = []
    while true {
      let page = try await call.session.budgets.listAlerts(
        ComputeListAlertsRequest(
          useCaseId: id, afterId: all.last?.id ?? after, pageSize: Pages.size),
        options: call.session.callOptions)
      all += page.alerts
      if page.alerts.count < Int(Pages.size) { break }
    }
    let table = Table(["id", "time", "of", "#percent", "#used PFLOP", "#total PFLOP"], all) {
      [
        "\($0.id)", UTCTime.text($0.time), subject(of: $0), "\($0.threshold)",
        PFLOP.text(gflop: $0.usedGflop), PFLOP.text(gflop: $0.totalGflop),
      ]
    }
    return Answer(ComputeListAlertsResponse(alerts: all), table, none: "no alerts yet")
      .csv(call.arguments.has("csv"))
  }

  private static func watchAlerts(
    _ request: ComputeWatchAlertsRequest, _ call: Invocation
  ) async throws {
    let isJSON = call.arguments.has("json")
    var request = request
    try await call.watching { options in
      try await call.session.budgets.watchAlerts(request, options: options) { alerts in
        while let alert = try await alerts.next() {
          call.console.out((isJSON ? JSON.of(alert) : line(alert)) + "\n")
          request.afterId = alert.id
        }
      }
    }
  }

  private static func line(_ alert: ComputeAlert) -> String {
    "\(alert.id)  \(UTCTime.text(alert.time))  \(Printable.text(subject(of: alert)))  "
      + "\(alert.threshold) %: \(PFLOP.text(gflop: alert.usedGflop)) of "
      + "\(PFLOP.text(gflop: alert.totalGflop)) PFLOP"
  }

  private static func subject(of alert: ComputeAlert) -> String {
    alert.participantId.isEmpty ? "the whole budget" : alert.participantName
  }

  static let forecast = Command(
    "budget forecast", "Say where the budget goes if it is used on as in the last seven days",
    arguments: [UseCaseCommands.useCaseArgument],
    examples: ["assay budget forecast uc_abcdefghijklmnop"]
  ) { call in
    let id = try await call.session.useCaseID(call.arguments.argument("USE_CASE"))
    let forecast = try await call.session.budgets.getForecast(
      ComputeGetForecastRequest(useCaseId: id), options: call.session.callOptions)
    var facts = Facts()
    facts.add("budget", PFLOP.text(gflop: forecast.budgetGflop) + " PFLOP")
    facts.add("used", PFLOP.text(gflop: forecast.usedGflop) + " PFLOP")
    facts.add("each day", PFLOP.text(gflop: forecast.gflopPerDay) + " PFLOP")
    facts.add("end", UTCTime.text(forecast.endTime))
    facts.add(
      "used at the end", forecast.gflopAtEnd.map { PFLOP.text(gflop: $0) + " PFLOP" } ?? "")
    facts.add(
      "used up", forecast.exhaustedTime == nil ? "never" : UTCTime.text(forecast.exhaustedTime))
    return Answer(forecast, text: facts.text)
  }

  private static func key(_ call: Invocation) -> String {
    call.arguments["idempotency-key"] ?? UUID().uuidString.lowercased()
  }

  private static func answer(_ budget: ComputeGetBudgetResponse) -> Answer {
    let table = Table(
      [
        "participant", "#allocation PFLOP", "#used PFLOP", "#held PFLOP", "#free PFLOP", "id",
      ], budget.allocations
    ) { line in
      [line.participantName]
        + [line.allocationGflop, line.usedGflop, line.heldGflop, line.freeGflop].map {
          PFLOP.text(gflop: $0)
        } + [line.participantId]
    }
    var totals =
      "budget \(PFLOP.text(gflop: budget.budgetGflop)) PFLOP, "
      + "allocated \(PFLOP.text(gflop: budget.allocatedGflop)), "
      + "used \(PFLOP.text(gflop: budget.usedGflop)), held \(PFLOP.text(gflop: budget.heldGflop))"
    if budget.reserveGflop != 0 {
      totals += ", reserve \(PFLOP.text(gflop: budget.reserveGflop))"
    }
    return Answer(budget, table, none: "no allocations yet", footer: totals)
  }
}
