/// The one list of metrics: what exists, what it means, and how to compute it.
public enum MetricsCatalogue {
  private static let rowsByTask: [MetricTask: [MetricRow]] = Dictionary(
    uniqueKeysWithValues: MetricTask.allCases.map { ($0, makeRows($0)) })

  private static let rowsByID: [MetricTask: [String: MetricRow]] = {
    var rows = rowsByTask.mapValues { rows in
      Dictionary(uniqueKeysWithValues: rows.map { ($0.description.id, $0) })
    }
    // Found by its identifier, but not listed.
    let extra = ObjectRows.maskAveragePrecision
    rows[extra.description.task]?[extra.description.id] = extra
    return rows
  }()

  /// The metrics of a task, in the order in which they are listed.
  public static func metrics(for task: MetricTask) -> [MetricDescription] {
    (rowsByTask[task] ?? []).map(\.description)
  }

  /// One metric, by its identifier.
  public static func metric(
    _ id: String, of task: MetricTask
  ) throws(MetricError) -> MetricDescription {
    try row(task, id).description
  }

  /// A state to which samples are added in chunks.
  ///
  /// Throws `unknownMetric`, or `invalidParameter` for a combination that the row forbids.
  public static func makeState(
    task: MetricTask, metric: String, parameters: MetricParameters
  ) throws(MetricError) -> MetricState {
    try MetricState(row: row(task, metric), parameters: parameters)
  }

  /// Evaluates a metric on samples that are all in memory.
  ///
  /// `workers` bounds the threads used; the outcome's bits do not depend on it.
  public static func evaluate(
    task: MetricTask, metric: String, input: MetricInput, parameters: MetricParameters,
    workers: Int = 1
  ) throws(MetricError) -> MetricOutcome {
    let row = try row(task, metric)
    let empty = try MetricState(row: row, parameters: parameters)
    let computation = try row.computation(for: input.kind)
    try input.validateShape()
    do throws(MetricError) {
      return try evaluate(input, computation, empty, Workers(workers))
    } catch {
      // Threads check pieces; which fault is told must not depend on them.
      try input.validate()
      throw error
    }
  }

  private static func evaluate(
    _ input: MetricInput, _ computation: Computation, _ empty: MetricState, _ workers: Workers
  ) throws(MetricError) -> MetricOutcome {
    let ranges = workers.ranges(of: input.count, large: computation.isLarge)
    let checksValues = computation.checksValues(of: input.kind)
    if computation.keepsSamples {
      if !checksValues {
        _ = try workers.map(ranges.count) { piece throws(MetricError) in
          for batch in input.batches(of: ranges[piece]) { try input.validate(batch) }
        }
      }
      var state = empty
      try state.add(input, 0..<input.count, at: 0, computation)
      return try state.outcome(workers: workers)
    }
    // Images fewer than threads are divided each.
    let within = ranges.count < workers.count ? workers : .one
    let states = try workers.map(ranges.count) { piece throws(MetricError) in
      var state = empty
      // Each batch is checked just before it is computed, while it is in the core's cache.
      for batch in input.batches(of: ranges[piece]) {
        if !checksValues { try input.validate(batch) }
        try state.add(input, batch, at: batch.lowerBound, computation, workers: within)
      }
      return state
    }
    var state = states.first ?? empty
    for other in states.dropFirst() { try state.merge(other) }
    return try state.outcome(workers: workers)
  }

  /// Evaluates a metric with parameters as they come from a record or a request.
  public static func evaluate(
    task: MetricTask, metric: String, input: MetricInput,
    parameters: [String: ParameterValue] = [:],
    workers: Int = 1
  ) throws(MetricError) -> MetricOutcome {
    let checked = try MetricParameters(parameters, for: row(task, metric).description)
    return try evaluate(
      task: task, metric: metric, input: input, parameters: checked, workers: workers)
  }

  private static func row(_ task: MetricTask, _ id: String) throws(MetricError) -> MetricRow {
    if let row = rowsByID[task]?[id] { return row }
    let known = metrics(for: task).map(\.id).joined(separator: ", ")
    throw MetricError(
      .unknownMetric, at: id, "\(task.name) has no such metric; it has \(known)")
  }

  private static func makeRows(_ task: MetricTask) -> [MetricRow] {
    switch task {
    case .imageClassification: ClassificationRows.image
    case .textClassification: ClassificationRows.text
    case .tabularClassification: ClassificationRows.tabular
    case .tabularRegression: PointRows.regression
    case .timeSeriesForecasting: PointRows.forecasting
    case .timeToEventPrediction: SurvivalRows.all
    case .objectDetection: ObjectRows.detection
    case .semanticSegmentation: SegmentationRows.all
    case .instanceSegmentation: ObjectRows.instances
    case .keypointDetection: KeypointRows.all
    }
  }
}
