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
    let rows = rows ?? Array(0..<dataset.rowCount)
    switch (dataset.truth, predictions.values) {
    case (.labels(let truth), .classes(let predicted)):
      inputs = try Self.classInputs(dataset, truth, predicted, rows)
    case (.targets(let truth), .numbers(let predicted)):
      inputs = [
        .regression: .regression(
          RegressionColumns(
            truth: rows.map { truth[$0] }, prediction: rows.map { predicted[$0] }))
      ]
    case (.series(let table), .numbers(let predicted)):
      inputs = [.series: .series(Self.series(table, predicted, history, Set(rows)))]
    case (.survival(let time, let event), .survival(let predicted)):
      inputs = Self.survivalInputs(time, event, predicted, rows)
    case (.objects(let truth), .objects(let results)):
      let input = try truth.input(results, images: rows)
      inputs = [input.kind: input]
    case (.maps(let truth, let ignoreIndex), .maps(let predicted)):
      let classCount = dataset.hasDeclaredClasses ? dataset.classes.count : nil
      let maps = try ArrayInput.maps(
        truth, predicted, classCount: classCount, ignoreIndex: ignoreIndex, images: rows)
      inputs = [.segmentation: .segmentation(maps)]
    default:
      preconditionFailure("predictions are read for the dataset that they are joined with")
    }
  }

  /// The input that a metric takes; nil if it cannot be computed from these columns.
  public func input(for metric: MetricDescription) -> MetricInput? {
    let preference: [InputKind] = [.labels, .probabilities, .regression, .series, .survival]
    let kinds =
      preference + [.survivalEvent, .detection, .instances, .keypointDetection, .segmentation]
    for kind in kinds where metric.inputs.contains(kind) {
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
    _ dataset: Dataset, _ truth: [Int32], _ predicted: Predictions.ClassPredictions, _ rows: [Int]
  ) throws(MetricError) -> [InputKind: MetricInput] {
    let classes = Dataset.labels(predicted.classes)
    var positions = KeyTable()
    for name in predicted.classes { _ = positions.insert(name) }
    let renumbered = dataset.classes.map { Int32(positions.find($0) ?? 0) }
    let truth = rows.map { renumbered[Int(truth[$0])] }
    var inputs: [InputKind: MetricInput] = [:]
    if let labels = predicted.labels {
      inputs[.labels] = .labels(
        try LabelColumns(classes: classes, truth: truth, prediction: rows.map { labels[$0] }))
    }
    if let probabilities = predicted.probabilities {
      let width = classes.count
      let isAll = rows.count == dataset.rowCount
      let scores =
        isAll
        ? probabilities : rows.flatMap { probabilities[$0 * width..<($0 + 1) * width] }
      inputs[.probabilities] = .probabilities(
        try ClassScores(classes: classes, truth: truth, scores: scores))
    }
    return inputs
  }

  private static func series(
    _ table: Dataset.SeriesTable, _ predicted: [Double], _ history: Dataset?, _ rows: Set<Int>
  ) -> [ForecastSeries] {
    let isAll = rows.count == table.series.count
    return table.rowsBySeries().enumerated().compactMap { index, all in
      let chosen = isAll ? all : all.filter(rows.contains)
      guard !chosen.isEmpty else { return nil }
      return ForecastSeries(
        truth: chosen.map { table.targets[$0] }, prediction: chosen.map { predicted[$0] },
        history: past(history, table.names.text(index), before: table.times[chosen[0]]))
    }
  }

  /// The values of a series in another table before a point in time.
  private static func past(_ history: Dataset?, _ name: String, before time: Double) -> [Double] {
    guard case .series(let table)? = history?.truth, let index = table.names.find(name) else {
      return []
    }
    let rows = table.series.indices.filter {
      table.series[$0] == Int32(index) && table.times[$0] < time
    }
    return rows.sorted { table.times[$0] < table.times[$1] }.map { table.targets[$0] }
  }

  private static func survivalInputs(
    _ time: [Double], _ event: [Bool], _ predicted: Predictions.SurvivalPredictions, _ rows: [Int]
  ) -> [InputKind: MetricInput] {
    let events = rows.map { event[$0] }
    let times = rows.map { time[$0] }
    var inputs: [InputKind: MetricInput] = [:]
    if let risk = predicted.risk {
      inputs[.survival] = .survival(
        SurvivalColumns(event: events, time: times, risk: rows.map { risk[$0] }))
    }
    if predicted.event != nil || predicted.probability != nil {
      inputs[.survivalEvent] = .survivalEvent(
        SurvivalEvents(
          event: events, time: times,
          predictedEvent: predicted.event.map { column in rows.map { column[$0] } },
          probability: predicted.probability.map { column in rows.map { column[$0] } }))
    }
    return inputs
  }
}
