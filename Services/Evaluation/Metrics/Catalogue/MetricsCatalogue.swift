import Dispatch
import Synchronization

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
    var state = try MetricState(row: row, parameters: parameters)
    let computation = try row.computation(for: input.kind)
    try input.validate()
    if case .whole = computation {
      try state.add(input, 0..<input.count, at: 0, computation)
      return try state.outcome()
    }
    let ranges = pieces(of: input.count, workers: max(1, workers))
    guard ranges.count > 1 else {
      for range in batches(of: 0..<input.count) {
        try state.add(input, range, at: range.lowerBound, computation)
      }
      return try state.outcome()
    }
    let empty = state
    let results = Mutex<[Int: Result<MetricState, MetricError>]>([:])
    DispatchQueue.concurrentPerform(iterations: ranges.count) { index in
      let result = partial(empty, input, ranges[index], computation)
      results.withLock { $0[index] = result }
    }
    for (_, result) in results.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
      try state.merge(result.get())
    }
    return try state.outcome()
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

  private static func partial(
    _ empty: MetricState, _ input: MetricInput, _ range: Range<Int>, _ computation: Computation
  ) -> Result<MetricState, MetricError> {
    do throws(MetricError) {
      var state = empty
      for batch in batches(of: range) {
        try state.add(input, batch, at: batch.lowerBound, computation)
      }
      return .success(state)
    } catch {
      return .failure(error)
    }
  }

  /// Ranges small enough that the terms of one stay in a core's cache.
  private static func batches(of range: Range<Int>) -> [Range<Int>] {
    let size = 16 * BlockSum.blockLength
    return stride(from: range.lowerBound, to: range.upperBound, by: size).map {
      $0..<min($0 + size, range.upperBound)
    }
  }

  /// One range per worker, cut at block ends where the blocks suffice.
  private static func pieces(of count: Int, workers: Int) -> [Range<Int>] {
    let unit = count >= workers * BlockSum.blockLength ? BlockSum.blockLength : 1
    let units = (count + unit - 1) / unit
    let size = max(1, (units + workers - 1) / workers) * unit
    return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
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
