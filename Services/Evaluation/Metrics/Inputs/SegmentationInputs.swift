/// Classes of the pixels of one image, row by row.
public enum LabelMap {
  /// The pixels of runs `[value, length, value, length, …]`.
  ///
  /// Throws `shapeMismatch` if the runs do not fill height × width.
  public static func pixels(
    runs: [Int64], height: Int, width: Int
  ) throws(MetricError) -> [Int32] {
    let (count, overflow) = height.multipliedReportingOverflow(by: width)
    let isEven = runs.count.isMultiple(of: 2)
    guard height >= 0, width >= 0, !overflow, isEven else {
      throw MetricError(.shapeMismatch, at: "size", "\(height) × \(width) with \(runs.count) runs")
    }
    var pixels: [Int32] = []
    for index in stride(from: 0, to: runs.count, by: 2) {
      let length = runs[index + 1]
      guard length >= 0, length <= count - pixels.count else { throw mismatch(height, width) }
      pixels.append(
        contentsOf: repeatElement(Int32(clamping: runs[index]), count: Int(length)))
    }
    guard pixels.count == count else { throw mismatch(height, width) }
    return pixels
  }

  private static func mismatch(_ height: Int, _ width: Int) -> MetricError {
    MetricError(.shapeMismatch, at: "images", "the runs do not fill \(height) × \(width) pixels")
  }
}

/// Images whose pixels are labelled with classes 0..<classCount.
public struct SegmentationMaps: InputColumns, Equatable {
  /// The largest number of classes; counts are kept for each class of each image.
  public static let maximumClasses = 65_536

  public let classCount: Int
  /// Pixels whose truth is this count nowhere.
  public let ignoreIndex: Int32?
  /// The distance between the centres of neighbouring rows, and of neighbouring columns.
  public let rowSpacing: Double
  public let columnSpacing: Double
  public let images: [SegmentationImage]

  /// Throws `invalidParameter` for a spacing that is not two positive finite numbers.
  public init(
    classCount: Int, ignoreIndex: Int32? = nil, spacing: [Double] = [1, 1],
    images: [SegmentationImage]
  ) throws(MetricError) {
    guard spacing.count == 2, spacing.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw MetricError(
        .invalidParameter, at: "spacing", "expected two positive numbers, got \(spacing)")
    }
    self.classCount = classCount
    self.ignoreIndex = ignoreIndex
    rowSpacing = spacing[0]
    columnSpacing = spacing[1]
    self.images = images
  }

  private init(_ maps: SegmentationMaps, images: [SegmentationImage]) {
    classCount = maps.classCount
    ignoreIndex = maps.ignoreIndex
    rowSpacing = maps.rowSpacing
    columnSpacing = maps.columnSpacing
    self.images = images
  }

  public var count: Int { images.count }

  func slice(_ range: Range<Int>) -> SegmentationMaps {
    SegmentationMaps(self, images: images.cut(range))
  }

  func appending(_ other: SegmentationMaps) throws(MetricError) -> SegmentationMaps {
    guard classCount == other.classCount, ignoreIndex == other.ignoreIndex else {
      throw ClassScores.otherClasses
    }
    return SegmentationMaps(self, images: images + other.images)
  }

  func validateShape() throws(MetricError) {
    guard (1...Self.maximumClasses).contains(classCount) else {
      throw MetricError(
        .invalidParameter, at: "num_classes",
        "expected 1 to \(Self.maximumClasses) classes, got \(classCount)")
    }
  }

  /// Checks the sizes. The classes are checked by whatever counts or packs the pixels, in the
  /// same pass (`LabelPair.unknownLabel`).
  func validate(_ range: Range<Int>) throws(MetricError) {
    for index in range {
      let image = images[index]
      let (truths, predictions) = image.labels.counts
      try Self.checkSize(truths, image.height, image.width, { "images[\(index)].true" })
      try Self.checkSize(predictions, image.height, image.width, { "images[\(index)].pred" })
    }
  }

  /// About how many pixels an image has.
  var valuesPerSample: Int { images.first?.labels.counts.truth ?? 1 }

  static func checkSize(
    _ count: Int, _ height: Int, _ width: Int, _ place: () -> String
  ) throws(MetricError) {
    guard height > 0, width > 0, count / height == width, count % height == 0 else {
      throw MetricError(
        .shapeMismatch, at: place(), "expected \(height) × \(width) pixels, got \(count)")
    }
  }

  /// A pixel of an image has a class that is not declared.
  func unknownLabel(_ index: Int) -> MetricError {
    let image = images[index]
    let limit = UInt32(clamping: classCount)
    let (truth, prediction) = (image.truth, image.prediction)
    for pixel in truth.indices where truth[pixel] != ignoreIndex {
      let isTruthKnown = UInt32(bitPattern: truth[pixel]) < limit
      if isTruthKnown, UInt32(bitPattern: prediction[pixel]) < limit { continue }
      return MetricError(
        .unknownLabel, at: "images[\(index)].\(isTruthKnown ? "pred" : "true")[\(pixel)]",
        "class \(isTruthKnown ? prediction[pixel] : truth[pixel]) is not one of the "
          + "\(classCount) classes")
    }
    preconditionFailure("called for an image with such a pixel")
  }
}

/// True classes and predicted scores of the pixels of one image.
public struct ScoredImage: Sendable, Equatable {
  public let height: Int
  public let width: Int
  /// Row-major, height × width.
  public let truth: [Int32]
  /// Channel first: classes × height × width.
  public let scores: [Double]
  /// Whether the scores are probabilities, or logits.
  public let areProbabilities: Bool

  public init(
    height: Int, width: Int, truth: [Int32], scores: [Double], areProbabilities: Bool
  ) {
    self.height = height
    self.width = width
    self.truth = truth
    self.scores = scores
    self.areProbabilities = areProbabilities
  }
}

/// Images with a score for each pixel and class.
public struct SegmentationScores: InputColumns, Equatable {
  public let classCount: Int
  public let ignoreIndex: Int32?
  public let images: [ScoredImage]

  public init(classCount: Int, ignoreIndex: Int32? = nil, images: [ScoredImage]) {
    self.classCount = classCount
    self.ignoreIndex = ignoreIndex
    self.images = images
  }

  public var count: Int { images.count }

  func slice(_ range: Range<Int>) -> SegmentationScores {
    SegmentationScores(
      classCount: classCount, ignoreIndex: ignoreIndex, images: images.cut(range))
  }

  func appending(_ other: SegmentationScores) throws(MetricError) -> SegmentationScores {
    guard classCount == other.classCount, ignoreIndex == other.ignoreIndex else {
      throw ClassScores.otherClasses
    }
    return SegmentationScores(
      classCount: classCount, ignoreIndex: ignoreIndex, images: images + other.images)
  }

  func validateShape() throws(MetricError) {
    guard (1...SegmentationMaps.maximumClasses).contains(classCount) else {
      throw MetricError(
        .invalidParameter, at: "num_classes",
        "expected 1 to \(SegmentationMaps.maximumClasses) classes, got \(classCount)")
    }
  }

  func validate(_ range: Range<Int>) throws(MetricError) {
    for index in range { try validate(images[index], "images[\(index)]") }
  }

  private func validate(_ image: ScoredImage, _ place: String) throws(MetricError) {
    let pixels = image.truth.count
    try SegmentationMaps.checkSize(pixels, image.height, image.width, { "\(place).true" })
    let (cells, overflow) = pixels.multipliedReportingOverflow(by: classCount)
    guard classCount > 0, !overflow, image.scores.count == cells else {
      throw MetricError(
        .shapeMismatch, at: "\(place).scores",
        "expected \(classCount) × \(image.height) × \(image.width) entries, "
          + "got \(image.scores.count)")
    }
    try Check.finite(image.scores, "\(place).scores")
    for pixel in 0..<pixels where image.truth[pixel] != ignoreIndex {
      guard UInt32(bitPattern: image.truth[pixel]) < UInt32(clamping: classCount) else {
        throw MetricError(
          .unknownLabel, at: "\(place).true[\(pixel)]",
          "class \(image.truth[pixel]) is not one of the \(classCount) classes")
      }
      if image.areProbabilities { try checkProbabilities(image, pixel, place) }
    }
  }

  private func checkProbabilities(
    _ image: ScoredImage, _ pixel: Int, _ place: String
  ) throws(MetricError) {
    var sum = 0.0
    for channel in 0..<classCount {
      let value = image.scores[channel * image.truth.count + pixel]
      try Check.probability(value, "\(place).proba[\(channel)][\(pixel)]")
      sum += value
    }
    guard (sum - 1).magnitude <= ProbabilityColumns.sumTolerance else {
      throw MetricError(
        .invalidProbability, at: "\(place).proba[\(pixel)]",
        "the probabilities sum to \(sum), expected 1")
    }
  }
}
