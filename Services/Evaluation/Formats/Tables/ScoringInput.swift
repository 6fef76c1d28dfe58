import Metrics

/// Truth and predictions of a dataset, ready for the metrics of its task.
public struct ScoringInput: Sendable {
  private let task: MetricTask
  private let inputs: [InputKind: MetricInput]

  /// Joins truth and predictions.
  ///
  /// `history` gives forecasting metrics the values before the first point (the training table);
  /// `rows` restricts the evaluation to these rows of the truth, in ascending order.
  public init(
    _ dataset: Dataset, _ predictions: Predictions, history: Dataset? = nil, rows: [Int]? = nil
  ) throws(MetricError) {
    task = dataset.task
    let selection = RowSelection(rows: rows, count: dataset.rowCount)
    let classCount = dataset.hasDeclaredClasses ? dataset.classes.count : nil
    switch (dataset.truth, predictions.values) {
    case (_, .reportedLoss(let values, let counts)):
      inputs = [.reportedLoss: .reportedLoss(ReportedLoss(values: values, counts: counts))]
    case (.labels(let truth), .classes(let predicted)):
      inputs = try Self.classInputs(dataset, truth, predicted, selection)
    case (.multilabel(let cells), .multilabel(let predicted)):
      inputs = Self.multilabelInputs(dataset.classes.count, cells, predicted, selection)
    case (.targets(let truth), .numbers(let predicted)):
      inputs = [
        .regression: .regression(
          RegressionColumns(
            truth: selection.of(truth), prediction: selection.of(predicted)))
      ]
    case (.series(let table), .numbers(let predicted)):
      inputs = [.series: .series(Self.series(table, predicted, history, rows.map(Set.init)))]
    case (.survival(let time, let event), .survival(let predicted)):
      inputs = Self.survivalInputs(time, event, predicted, selection)
    case (.objects(let truth), .objects(let results)):
      let input = try truth.input(results, images: selection.all)
      inputs = [input.kind: input]
    case (.maps(let truth, let ignoreIndex), .maps(let predicted)):
      let input = try ArrayInput.maps(
        truth, predicted, classCount: classCount, ignoreIndex: ignoreIndex,
        areLogits: predictions.areLogits, images: selection.all)
      inputs = [input.kind: input]
    case (.array(let truth), .array(let predicted)):
      let input = try ArrayInput.input(
        task, selection.of(truth), selection.of(predicted), classCount: classCount,
        areLogits: predictions.areLogits)
      inputs = [input.kind: input]
    default:
      preconditionFailure("predictions are read for the dataset that they are joined with")
    }
  }

  /// The input that a metric takes; nil if it cannot be computed from these columns.
  public func input(for metric: MetricDescription) -> MetricInput? {
    // The kinds in the order of preference: labels that were given go before those from scores.
    for kind in InputKind.allCases where metric.inputs.contains(kind) {
      if let input = inputs[kind] { return input }
    }
    return nil
  }

  /// The metrics of the task that can be computed from these columns.
  public var metrics: [MetricDescription] {
    MetricsCatalogue.metrics(for: task).filter { input(for: $0) != nil }
  }

  /// The outcome of a metric; nil if it cannot be computed from these columns.
  public func outcome(
    of metric: MetricDescription, parameters: MetricParameters, workers: Int = 1
  ) throws(MetricError) -> MetricOutcome? {
    guard let input = input(for: metric) else { return nil }
    return try MetricsCatalogue.evaluate(
      task: task, metric: metric.id, input: input, parameters: parameters, workers: workers)
  }

  private static func classInputs(
    _ dataset: Dataset, _ labels: [Int32], _ predicted: Predictions.ClassPredictions,
    _ rows: RowSelection
  ) throws(MetricError) -> [InputKind: MetricInput] {
    let classes = Dataset.labels(predicted.classes)
    let truth = rows.of(
      Dataset.renumbered(labels, from: dataset.classes, to: predicted.classes))
    var inputs: [InputKind: MetricInput] = [:]
    if let labels = predicted.labels {
      inputs[.labels] = .labels(
        try LabelColumns(classes: classes, truth: truth, prediction: rows.of(labels)))
    }
    if let scores = predicted.probabilities.map({ rows.of($0, width: classes.count) }) {
      inputs[.probabilities] = .probabilities(
        try ClassScores(classes: classes, truth: truth, scores: scores))
    }
    if let scores = predicted.logits.map({ rows.of($0, width: classes.count) }) {
      inputs[.logits] = .logits(try ClassScores(classes: classes, truth: truth, scores: scores))
    }
    if let scores = predicted.scores.map({ rows.of($0) }) {
      inputs[.binaryScores] = .binaryScores(
        try BinaryScores(classes: classes, truth: truth, scores: scores))
    }
    if let scores = predicted.binaryLogits.map({ rows.of($0) }) {
      inputs[.binaryLogits] = .binaryLogits(
        try BinaryScores(classes: classes, truth: truth, scores: scores))
    }
    return inputs
  }

  private static func multilabelInputs(
    _ width: Int, _ cells: [UInt8], _ predicted: Predictions.MultilabelPredictions,
    _ rows: RowSelection
  ) -> [InputKind: MetricInput] {
    let truth = rows.of(cells, width: width)
    var inputs: [InputKind: MetricInput] = [:]
    if let labels = predicted.labels.map({ rows.of($0, width: width) }) {
      inputs[.multilabel] = .multilabel(
        MultilabelColumns(width: width, truth: truth, prediction: labels))
    }
    if let scores = predicted.scores.map({ rows.of($0, width: width) }) {
      inputs[.multilabelScores] = .multilabelScores(
        MultilabelScores(width: width, truth: truth, scores: scores))
    }
    if let scores = predicted.logits.map({ rows.of($0, width: width) }) {
      inputs[.multilabelLogits] = .multilabelLogits(
        MultilabelScores(width: width, truth: truth, scores: scores))
    }
    return inputs
  }

  private static func series(
    _ table: Dataset.SeriesTable, _ predicted: [Double], _ history: Dataset?,
    _ rows: Set<Int>?
  ) -> [ForecastSeries] {
    let past = PastValues(history)
    return table.rowsBySeries().enumerated().compactMap { index, all in
      let chosen = rows.map { all.filter($0.contains) } ?? all
      guard !chosen.isEmpty else { return nil }
      return ForecastSeries(
        truth: chosen.map { table.targets[$0] }, prediction: chosen.map { predicted[$0] },
        history: past.values(of: table.names.text(index), before: table.times[chosen[0]]))
    }
  }

  private static func survivalInputs(
    _ time: [Double], _ event: [Bool], _ predicted: Predictions.SurvivalPredictions,
    _ rows: RowSelection
  ) -> [InputKind: MetricInput] {
    let events = rows.of(event)
    let times = rows.of(time)
    var inputs: [InputKind: MetricInput] = [:]
    if let risk = predicted.risk {
      inputs[.survival] = .survival(
        SurvivalColumns(event: events, time: times, risk: rows.of(risk)))
    }
    if predicted.event != nil || predicted.probability != nil {
      inputs[.survivalEvent] = .survivalEvent(
        SurvivalEvents(
          event: events, time: times,
          predictedEvent: predicted.event.map { rows.of($0) },
          probability: predicted.probability.map { rows.of($0) }))
    }
    return inputs
  }
}

/// What another table holds of series.
private struct PastValues {
  private let table: Dataset.SeriesTable
  private let rows: [[Int]]

  init(_ history: Dataset?) {
    if case .series(let table)? = history?.truth {
      self.table = table
    } else {
      table = Dataset.SeriesTable()
    }
    rows = table.rowsBySeries()
  }

  /// The values of a series before a point in time.
  func values(of name: String, before time: Double) -> [Double] {
    guard let index = table.names.find(name) else { return [] }
    return rows[index].prefix { table.times[$0] < time }.map { table.targets[$0] }
  }
}

/// The rows to evaluate: all, or some in ascending order.
private struct RowSelection {
  let rows: [Int]?
  let count: Int

  var all: [Int] { rows ?? Array(0..<count) }

  /// The entries of these rows; the column itself, not a copy, if all are meant.
  func of<Value>(_ column: [Value], width: Int = 1) -> [Value] {
    guard let rows else { return column }
    if width == 1 { return rows.map { column[$0] } }
    return rows.flatMap { column[$0 * width..<($0 + 1) * width] }
  }

  func of(_ array: NPYArray) -> NPYArray {
    rows.map { array.rows($0) } ?? array
  }
}
