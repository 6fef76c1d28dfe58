/// The kinds of input; raw values are the names used by golden cases.
public enum InputKind: String, Sendable, Hashable, CaseIterable {
  case labels, probabilities, logits
  case binaryScores = "binary_scores"
  case binaryLogits = "binary_logits"
  case multilabel
  case multilabelScores = "multilabel_scores"
  case multilabelLogits = "multilabel_logits"
  case reportedLoss = "reported_loss"
  case regression, series, survival
  case survivalEvent = "survival_event"
  case detection, instances, segmentation
  case segmentationScores = "segmentation_scores"
  case keypoints
  case keypointDetection = "keypoint_detection"
}

/// Truth and prediction of one data set, or of a consecutive part of it, as columns in memory.
///
/// The values inside are unchecked; whatever is wrong with them is found when they are added to
/// a `MetricState`.
public enum MetricInput: Sendable {
  case labels(LabelColumns)
  case probabilities(ClassScores)
  case logits(ClassScores)
  case binaryScores(BinaryScores)
  case binaryLogits(BinaryScores)
  case multilabel(MultilabelColumns)
  case multilabelScores(MultilabelScores)
  case multilabelLogits(MultilabelScores)
  case reportedLoss(ReportedLoss)
  case regression(RegressionColumns)
  case series([ForecastSeries])
  case survival(SurvivalColumns)
  case survivalEvent(SurvivalEvents)
  case detection(ObjectSet<Box>)
  case instances(ObjectSet<RunLengthMask>)
  case segmentation(SegmentationMaps)
  case segmentationScores(SegmentationScores)
  case keypoints(KeypointInstances)
  case keypointDetection(KeypointDetections)

  public var kind: InputKind {
    switch self {
    case .labels: .labels
    case .probabilities: .probabilities
    case .logits: .logits
    case .binaryScores: .binaryScores
    case .binaryLogits: .binaryLogits
    case .multilabel: .multilabel
    case .multilabelScores: .multilabelScores
    case .multilabelLogits: .multilabelLogits
    case .reportedLoss: .reportedLoss
    case .regression: .regression
    case .series: .series
    case .survival: .survival
    case .survivalEvent: .survivalEvent
    case .detection: .detection
    case .instances: .instances
    case .segmentation: .segmentation
    case .segmentationScores: .segmentationScores
    case .keypoints: .keypoints
    case .keypointDetection: .keypointDetection
    }
  }

  /// The number of samples: rows, images, instances or series.
  public var count: Int { columns.count }

  /// A part of the samples, in order.
  public func slice(_ range: Range<Int>) -> MetricInput {
    switch self {
    case .labels(let columns): .labels(columns.slice(range))
    case .probabilities(let columns): .probabilities(columns.slice(range))
    case .logits(let columns): .logits(columns.slice(range))
    case .binaryScores(let columns): .binaryScores(columns.slice(range))
    case .binaryLogits(let columns): .binaryLogits(columns.slice(range))
    case .multilabel(let columns): .multilabel(columns.slice(range))
    case .multilabelScores(let columns): .multilabelScores(columns.slice(range))
    case .multilabelLogits(let columns): .multilabelLogits(columns.slice(range))
    case .reportedLoss(let columns): .reportedLoss(columns.slice(range))
    case .regression(let columns): .regression(columns.slice(range))
    case .series(let series): .series(series.cut(range))
    case .survival(let columns): .survival(columns.slice(range))
    case .survivalEvent(let columns): .survivalEvent(columns.slice(range))
    case .detection(let columns): .detection(columns.slice(range))
    case .instances(let columns): .instances(columns.slice(range))
    case .segmentation(let columns): .segmentation(columns.slice(range))
    case .segmentationScores(let columns): .segmentationScores(columns.slice(range))
    case .keypoints(let columns): .keypoints(columns.slice(range))
    case .keypointDetection(let columns): .keypointDetection(columns.slice(range))
    }
  }

  /// Adds the samples of another part behind this one's; both must be of the same kind.
  mutating func append(_ other: MetricInput) throws(MetricError) {
    switch (self, other) {
    case (.labels(let a), .labels(let b)): self = .labels(try a.appending(b))
    case (.probabilities(let a), .probabilities(let b)):
      self = .probabilities(try a.appending(b))
    case (.logits(let a), .logits(let b)): self = .logits(try a.appending(b))
    case (.binaryScores(let a), .binaryScores(let b)): self = .binaryScores(try a.appending(b))
    case (.binaryLogits(let a), .binaryLogits(let b)): self = .binaryLogits(try a.appending(b))
    case (.multilabel(let a), .multilabel(let b)): self = .multilabel(try a.appending(b))
    case (.multilabelScores(let a), .multilabelScores(let b)):
      self = .multilabelScores(try a.appending(b))
    case (.multilabelLogits(let a), .multilabelLogits(let b)):
      self = .multilabelLogits(try a.appending(b))
    case (.reportedLoss(let a), .reportedLoss(let b)): self = .reportedLoss(a.appending(b))
    case (.regression(let a), .regression(let b)): self = .regression(a.appending(b))
    case (.series(let a), .series(let b)): self = .series(a + b)
    case (.survival(let a), .survival(let b)): self = .survival(a.appending(b))
    case (.survivalEvent(let a), .survivalEvent(let b)):
      self = .survivalEvent(try a.appending(b))
    case (.detection(let a), .detection(let b)):
      self = .detection(try a.appending(b))
    case (.instances(let a), .instances(let b)):
      self = .instances(try a.appending(b))
    case (.segmentation(let a), .segmentation(let b)):
      self = .segmentation(try a.appending(b))
    case (.segmentationScores(let a), .segmentationScores(let b)):
      self = .segmentationScores(try a.appending(b))
    case (.keypoints(let a), .keypoints(let b)):
      self = .keypoints(try a.appending(b))
    case (.keypointDetection(let a), .keypointDetection(let b)):
      self = .keypointDetection(try a.appending(b))
    default: throw Self.mixedKinds(kind, other.kind)
    }
  }

  /// Checks what every metric demands of this kind of input.
  func validate() throws(MetricError) {
    try columns.validateShape()
    try columns.validate(0..<columns.count)
  }

  /// Checks that the columns fit together, but not what is in them.
  func validateShape() throws(MetricError) { try columns.validateShape() }

  /// Checks the values of some samples of columns that fit together.
  func validate(_ range: Range<Int>) throws(MetricError) { try columns.validate(range) }

  /// Ranges so small that the values and the terms of one stay in a core's cache.
  func batches(of range: Range<Int>) -> [Range<Int>] {
    let size = max(1, Self.batchValues / max(1, columns.valuesPerSample))
    return stride(from: range.lowerBound, to: range.upperBound, by: size).map {
      $0..<min($0 + size, range.upperBound)
    }
  }

  private static let batchValues = 8192

  static func mixedKinds(_ first: InputKind, _ second: InputKind) -> MetricError {
    MetricError(
      .unsupportedInput,
      "one evaluation cannot mix \(first.rawValue) and \(second.rawValue) inputs")
  }

  private var columns: any InputColumns {
    switch self {
    case .labels(let columns): columns
    case .probabilities(let columns): ProbabilityColumns(scores: columns)
    case .logits(let columns): columns
    case .binaryScores(let columns): columns
    case .binaryLogits(let columns): columns
    case .multilabel(let columns): columns
    case .multilabelScores(let columns): columns
    case .multilabelLogits(let columns): columns
    case .reportedLoss(let columns): columns
    case .regression(let columns): columns
    case .series(let series): SeriesColumns(series: series)
    case .survival(let columns): columns
    case .survivalEvent(let columns): columns
    case .detection(let columns): columns
    case .instances(let columns): columns
    case .segmentation(let columns): columns
    case .segmentationScores(let columns): columns
    case .keypoints(let columns): columns
    case .keypointDetection(let columns): columns
    }
  }
}

/// What every kind of input can tell about itself.
protocol InputColumns: Sendable {
  var count: Int { get }
  /// About how many values a sample has, by which work is cut.
  var valuesPerSample: Int { get }
  /// Checks that the columns have the lengths that they should have.
  func validateShape() throws(MetricError)
  /// Checks the values of some samples; the shape has been checked.
  func validate(_ range: Range<Int>) throws(MetricError)
}

extension InputColumns {
  var valuesPerSample: Int { 1 }
}

/// Checks shared by the kinds of input.
enum Check {
  static func sameLength(
    _ first: Int, _ firstField: String, _ second: Int, _ secondField: String, at place: String = ""
  ) throws(MetricError) {
    guard first == second else {
      throw MetricError(
        .lengthMismatch, at: place, "\(firstField) has \(first) entries, \(secondField) \(second)")
    }
  }

  static func finite(_ values: [Double], _ field: String) throws(MetricError) {
    try finite(values, values.indices, field)
  }

  static func finite(
    _ values: [Double], _ range: Range<Int>, _ field: String
  ) throws(MetricError) {
    let areFinite = values.withUnsafeBufferPointer {
      Lanes.areFinite(UnsafeBufferPointer(rebasing: $0[range]))
    }
    guard !areFinite else { return }
    let index = values[range].firstIndex { !$0.isFinite } ?? 0
    throw MetricError(
      .nonFinite, at: "\(field)[\(index)]", "expected a finite number, got \(values[index])")
  }

  static func probability(
    _ value: Double, _ place: @autoclosure () -> String
  ) throws(MetricError) {
    guard value >= 0, value <= 1 else {
      throw MetricError(.invalidProbability, at: place(), "expected 0 to 1, got \(value)")
    }
  }

  static func classIndices(
    _ indices: [Int32], of classCount: Int, _ field: String
  ) throws(MetricError) {
    try classIndices(indices, indices.indices, of: classCount, field)
  }

  static func classIndices(
    _ indices: [Int32], _ range: Range<Int>, of classCount: Int, _ field: String
  ) throws(MetricError) {
    let limit = UInt32(classCount)
    let isValid = indices.withUnsafeBufferPointer { indices in
      var largest: UInt32 = 0
      for row in range { largest = max(largest, UInt32(bitPattern: indices[row])) }
      return range.isEmpty || largest < limit
    }
    guard !isValid else { return }
    let row = indices[range].firstIndex { UInt32(bitPattern: $0) >= limit } ?? 0
    throw MetricError(
      .unknownLabel, at: "\(field)[\(row)]",
      "class index \(indices[row]) is not one of the \(classCount) classes")
  }
}

extension Array {
  /// The entries of a range, or as many of them as there are: columns of unequal length must
  /// survive slicing, to be refused by validation.
  func cut(_ range: Range<Int>) -> [Element] { Array(self[range.clamped(to: indices)]) }
}
