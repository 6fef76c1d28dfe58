import Metrics

/// Metric inputs from a pair of arrays, rows matched by position.
///
/// Classification: integers against integers (labels), against one number a row (scores of class
/// 1), or against a row of numbers (probabilities of the classes 0, 1, …); two-dimensional truths
/// are multilabel. Regression: numbers against numbers. Segmentation: label maps of the same
/// shape, one image (height × width) or several (images × height × width).
public enum ArrayInput {
  /// Joins truth and prediction; `classCount` and `ignoreIndex` are for label maps.
  public static func input(
    task: MetricTask, truth: NPYArray, prediction: NPYArray, classCount: Int? = nil,
    ignoreIndex: Int32? = nil
  ) throws -> MetricInput {
    switch task {
    case .imageClassification, .textClassification, .tabularClassification:
      return try classification(truth, prediction)
    case .tabularRegression:
      try requireSameShape(truth, prediction)
      return .regression(
        RegressionColumns(truth: truth.numbers, prediction: prediction.numbers))
    case .semanticSegmentation:
      try requireSameShape(truth, prediction)
      guard truth.integers != nil, prediction.integers != nil else {
        throw wrongType("a label map", "integers")
      }
      guard (2...3).contains(truth.shape.count) else { throw mismatch(truth, prediction) }
      let images = truth.shape.count == 2 ? 1 : truth.shape[0]
      return .segmentation(
        try maps(
          truth, prediction, classCount: classCount, ignoreIndex: ignoreIndex,
          images: Array(0..<images)))
    default:
      throw FormatError(
        FormatProblem(
          .unsupportedTask, "\(task.name) has no array form",
          expected: "classification, regression or semantic segmentation"))
    }
  }

  private static func classification(
    _ truth: NPYArray, _ prediction: NPYArray
  ) throws -> MetricInput {
    guard let labels = truth.integers else { throw wrongType("the truth", "integers") }
    let width = prediction.shape.count == 2 ? prediction.shape[1] : 1
    if truth.shape.count == 2 {
      try requireSameShape(truth, prediction)
      let cells = labels.map { UInt8(clamping: $0 < 0 ? 255 : $0) }
      guard let predicted = prediction.integers else {
        return .multilabelScores(
          MultilabelScores(width: width, truth: cells, scores: prediction.numbers))
      }
      return .multilabel(
        MultilabelColumns(
          width: width, truth: cells,
          prediction: predicted.map { UInt8(clamping: $0 < 0 ? 255 : $0) }))
    }
    guard truth.shape.count == 1, prediction.shape.first == truth.shape[0] else {
      throw mismatch(truth, prediction)
    }
    if let predicted = prediction.integers, prediction.shape.count == 1 {
      return .labels(
        try LabelColumns(
          classes: nil, truth: labels.map(Label.integer), prediction: predicted.map(Label.integer)))
    }
    let indices = labels.map { Int32(clamping: $0) }
    if prediction.shape.count == 1 {
      let classes: [Label] = [.integer(0), .integer(1)]
      return .binaryScores(
        try BinaryScores(classes: classes, truth: indices, scores: prediction.numbers))
    }
    guard prediction.shape.count == 2 else { throw mismatch(truth, prediction) }
    let classes = (0..<Int64(width)).map(Label.integer)
    return .probabilities(
      try ClassScores(classes: classes, truth: indices, scores: prediction.numbers))
  }

  /// Label maps of two integer arrays of the same shape (height, width) or (images, height,
  /// width).
  static func maps(
    _ truth: NPYArray, _ prediction: NPYArray, classCount: Int?, ignoreIndex: Int32?,
    images chosen: [Int]
  ) throws(MetricError) -> SegmentationMaps {
    let labels = truth.labels
    let predicted = prediction.labels
    var largest: Int32 = 0
    for (label, other) in zip(labels, predicted) where label != ignoreIndex {
      largest = max(largest, label, other)
    }
    let height = truth.shape[truth.shape.count - 2]
    let width = truth.shape[truth.shape.count - 1]
    let images = chosen.map { index in
      let range = index * height * width..<(index + 1) * height * width
      return SegmentationImage(
        height: height, width: width, truth: Array(labels[range]),
        prediction: Array(predicted[range]))
    }
    return try SegmentationMaps(
      classCount: classCount ?? Int(largest) + 1, ignoreIndex: ignoreIndex, images: images)
  }

  private static func requireSameShape(_ truth: NPYArray, _ prediction: NPYArray) throws {
    guard truth.shape == prediction.shape else { throw mismatch(truth, prediction) }
  }

  private static func mismatch(_ truth: NPYArray, _ prediction: NPYArray) -> FormatError {
    FormatError(
      FormatProblem(
        .shapeMismatch, "the prediction has shape \(prediction.shape)",
        expected: "a shape that fits the truth's \(truth.shape)"))
  }

  private static func wrongType(_ name: String, _ expected: String) -> FormatError {
    FormatError(FormatProblem(.wrongType, "\(name) has another type", expected: expected))
  }
}

extension NPYArray {
  /// The elements as numbers.
  var numbers: [Double] {
    switch elements {
    case .integers(let values): values.map(Double.init)
    case .longIntegers(let values): values.map(Double.init)
    case .numbers(let values): values
    }
  }

  /// The elements as class indices; numbers have none.
  var labels: [Int32] {
    switch elements {
    case .integers(let values): values
    case .longIntegers(let values): values.map { Int32(clamping: $0) }
    case .numbers: []
    }
  }

  /// The elements if they are integers.
  var integers: [Int64]? {
    switch elements {
    case .integers(let values): values.map(Int64.init)
    case .longIntegers(let values): values
    case .numbers: nil
    }
  }
}
