import Metrics

/// What is wrong with an array, said before anything is scored.
enum ArrayChecks {
  /// Throws unless an array can be the truth of a task; `classCount` is nil without declaration.
  static func truth(
    _ array: NPYArray, _ task: MetricTask, classCount: Int?, ignoreIndex: Int32?,
    limits: FormatLimits
  ) throws(FormatError) {
    guard array.count > 0 else {
      throw problem(
        .emptyFile, "the array of shape \(array.shape) has no elements", expected: "elements")
    }
    let rank = array.shape.count
    switch task {
    case .semanticSegmentation:
      guard array.isInteger, (2...3).contains(rank) else {
        throw wrongShape(
          array, "is no label map",
          "integers of shape (height, width) or (images, height, width)")
      }
      try pixels(array, classCount, ignoreIndex, truth: array)
    case .tabularRegression:
      guard rank == 1 else { throw wrongShape(array, "is no column", "numbers of shape (rows,)") }
      try finite(array)
    default:
      guard array.isInteger, (1...2).contains(rank) else {
        throw wrongShape(
          array, "holds no labels", "integers of shape (rows,), or of 0 and 1 (rows, labels)")
      }
      guard rank == 2 else {
        return try RowLabels(array).check(classCount: classCount, isTruth: true, limits)
      }
      guard array.shape[1] == classCount ?? array.shape[1] else {
        throw wrongShape(
          array, "does not fit the \(classCount ?? 0) declared labels",
          "0 and 1 of shape [\(array.shape[0]), \(classCount ?? 0)]")
      }
      guard array.shape[1] <= limits.maximumClasses else {
        throw RowLabels.tooManyClasses(limits)
      }
      try cells(array)
    }
  }

  // MARK: Images

  /// Throws unless an array has a label, or a score per class, for each pixel of the truth.
  static func maps(
    _ truth: NPYArray, _ array: NPYArray, classCount: Int?, ignoreIndex: Int32?, areLogits: Bool
  ) throws(FormatError) {
    let images = truth.shape.count - 2
    let known = classCount ?? self.classCount(ofMaps: truth, ignoreIndex: ignoreIndex)
    if array.isInteger {
      guard array.shape == truth.shape else { throw wrongMaps(truth, array, classCount) }
      return try pixels(array, known, ignoreIndex, truth: truth)
    }
    var size = array.shape
    let channels = size.count == truth.shape.count + 1 ? size.remove(at: images) : 0
    guard size == truth.shape, channels > 0, classCount == nil || classCount == channels else {
      throw wrongMaps(truth, array, classCount)
    }
    guard channels >= known else { throw RowLabels.tooFewColumns(channels) }
    try finite(array)
    guard !areLogits else { return }
    let pixels = truth.shape[images] * truth.shape[images + 1]
    for image in 0..<truth.count / pixels {
      try probabilities(
        array, from: image * pixels * channels, rows: pixels, width: channels,
        truth: truth.integers(image * pixels..<(image + 1) * pixels, as: Int32.self),
        ignoreIndex: ignoreIndex)
    }
  }

  private static func wrongMaps(
    _ truth: NPYArray, _ array: NPYArray, _ classCount: Int?
  ) -> FormatError {
    let images = truth.shape.dropLast(2).map(String.init)
    let size = truth.shape.suffix(2).map(String.init)
    let scores = images + [classCount.map(String.init) ?? "classes"] + size
    return wrongShape(
      array, "does not fit the truth",
      "integers of the truth's shape \(truth.shape), or floating-point scores of shape "
        + "[\(scores.joined(separator: ", "))]")
  }

  /// The classes of label maps without declaration: up to the largest of a pixel that counts.
  ///
  /// Of the truth alone: a prediction's labels must not decide how much is counted.
  static func classCount(ofMaps truth: NPYArray, ignoreIndex: Int32?) -> Int {
    let size = truth.shape.suffix(2).reduce(1, *)
    var largest: Int32 = 0
    for start in stride(from: 0, to: truth.count, by: size) {
      for label in truth.integers(start..<start + size, as: Int32.self) where label != ignoreIndex {
        largest = max(largest, label)
      }
    }
    return Int(largest) + 1
  }

  /// Every pixel that counts has one of the classes.
  private static func pixels(
    _ array: NPYArray, _ classCount: Int?, _ ignoreIndex: Int32?, truth: NPYArray
  ) throws(FormatError) {
    let limit = Int32(clamping: min(classCount ?? .max, SegmentationMaps.maximumClasses))
    let size = array.shape.suffix(2).reduce(1, *)
    for start in stride(from: 0, to: array.count, by: size) {
      let pixels = array.integers(start..<start + size, as: Int32.self)
      guard pixels.contains(where: { $0 < 0 || $0 >= limit }) else { continue }
      let actual = truth.integers(start..<start + size, as: Int32.self)
      for (pixel, label) in pixels.enumerated()
      where (label < 0 || label >= limit) && actual[pixel] != ignoreIndex {
        let width = array.shape[array.shape.count - 1]
        throw problem(
          .unknownLabel,
          "image \(start / size), row \(pixel / width), column \(pixel % width) has label "
            + "\(label)", expected: "a class from 0 to \(limit - 1)")
      }
    }
  }

  // MARK: Rows

  /// Throws unless an array has a prediction for each row of the truth.
  static func rows(
    _ truth: NPYArray, _ array: NPYArray, _ task: MetricTask, classCount: Int?, areLogits: Bool,
    limits: FormatLimits
  ) throws(FormatError) {
    let rows = truth.shape[0]
    let isColumn = array.shape == [rows]
    if task == .tabularRegression {
      guard isColumn else {
        throw wrongShape(array, "does not fit the truth", "numbers of shape [\(rows)]")
      }
      return try finite(array)
    }
    if truth.shape.count == 2 {
      guard array.shape == truth.shape else {
        throw wrongShape(
          array, "does not fit the truth", "0 and 1, or scores, of shape \(truth.shape)")
      }
      return array.isInteger ? try cells(array) : try finite(array)
    }
    if isColumn, array.isInteger {
      return try RowLabels(array).check(classCount: classCount, isTruth: false, limits)
    }
    let known = classCount ?? RowLabels(truth).limit
    if isColumn {
      guard known <= 2 else { throw RowLabels.tooFewColumns(1) }
      return try finite(array)
    }
    guard array.shape.count == 2, array.shape[0] == rows, array.shape[1] > 0,
      classCount == nil || classCount == array.shape[1]
    else {
      let width = classCount.map(String.init) ?? "classes"
      throw wrongShape(
        array, "does not fit the truth",
        "labels of shape [\(rows)], or scores of shape [\(rows), \(width)]")
    }
    guard array.shape[1] >= known else { throw RowLabels.tooFewColumns(array.shape[1]) }
    try finite(array)
    guard !areLogits else { return }
    let labels = truth.integers(0..<rows, as: Int32.self)
    let width = array.shape[1]
    try probabilities(array, rows: rows, width: width, truth: labels)
  }

  // MARK: Elements

  private static func finite(_ array: NPYArray) throws(FormatError) {
    guard !array.isInteger else { return }
    let part = 1 << 16
    for start in stride(from: 0, to: array.count, by: part) {
      let numbers = array.numbers(start..<min(start + part, array.count))
      // A finite number minus itself is zero: one branch per part, not per number.
      var residue = 0.0
      for number in numbers { residue += number - number }
      guard residue != 0, let bad = numbers.firstIndex(where: { !$0.isFinite }) else { continue }
      throw problem(
        .notFinite, "element \(start + bad) is \(numbers[bad])", expected: "finite numbers")
    }
  }

  private static func cells(_ array: NPYArray) throws(FormatError) {
    let cells = array.integers(0..<array.count, as: Int64.self)
    guard let bad = cells.firstIndex(where: { $0 < 0 || $0 > 1 }) else { return }
    throw problem(
      .outOfRange, "element \(bad) is \(cells[bad])",
      expected: "0 or 1 for each row and label, where the truth has two dimensions")
  }

  /// Rows of probabilities, one behind the other: those of all rows of an array, or, class by
  /// class, those of the pixels of an image.
  private static func probabilities(
    _ array: NPYArray, from start: Int = 0, rows: Int, width: Int, truth: [Int32],
    ignoreIndex: Int32? = nil
  ) throws(FormatError) {
    let isChannelFirst = array.shape.count > 2
    let values = array.numbers(start..<start + rows * width)
    for row in 0..<rows where truth[row] != ignoreIndex || !isChannelFirst {
      var sum = 0.0
      for column in 0..<width {
        let index = isChannelFirst ? column * rows + row : row * width + column
        let value = values[index]
        guard value >= 0, value <= 1 else {
          throw problem(
            .invalidProbability, "element \(start + index) is \(value)",
            expected: "a probability from 0 to 1; logits must be declared as such")
        }
        sum += value
      }
      guard (sum - 1).magnitude > ProbabilityColumns.sumTolerance else { continue }
      let place = isChannelFirst ? "pixel \(start / width + row)" : "row \(row)"
      throw problem(
        .probabilitySum, "the probabilities of \(place) sum to \(sum)",
        expected: "1, within \(ProbabilityColumns.sumTolerance)")
    }
  }

  // MARK: Problems

  private static func problem(
    _ kind: FormatProblem.Kind, _ message: String, expected: String
  ) -> FormatError {
    FormatError(FormatProblem(kind, message, expected: expected))
  }

  private static func wrongShape(
    _ array: NPYArray, _ message: String, _ expected: String
  ) -> FormatError {
    let type = array.isInteger ? "integers" : "floating-point numbers"
    return problem(
      .shapeMismatch, "the array of \(type) of shape \(array.shape) \(message)",
      expected: expected)
  }
}
