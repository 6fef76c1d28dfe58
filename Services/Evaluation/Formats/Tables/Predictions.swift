import Metrics

/// Which order the classes have.
public enum ClassOrder: Sendable, Equatable {
  /// The declared order, or the sorted labels of the truth.
  case truth
  /// The order of the class columns of the predictions, unless classes were declared.
  case predictionColumns
}

/// Predictions for a dataset, checked and in the order of its rows.
public struct Predictions: Sendable {
  /// The predicted values, one per row of the truth.
  enum Values: Sendable {
    case classes(ClassPredictions)
    /// Numbers of a regression or forecast.
    case numbers([Double])
    case survival(SurvivalPredictions)
    case objects(COCOTruth.Objects)
    case maps(NPYArray)
  }

  /// Predicted labels, probabilities, or both.
  struct ClassPredictions: Sendable {
    /// The class order of the evaluation.
    let classes: [String]
    /// Class indices in that order.
    let labels: [Int32]?
    /// Row-major, rows × classes, in that order.
    let probabilities: [Double]?
  }

  /// Predicted risks, events or probabilities of the event.
  struct SurvivalPredictions: Sendable {
    let risk: [Double]?
    let event: [Bool]?
    let probability: [Double]?
  }

  let values: Values

  public var hasLabels: Bool {
    if case .classes(let predictions) = values { predictions.labels != nil } else { false }
  }

  public var hasProbabilities: Bool {
    if case .classes(let predictions) = values { predictions.probabilities != nil } else { false }
  }

  /// The classes in the order of the evaluation; empty for other tasks.
  public var classes: [String] {
    if case .classes(let predictions) = values { predictions.classes } else { [] }
  }
}

/// Reads predictions and matches them with the rows of a dataset by id, in any order.
///
/// Classification: `id`, and `label`, or one column of probabilities per class, or both.
/// Regression: `id,prediction`. Forecasting: `series,timestamp,prediction`. Time-to-event: `id`,
/// and at least one of `risk`, `event` and `probability`. Objects, masks and keypoints are lists
/// of COCO results, label maps NPY arrays of the truth's shape.
public struct PredictionsReader: Sendable {
  private let task: MetricTask
  private let limits: FormatLimits
  private let truth: Dataset.Truth
  // One of the three reads, by task. They are separate so that each grows in place.
  private var table: TableReader<PredictionsBuilder>?
  private var document: DocumentReader?
  private var array: NPYReader?

  public init(
    for dataset: Dataset, classOrder: ClassOrder = .truth, limits: FormatLimits = .defaults
  ) {
    task = dataset.task
    self.limits = limits
    truth = dataset.truth
    switch dataset.truth {
    case .objects: document = DocumentReader(limits: limits)
    case .maps: array = NPYReader(limits: limits)
    case .labels, .targets, .series, .survival:
      let builder = PredictionsBuilder(dataset: dataset, classOrder: classOrder)
      table = TableReader(builder: builder, limits: limits)
    }
  }

  /// Takes the next bytes of the file, cut anywhere.
  public mutating func read(_ chunk: UnsafeRawBufferPointer) throws(FormatError) {
    try table?.read(chunk)
    try document?.read(chunk)
    try array?.read(chunk)
  }

  /// Takes the next bytes of the file, cut anywhere.
  public mutating func read(_ bytes: [UInt8]) throws(FormatError) {
    try bytes.withUnsafeBufferPointer { chunk throws(FormatError) in
      try read(UnsafeRawBufferPointer(chunk))
    }
  }

  /// The predictions, when the file has ended and each row of the truth has exactly one.
  public mutating func finish() throws(FormatError) -> Predictions {
    try table?.finish()
    if let table { return table.builder.predictions() }
    if let document, case .objects(let truth) = truth {
      let reader = COCOReader(task: task, limits: limits)
      return Predictions(values: .objects(try reader.results(document.bytes, for: truth)))
    }
    guard var array, case .maps(let truth, _) = truth else { throw .failedBefore }
    return try Self.maps(array.finish(), truth)
  }

  private static func maps(
    _ array: NPYArray, _ truth: NPYArray
  ) throws(FormatError) -> Predictions {
    guard array.shape == truth.shape, array.integers != nil else {
      throw FormatError(
        FormatProblem(
          .shapeMismatch, "the predictions are an array of shape \(array.shape)",
          expected: "integers of the truth's shape \(truth.shape)"))
    }
    return Predictions(values: .maps(array))
  }

  /// Reads a file.
  public static func read(
    path: String, for dataset: Dataset, classOrder: ClassOrder = .truth,
    limits: FormatLimits = .defaults
  ) throws(FormatError) -> Predictions {
    var reader = PredictionsReader(for: dataset, classOrder: classOrder, limits: limits)
    try FileChunks.forEach(path: path) { chunk throws(FormatError) in try reader.read(chunk) }
    return try reader.finish()
  }

  /// Reads predictions that are in memory.
  public static func read(
    bytes: [UInt8], for dataset: Dataset, classOrder: ClassOrder = .truth,
    limits: FormatLimits = .defaults
  ) throws(FormatError) -> Predictions {
    var reader = PredictionsReader(for: dataset, classOrder: classOrder, limits: limits)
    try reader.read(bytes)
    return try reader.finish()
  }
}
