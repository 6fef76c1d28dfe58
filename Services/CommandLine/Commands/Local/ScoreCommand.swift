import Metrics

/// `assay score`: a predictions file against a truth file, here and now, without a server.
enum ScoreCommand {
  static let all = [score]

  static let score = Command(
    "score", "Score a predictions file against the truth; needs no server",
    details: """
      The same code computes the scores on the server. A parameter goes to every metric named that
      has it. Without --metric, all metrics that the file's columns allow are computed, and for
      detected objects also the numbers that COCO's evaluator prints.
      """,
    options: [
      Option("task", "TASK", "such as tabular-classification; see `assay metrics`", required: true),
      Option("truth", "FILE", "the true values", required: true),
      Option("predictions", "FILE", "the predictions", required: true),
      Option("metric", "METRIC", "such as f1; all that are possible unless told", repeats: true),
      Option("param", "NAME=VALUE", "a parameter, such as average=macro", repeats: true),
      Option(
        "classes", "A,B,…",
        "class order, the last of two being the positive one; that of the "
          + "predictions' columns unless told"),
      Option("ignore-index", "N", "the label of pixels that count nowhere"),
      Option(flag: "logits", "scores in NPY arrays are logits; probabilities unless told"),
      Option("train", "FILE", "training data, for metrics that compare with the past"),
      Option(flag: "csv", "print CSV"),
    ],
    examples: [
      "assay score --task tabular-regression --truth truth.csv --predictions mine.csv",
      """
      assay score --task tabular-classification --truth truth.csv --predictions mine.csv \\
          --metric f1 --param average=macro --json
      """,
    ], connects: false
  ) { call in
    let arguments = call.arguments
    var request = LocalScores.Request(
      task: try MetricTask.typed(arguments.text("task"), arguments),
      truth: arguments.text("truth"), predictions: arguments.text("predictions"))
    request.history = arguments["train"]
    request.classes = try classes(arguments)
    request.ignoreIndex = try arguments["ignore-index"].map { text in
      guard let index = Int32(text) else {
        throw CommandFailure("--ignore-index \(text) is not a whole number")
      }
      return index
    }
    request.areLogits = arguments.has("logits")
    request.metrics = arguments.separated("metric")
    request.parameters = try arguments.pairs("param")
    let scores = try LocalScores(request)
    let table = Table(["metric", "#value", "note"], scores.scores) {
      [name($0), $0.value.map { String($0) } ?? "–", note($0, scores.classes)]
    }
    var text = table.text
    if let summary = scores.summary { text += "\n\n" + coco(summary).text }
    return Answer(text: text, json: json(scores), table: table)
      .csv(arguments.has("csv"))
  }

  /// The declared classes; nil without declaration, which an empty list is not.
  private static func classes(_ arguments: Arguments) throws -> [String]? {
    guard let text = arguments["classes"] else { return nil }
    let names = arguments.separated("classes")
    guard !names.isEmpty else {
      throw arguments.wrong("classes", text, "the names of the classes, such as cat,dog")
    }
    return names
  }

  private static func name(_ score: LocalScores.Score) -> String {
    score.metric.id + UseCaseText.parameters(score.parameters)
  }

  private static func note(_ score: LocalScores.Score, _ classes: [String]) -> String {
    switch score.result {
    case .error(let text): text
    case .outcome(.undefined(let reason)): "undefined: \(reason.explanation)"
    case .outcome(.values(let values, _)):
      zip(classes, values).map { "\($0): \($1.map { String($0) } ?? "–")" }.joined(separator: ", ")
    case .outcome(.value): ""
    }
  }

  /// The numbers of COCO's evaluator, in its order.
  private static func coco(_ summary: COCOSummary) -> Table {
    Table(["COCO", "#value", "what"], summary.entries) {
      [$0.name, $0.outcome.rankValue.map { String($0) } ?? "–", $0.text]
    }
  }

  private static func coco(_ summary: COCOSummary?) -> String {
    guard let summary else { return "null" }
    return JSON.array(
      summary.entries.map {
        JSON.object([
          "name": JSON.string($0.name), "value": JSON.number($0.outcome.rankValue),
        ])
      })
  }

  private static func json(_ scores: LocalScores) -> String {
    JSON.object([
      "task": JSON.string(scores.task.name), "rows": String(scores.rowCount),
      "classes": JSON.array(scores.classes.map(JSON.string)),
      "scores": JSON.array(scores.scores.map { json($0, scores.classes) }),
      "coco": coco(scores.summary),
    ])
  }

  private static func json(_ score: LocalScores.Score, _ classes: [String]) -> String {
    let parameters = score.parameters.sorted { $0.key < $1.key }
      .map { "\(JSON.string($0.key)):\(JSON.string($0.value))" }.joined(separator: ",")
    var reason = "null"
    var error = "null"
    var values = "null"
    switch score.result {
    case .error(let text): error = JSON.string(text)
    case .outcome(.undefined(let undefined)): reason = JSON.string(undefined.rawValue)
    case .outcome(.values(let all, _)): values = JSON.array(all.map(JSON.number))
    case .outcome(.value): break
    }
    return JSON.object([
      "metric": JSON.string(score.metric.id), "parameters": "{\(parameters)}",
      "value": JSON.number(score.value), "class_values": values, "undefined": reason,
      "error": error,
    ])
  }
}
