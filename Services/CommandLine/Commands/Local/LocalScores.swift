import Formats
import Foundation
import Metrics

/// Scores of one predictions file, computed here.
struct LocalScores: Sendable {
  struct Score: Sendable {
    enum Result: Sendable {
      case outcome(MetricOutcome)
      /// The file's columns do not allow the metric, or the metric refused the data.
      case error(String)
    }

    let metric: MetricDescription
    /// As they were typed; what is not here has its default.
    let parameters: [String: String]
    let result: Result

    /// The number to compare and rank by.
    var value: Double? {
      if case .outcome(let outcome) = result { outcome.rankValue } else { nil }
    }
  }

  let task: MetricTask
  let rowCount: Int
  let classes: [String]
  let scores: [Score]
  /// What COCO's evaluator would print; only if all metrics were asked for, and of objects.
  let summary: COCOSummary?

  /// What to score, all by files.
  struct Request {
    let task: MetricTask
    let truth: String
    let predictions: String
    /// Training data, for metrics that compare with the past.
    var history: String?
    /// Class order; nil takes the order of the predictions' class columns.
    var classes: [String]?
    /// The label of pixels that count nowhere.
    var ignoreIndex: Int32?
    /// Scores in arrays are logits, not probabilities.
    var areLogits = false
    /// Empty means all that the columns allow.
    var metrics: [String] = []
    var parameters: [String: String] = [:]

    var options: PredictionOptions {
      var options = PredictionOptions()
      options.classOrder = classes == nil ? .predictionColumns : .truth
      options.allowsReportedLoss = true
      options.areLogits = areLogits
      return options
    }
  }

  /// All cores: the result does not depend on how many there are.
  private static let workers = ProcessInfo.processInfo.activeProcessorCount

  /// Reads the files and computes.
  ///
  /// - Throws: `CommandFailure` with each fault's place if a file cannot be used, or if a metric
  ///   that was asked for by name cannot be computed.
  init(_ request: Request) throws {
    let truth = try Self.reading(request.truth) {
      try DatasetReader.read(
        path: request.truth, task: request.task, classes: request.classes,
        ignoreIndex: request.ignoreIndex, workers: Self.workers)
    }
    let history = try request.history.map { path in
      try Self.reading(path) { try DatasetReader.read(path: path, task: request.task) }
    }
    let predictions = try Self.reading(request.predictions) {
      try PredictionsReader.read(
        path: request.predictions, for: truth, options: request.options, workers: Self.workers)
    }
    let input = try Self.reading(request.predictions) {
      try ScoringInput(truth, predictions, history: history)
    }
    task = request.task
    rowCount = truth.rowCount
    classes = predictions.classes.isEmpty ? truth.classes : predictions.classes
    scores = try Self.chosen(request, input).map { try Self.score($0, request, input) }
    // Keypoints of other shapes than COCO's have no summary without their fall-off constants.
    summary = request.metrics.isEmpty ? try? input.summary(workers: Self.workers) : nil
    let refused = scores.filter { score in
      if case .error = score.result { !request.metrics.isEmpty } else { false }
    }
    guard refused.isEmpty else { throw Self.failure(refused) }
  }

  private static func chosen(_ request: Request, _ input: ScoringInput) throws
    -> [MetricDescription]
  {
    let named = try request.metrics.map { try metric($0, of: request.task) }
    let metrics = named.isEmpty ? input.metrics : named
    for name in request.parameters.keys.sorted()
    where !metrics.contains(where: { $0.parameter(name) != nil }) {
      throw CommandFailure("none of the metrics has a parameter \(quoted(name))")
    }
    return metrics
  }

  private static func metric(_ name: String, of task: MetricTask) throws -> MetricDescription {
    do {
      return try MetricsCatalogue.metric(String(name.map { $0 == "-" ? "_" : $0 }), of: task)
    } catch {
      throw CommandFailure(error.message)
    }
  }

  private static func score(
    _ metric: MetricDescription, _ request: Request, _ input: ScoringInput
  ) throws -> Score {
    let parameters = request.parameters.filter { metric.parameter($0.key) != nil }
    do throws(MetricError) {
      let checked = try MetricParameters(text: parameters, for: metric)
      let outcome = try input.outcome(of: metric, parameters: checked, workers: workers)
      return Score(
        metric: metric, parameters: parameters,
        result: outcome.map(Score.Result.outcome)
          ?? .error("the file has no columns that it can be computed from"))
    } catch {
      return Score(metric: metric, parameters: parameters, result: .error(error.description))
    }
  }

  private static func failure(_ refused: [Score]) -> CommandFailure {
    CommandFailure(
      "not every metric can be computed",
      faults: refused.compactMap { score in
        guard case .error(let text) = score.result else { return nil }
        return "\(score.metric.id): \(text)"
      })
  }

  private static func reading<Value>(_ path: String, _ read: () throws -> Value) throws -> Value {
    // Looking first tells "no such file" in the same words as everywhere else.
    try LocalFile.check(path)
    do {
      return try read()
    } catch let error as FormatError {
      var faults = error.problems.map { fault($0, path) }
      if error.isTruncated { faults.append("reading stopped there") }
      throw CommandFailure("\(path) cannot be used", faults: faults)
    } catch let error as MetricError {
      throw CommandFailure("\(path) cannot be scored", faults: [error.description])
    }
  }

  private static func fault(_ problem: FormatProblem, _ path: String) -> String {
    var place = path
    if let line = problem.line {
      place += ":\(line)"
      if let column = problem.column { place += ":\(column)" }
    }
    return "\(place): \(problem.message); expected \(problem.expected)"
  }
}
