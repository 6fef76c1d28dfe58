import Metrics

/// Reads predictions and matches them with the rows of a dataset by id, in any order.
///
/// Classification: `id`, and `label`, or one column of probabilities per class, or other scores.
/// Regression: `id,prediction`. Forecasting: `series,timestamp,prediction`. Time-to-event: `id`,
/// and at least one of `risk`, `event` and `probability`. Objects, masks and keypoints are lists
/// of COCO results, label maps NPY arrays of the truth's shape.
public struct PredictionsReader: Sendable {
  private let task: MetricTask
  private let limits: FormatLimits
  private let options: PredictionOptions
  private let truth: Dataset.Truth
  /// How many classes were declared.
  private let classCount: Int?
  // One of the three reads, by task. They are separate so that each grows in place.
  private var table: TableReader<PredictionsBuilder>?
  private var document: DocumentReader?
  private var array: NPYReader?

  public init(
    for dataset: Dataset, options: PredictionOptions = PredictionOptions(),
    limits: FormatLimits = .defaults
  ) {
    self.init(
      for: dataset, options: options, limits: limits, blockBytes: CSVSplitter.blockBytes)
  }

  /// `blockBytes` is how much of a table is parsed at a time.
  init(
    for dataset: Dataset, options: PredictionOptions, limits: FormatLimits, blockBytes: Int
  ) {
    task = dataset.task
    self.limits = limits
    self.options = options
    truth = dataset.truth
    classCount = dataset.hasDeclaredClasses ? dataset.classes.count : nil
    switch dataset.truth {
    case .objects: document = DocumentReader(limits: limits)
    case .maps, .array: array = NPYReader(limits: limits)
    case .labels, .multilabel, .targets, .series, .survival:
      let builder = PredictionsBuilder(dataset: dataset, options: options)
      table = TableReader(builder: builder, limits: limits, blockBytes: blockBytes)
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
    return try result()
  }

  /// Reads a whole file.
  mutating func finish(path: String, workers: Int) throws(FormatError) -> Predictions {
    let file = try FileSource(path: path)
    if table != nil {
      try table?.read(file, workers: workers)
    } else {
      try FileChunks.forEach(file) { chunk throws(FormatError) in try read(chunk) }
    }
    return try result()
  }

  private mutating func result() throws(FormatError) -> Predictions {
    if let table { return table.builder.predictions() }
    if let document, case .objects(let truth) = truth {
      let reader = COCOReader(task: task, limits: limits)
      return Predictions(values: .objects(try reader.results(document.bytes, for: truth)))
    }
    guard let array = try array?.finish() else { throw .failedBefore }
    switch truth {
    case .maps(let truth, let ignoreIndex):
      try ArrayChecks.maps(
        truth, array, classCount: classCount, ignoreIndex: ignoreIndex,
        areLogits: options.areLogits)
      return Predictions(values: .maps(array), areLogits: options.areLogits)
    case .array(let truth):
      try ArrayChecks.rows(
        truth, array, task, classCount: classCount, areLogits: options.areLogits, limits: limits)
    default: break
    }
    return Predictions(values: .array(array), areLogits: options.areLogits)
  }

  /// Reads a file, a table with up to so many threads; the result does not depend on how many.
  public static func read(
    path: String, for dataset: Dataset, options: PredictionOptions = PredictionOptions(),
    limits: FormatLimits = .defaults, workers: Int = 1
  ) throws(FormatError) -> Predictions {
    var reader = PredictionsReader(for: dataset, options: options, limits: limits)
    return try reader.finish(path: path, workers: workers)
  }

  /// Reads predictions that are in memory.
  public static func read(
    bytes: [UInt8], for dataset: Dataset, options: PredictionOptions = PredictionOptions(),
    limits: FormatLimits = .defaults
  ) throws(FormatError) -> Predictions {
    var reader = PredictionsReader(for: dataset, options: options, limits: limits)
    try reader.read(bytes)
    return try reader.finish()
  }
}
