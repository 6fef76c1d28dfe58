import Metrics

/// Metric inputs from a pair of arrays, rows matched by position.
///
/// Classification: integers against integers (labels), against one number a row (scores of class
/// 1), or against a row of numbers (scores of the classes 0, 1, …); two-dimensional truths are
/// multilabel. Regression: numbers against numbers. Segmentation: label maps of the same shape,
/// one image (height × width) or several (images × height × width), or scores with a channel per
/// class before the height.
enum ArrayInput {
  /// The tasks whose tables may be arrays instead.
  static let tasks: Set<MetricTask> = [
    .imageClassification, .textClassification, .tabularClassification, .tabularRegression,
  ]

  // MARK: Rows

  /// Joins labels or numbers.
  static func input(
    _ task: MetricTask, _ truth: NPYArray, _ prediction: NPYArray, classCount: Int?,
    areLogits: Bool
  ) throws(MetricError) -> MetricInput {
    let rows = 0..<(truth.shape.first ?? 0)
    guard prediction.shape.first == truth.shape.first else {
      throw mismatch(truth, prediction, "as many rows as the truth")
    }
    if task == .tabularRegression {
      guard prediction.shape.count == 1 else {
        throw mismatch(truth, prediction, "one number per row")
      }
      return .regression(
        RegressionColumns(truth: truth.numbers(rows), prediction: prediction.numbers(rows)))
    }
    if truth.shape.count == 2 { return try labels(truth, prediction, areLogits, rows) }
    let width = prediction.shape.count == 2 ? prediction.shape[1] : 1
    guard (1...2).contains(prediction.shape.count), width > 0 else {
      throw mismatch(truth, prediction, "one prediction, or one score per class, for each row")
    }
    let indices = truth.integers(rows, as: Int32.self)
    if prediction.shape.count == 1, prediction.isInteger {
      if let classCount {
        return .labels(
          try LabelColumns(
            classes: numbered(classCount), truth: indices,
            prediction: prediction.integers(rows, as: Int32.self)))
      }
      return .labels(
        try LabelColumns(
          classes: nil, truth: truth.integers(rows, as: Int64.self).map(Label.integer),
          prediction: prediction.integers(rows, as: Int64.self).map(Label.integer)))
    }
    if prediction.shape.count == 1 {
      let scores = try BinaryScores(
        classes: numbered(2), truth: indices, scores: prediction.numbers(rows))
      return areLogits ? .binaryLogits(scores) : .binaryScores(scores)
    }
    let scores = try ClassScores(
      classes: numbered(width), truth: indices,
      scores: prediction.numbers(rows.lowerBound * width..<rows.upperBound * width))
    return areLogits ? .logits(scores) : .probabilities(scores)
  }

  private static func labels(
    _ truth: NPYArray, _ prediction: NPYArray, _ areLogits: Bool, _ rows: Range<Int>
  ) throws(MetricError) -> MetricInput {
    guard prediction.shape == truth.shape else {
      throw mismatch(truth, prediction, "the truth's shape")
    }
    let width = truth.shape[1]
    let cells = rows.lowerBound * width..<rows.upperBound * width
    let actual = truth.integers(cells, as: UInt8.self)
    if prediction.isInteger {
      // Below 0 is no more 0 than 2 is.
      let predicted = prediction.integers(cells, as: Int64.self).map {
        UInt8(clamping: $0 < 0 ? 255 : $0)
      }
      return .multilabel(
        MultilabelColumns(width: width, truth: actual, prediction: predicted))
    }
    let scores = MultilabelScores(
      width: width, truth: actual, scores: prediction.numbers(cells))
    return areLogits ? .multilabelLogits(scores) : .multilabelScores(scores)
  }

  private static func numbered(_ count: Int) -> [Label] {
    (0..<Int64(count)).map(Label.integer)
  }

  private static func mismatch(
    _ truth: NPYArray, _ prediction: NPYArray, _ expected: String
  ) -> MetricError {
    MetricError(
      .shapeMismatch,
      "the truth has shape \(truth.shape), the prediction \(prediction.shape); expected "
        + expected)
  }

  // MARK: Images

  /// Joins label maps, or a label map and scores, of the same images.
  static func maps(
    _ truth: NPYArray, _ prediction: NPYArray, classCount: Int?, ignoreIndex: Int32?,
    areLogits: Bool, images: [Int]
  ) throws(MetricError) -> MetricInput {
    let height = truth.shape[truth.shape.count - 2]
    let width = truth.shape[truth.shape.count - 1]
    let pixels = height * width
    guard prediction.isInteger else {
      let channels = prediction.shape[truth.shape.count - 2]
      return .segmentationScores(
        SegmentationScores(
          classCount: classCount ?? channels, ignoreIndex: ignoreIndex,
          images: images.map { image in
            ScoredImage(
              height: height, width: width,
              truth: truth.integers(image * pixels..<(image + 1) * pixels, as: Int32.self),
              scores: prediction.numbers(
                image * pixels * channels..<(image + 1) * pixels * channels),
              areProbabilities: !areLogits)
          }))
    }
    let joined = images.map { image in
      Self.image(truth, prediction, image * pixels..<(image + 1) * pixels, height, width)
    }
    let count = classCount ?? ArrayChecks.classCount(ofMaps: truth, ignoreIndex: ignoreIndex)
    return .segmentation(
      try SegmentationMaps(classCount: count, ignoreIndex: ignoreIndex, images: joined))
  }

  /// The pixels of one image, in bytes where the files have bytes.
  private static func image(
    _ truth: NPYArray, _ prediction: NPYArray, _ pixels: Range<Int>, _ height: Int, _ width: Int
  ) -> SegmentationImage {
    let narrow: [NPYArray.ElementType] = [.bool, .uint8]
    guard narrow.contains(truth.type), narrow.contains(prediction.type) else {
      return SegmentationImage(
        height: height, width: width, truth: truth.integers(pixels, as: Int32.self),
        prediction: prediction.integers(pixels, as: Int32.self))
    }
    return SegmentationImage(
      height: height, width: width, truth: truth.integers(pixels, as: UInt8.self),
      prediction: prediction.integers(pixels, as: UInt8.self))
  }
}
