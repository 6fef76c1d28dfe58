import Metrics

/// Reads a truth or training set.
///
/// Tables are CSV whose first line names the columns: `id,label` for classification, or `id` and a
/// column for each of several labels, `id,target` for regression, `series,timestamp,target` for
/// forecasting, `id,time,event` for time-to-event. Columns may come in any order; further ones are
/// summarised and not kept. Objects, masks and keypoints are COCO documents, label maps NPY arrays;
/// classification and regression may be NPY arrays too.
public struct DatasetReader: Sendable {
  private let task: MetricTask
  private let classes: [String]?
  private let ignoreIndex: Int32?
  private let limits: FormatLimits
  // One of the three reads, by task. They are separate so that each grows in place.
  private var table: TableReader<DatasetBuilder>?
  private var document: DocumentReader?
  private var array: NPYReader?
  /// Whether the first byte may still tell that the file is an array.
  private var isUndecided: Bool

  /// A reader for one file. `classes` declares the class list and its order; `ignoreIndex` is the
  /// label of pixels that count nowhere.
  public init(
    task: MetricTask, classes: [String]? = nil, ignoreIndex: Int32? = nil,
    limits: FormatLimits = .defaults
  ) {
    self.init(
      task: task, classes: classes, ignoreIndex: ignoreIndex, limits: limits,
      blockBytes: CSVSplitter.blockBytes)
  }

  /// `blockBytes` is how much of a table is parsed at a time.
  init(
    task: MetricTask, classes: [String]?, ignoreIndex: Int32?, limits: FormatLimits,
    blockBytes: Int
  ) {
    self.task = task
    self.classes = classes
    self.ignoreIndex = ignoreIndex
    self.limits = limits
    isUndecided = ArrayInput.tasks.contains(task)
    switch task {
    case .objectDetection, .instanceSegmentation, .keypointDetection:
      document = DocumentReader(limits: limits)
    case .semanticSegmentation: array = NPYReader(limits: limits)
    default:
      let builder = DatasetBuilder(task: task, declared: classes, limits: limits)
      table = TableReader(builder: builder, limits: limits, blockBytes: blockBytes)
    }
  }

  /// Takes the next bytes of the file, cut anywhere.
  public mutating func read(_ chunk: UnsafeRawBufferPointer) throws(FormatError) {
    decide(by: chunk.first)
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

  /// The set, when the file has ended.
  public mutating func finish() throws(FormatError) -> Dataset {
    try table?.finish()
    return try result()
  }

  /// Reads a whole file.
  mutating func finish(path: String, workers: Int) throws(FormatError) -> Dataset {
    let file = try FileSource(path: path)
    decide(by: file.first)
    if table != nil {
      try table?.read(file, workers: workers)
    } else {
      try FileChunks.forEach(file) { chunk throws(FormatError) in try read(chunk) }
    }
    return try result()
  }

  /// No text begins with the first byte of an array file.
  private mutating func decide(by first: UInt8?) {
    guard isUndecided, let first else { return }
    isUndecided = false
    guard first == NPYReader.magic[0] else { return }
    table = nil
    array = NPYReader(limits: limits)
  }

  private mutating func result() throws(FormatError) -> Dataset {
    if let table { return try table.builder.dataset() }
    if let document { return try objects(document.bytes) }
    guard let array = try array?.finish() else { throw .failedBefore }
    try ClassList.check(classes, limits)
    try ArrayChecks.truth(
      array, task, classCount: classes?.count, ignoreIndex: ignoreIndex, limits: limits)
    if task == .semanticSegmentation { return maps(array) }
    return Dataset(
      task: task, columns: [], classes: classes ?? [], hasDeclaredClasses: classes != nil,
      keys: KeyTable(), truth: .array(array))
  }

  private func objects(_ bytes: [UInt8]) throws(FormatError) -> Dataset {
    let truth = try COCOReader(task: task, limits: limits).truth(bytes)
    var keys = KeyTable()
    for image in truth.images { _ = keys.insert(String(image.id ?? 0)) }
    return Dataset(
      task: task, columns: [], classes: truth.names, hasDeclaredClasses: true, keys: keys,
      truth: .objects(truth))
  }

  private func maps(_ array: NPYArray) -> Dataset {
    var keys = KeyTable()
    let images = array.shape.count == 2 ? 1 : array.shape[0]
    for index in 0..<images { _ = keys.insert(String(index)) }
    return Dataset(
      task: task, columns: [], classes: classes ?? [], hasDeclaredClasses: classes != nil,
      keys: keys, truth: .maps(array, ignoreIndex: ignoreIndex))
  }

  /// Reads a file, a table with up to so many threads; the result does not depend on how many.
  public static func read(
    path: String, task: MetricTask, classes: [String]? = nil, ignoreIndex: Int32? = nil,
    limits: FormatLimits = .defaults, workers: Int = 1
  ) throws(FormatError) -> Dataset {
    var reader = DatasetReader(
      task: task, classes: classes, ignoreIndex: ignoreIndex, limits: limits)
    return try reader.finish(path: path, workers: workers)
  }

  /// Reads a set that is in memory.
  public static func read(
    bytes: [UInt8], task: MetricTask, classes: [String]? = nil, ignoreIndex: Int32? = nil,
    limits: FormatLimits = .defaults
  ) throws(FormatError) -> Dataset {
    var reader = DatasetReader(
      task: task, classes: classes, ignoreIndex: ignoreIndex, limits: limits)
    try reader.read(bytes)
    return try reader.finish()
  }
}

/// Gathers a document that is read as a whole.
struct DocumentReader: Sendable {
  private(set) var bytes: [UInt8] = []
  let limits: FormatLimits

  init(limits: FormatLimits) { self.limits = limits }

  mutating func read(_ chunk: UnsafeRawBufferPointer) throws(FormatError) {
    guard bytes.count + chunk.count <= limits.maximumDocumentBytes else {
      throw FormatError(
        FormatProblem(
          .limitExceeded, "the document is too long",
          expected: "at most \(limits.maximumDocumentBytes) bytes"))
    }
    bytes.append(contentsOf: chunk)
  }
}
