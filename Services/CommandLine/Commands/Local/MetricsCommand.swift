import API
import Metrics

/// `assay metrics`: the catalogue of metrics, without a server.
enum MetricsCommand {
  static let all = [metrics]

  static let metrics = Command(
    "metrics", "List tasks and their metrics, or explain one metric; needs no server",
    arguments: [Argument("METRIC", "explain this one, such as f1", required: false)],
    options: [Option("task", "TASK", "only of this task"), Option(flag: "csv", "print CSV")],
    examples: ["assay metrics --task tabular-classification", "assay metrics f1"], connects: false
  ) { call in
    let tasks = try tasks(call.arguments)
    var found = tasks.flatMap { MetricsCatalogue.metrics(for: $0) }
    if let id = call.arguments.optionalArgument("METRIC") {
      let wanted = String(id.map { $0 == "-" ? "_" : $0 })
      found = found.filter { $0.id == wanted }
      guard !found.isEmpty else { throw CommandFailure("no such metric: \(id)") }
    }
    let answer = EvaluationListMetricsResponse(metrics: found.map(message))
    let isOne = call.arguments.optionalArgument("METRIC") != nil
    let table = table(found)
    let text = isOne ? found.map(page).joined(separator: "\n\n") : table.text
    return Answer(
      text: found.isEmpty ? "no metrics for this task yet" : text, json: JSON.of(answer),
      table: table, message: answer
    ).csv(call.arguments.has("csv"))
  }

  private static func tasks(_ arguments: Arguments) throws -> [MetricTask] {
    guard let name = arguments["task"] else { return MetricTask.allCases }
    return [try MetricTask.typed(name, arguments)]
  }

  private static func table(_ metrics: [MetricDescription]) -> Table {
    Table(["task", "metric", "title", "best", "range", "parameters"], metrics) {
      [
        $0.task.name, $0.id, $0.title, best($0), $0.range.description,
        $0.parameters.map(\.name).joined(separator: ", "),
      ]
    }
  }

  private static func page(_ metric: MetricDescription) -> String {
    var facts = Facts()
    facts.add("metric", metric.id)
    facts.add("task", metric.task.name)
    facts.add("title", metric.title)
    facts.add("meaning", metric.summary)
    facts.add("ranking", metric.ranking)
    facts.add("range", metric.range.description)
    facts.add("computed from", metric.inputs.map(\.rawValue).joined(separator: ", "))
    facts.add("version", String(metric.version))
    guard !metric.parameters.isEmpty else { return facts.text }
    let table = Table(["parameter", "default", "values", "meaning"], metric.parameters) {
      [$0.name, $0.defaultValue?.description ?? "–", $0.expectation, $0.summary]
    }
    return facts.text + "\n\n" + table.text
  }

  private static func best(_ metric: MetricDescription) -> String {
    switch metric.direction {
    case .higher: "highest"
    case .lower: "lowest"
    case .lowerAbsolute: "nearest to 0"
    }
  }

  private static func message(_ metric: MetricDescription) -> EvaluationMetric {
    EvaluationMetric(
      task: EnumName.value(metric.task.name) ?? .unspecified, id: metric.id,
      displayName: metric.title, description: metric.summary,
      direction: metric.direction == .lowerAbsolute ? "lower_absolute" : metric.direction.rawValue,
      range: metric.range.description,
      parameters: metric.parameters.map {
        EvaluationMetricParameter(
          name: $0.name, defaultValue: $0.defaultValue?.description ?? "", limits: $0.expectation,
          description: $0.summary)
      },
      inputs: metric.inputs.map(\.rawValue), version: Int32(clamping: metric.version))
  }
}

extension MetricTask {
  /// The task that someone typed as an option's value.
  static func typed(_ name: String, _ arguments: Arguments) throws -> MetricTask {
    guard let task = MetricTask(name: name.lowercased()) else {
      throw arguments.wrong(
        "task", name, "one of " + allCases.map(\.name).joined(separator: ", "))
    }
    return task
  }
}
