/// Hard labels: truth and prediction as indices into a class list.
public struct LabelColumns: InputColumns, Equatable {
  public let classes: [Label]
  /// Whether the class list was declared, or is the sorted union of the labels that occur.
  public let isDeclared: Bool
  public let truth: [Int32]
  public let prediction: [Int32]

  /// Columns of class indices; an index outside the class list is found on evaluation.
  public init(classes: [Label], truth: [Int32], prediction: [Int32]) throws(MetricError) {
    self.classes = try ClassIndex(classes).classes
    isDeclared = true
    self.truth = truth
    self.prediction = prediction
  }

  /// Columns of labels. Without `classes` the class list is the sorted union of the labels.
  ///
  /// Throws `duplicateClass`, `unknownLabel` or `mixedLabelTypes`.
  public init(
    classes: [Label]?, truth: [Label], prediction: [Label]
  ) throws(MetricError) {
    try Check.sameLength(truth.count, "y_true", prediction.count, "y_pred")
    let index: ClassIndex
    if let classes {
      index = try ClassIndex(classes)
    } else {
      index = try ClassIndex(ClassIndex.union([truth, prediction]))
    }
    self.classes = index.classes
    isDeclared = classes != nil
    self.truth = try index.encode(truth, field: "y_true")
    self.prediction = try index.encode(prediction, field: "y_pred")
  }

  private init(columns: LabelColumns, range: Range<Int>) {
    classes = columns.classes
    isDeclared = columns.isDeclared
    truth = columns.truth.cut(range)
    prediction = columns.prediction.cut(range)
  }

  public var count: Int { max(truth.count, prediction.count) }

  func slice(_ range: Range<Int>) -> LabelColumns { LabelColumns(columns: self, range: range) }

  func appending(_ other: LabelColumns) throws(MetricError) -> LabelColumns {
    guard classes != other.classes else {
      return try LabelColumns(
        classes: classes, truth: truth + other.truth, prediction: prediction + other.prediction)
    }
    return try LabelColumns(
      classes: nil, truth: truthLabels + other.truthLabels,
      prediction: predictedLabels + other.predictedLabels)
  }

  func validateShape() throws(MetricError) {
    try Check.sameLength(truth.count, "y_true", prediction.count, "y_pred")
    guard !classes.isEmpty || truth.isEmpty else {
      throw MetricError(.unknownLabel, at: "classes", "no class is declared")
    }
  }

  func validate(_ range: Range<Int>) throws(MetricError) {
    try Check.classIndices(truth, range, of: classes.count, "y_true")
    try Check.classIndices(prediction, range, of: classes.count, "y_pred")
  }

  private var truthLabels: [Label] { truth.map { classes[Int($0)] } }
  private var predictedLabels: [Label] { prediction.map { classes[Int($0)] } }
}

/// One score per sample and class: probabilities whose rows sum to 1, or logits.
public struct ClassScores: InputColumns, Equatable {
  public let classes: [Label]
  public let truth: [Int32]
  /// Row-major, `count` × `classes.count`.
  public let scores: [Double]

  public init(classes: [Label], truth: [Int32], scores: [Double]) throws(MetricError) {
    self.classes = try ClassIndex(classes).classes
    self.truth = truth
    self.scores = scores
  }

  /// Labels and rows of scores, as read from a record.
  ///
  /// Throws `missingField` without classes, `shapeMismatch` for a row of another width, and what
  /// is wrong with the labels.
  public init(classes: [Label]?, truth: [Label], rows: [[Double]]) throws(MetricError) {
    guard let classes else {
      throw MetricError(.missingField, at: "classes", "scores need a declared class list")
    }
    let index = try ClassIndex(classes)
    try Check.sameLength(truth.count, "y_true", rows.count, "scores")
    for (row, values) in rows.enumerated() where values.count != classes.count {
      throw MetricError(
        .shapeMismatch, at: "scores[\(row)]",
        "expected \(classes.count) columns, got \(values.count)")
    }
    self.classes = classes
    self.truth = try index.encode(truth, field: "y_true")
    scores = rows.flatMap { $0 }
  }

  public var count: Int { truth.count }
  var width: Int { classes.count }

  func slice(_ range: Range<Int>) -> ClassScores {
    ClassScores(
      checked: classes, truth: truth.cut(range),
      scores: scores.cut(range.lowerBound * width..<range.upperBound * width))
  }

  func appending(_ other: ClassScores) throws(MetricError) -> ClassScores {
    guard classes == other.classes else { throw Self.otherClasses }
    return ClassScores(
      checked: classes, truth: truth + other.truth, scores: scores + other.scores)
  }

  static let otherClasses = MetricError(
    .unknownLabel, at: "classes", "all parts of an evaluation must declare the same classes")

  private init(checked classes: [Label], truth: [Int32], scores: [Double]) {
    self.classes = classes
    self.truth = truth
    self.scores = scores
  }

  var valuesPerSample: Int { width }

  func validateShape() throws(MetricError) {
    guard scores.count == truth.count * width else {
      throw MetricError(
        .shapeMismatch, at: "scores",
        "expected \(truth.count) × \(width) entries, got \(scores.count)")
    }
  }

  func validate(_ range: Range<Int>) throws(MetricError) {
    try Check.finite(scores, range.lowerBound * width..<range.upperBound * width, "scores")
    try Check.classIndices(truth, range, of: width, "y_true")
  }

  /// A number for each row of a range, from the row's scores and its true class.
  @inline(__always)
  func forEachRow(
    _ range: Range<Int>, _ value: (UnsafeBufferPointer<Double>, _ truth: Int) -> Double
  ) -> [Double] {
    scores.withUnsafeBufferPointer { scores in
      range.map { row in
        let cells = row * width..<(row + 1) * width
        return value(UnsafeBufferPointer(rebasing: scores[cells]), Int(truth[row]))
      }
    }
  }

  /// The position of the highest score in a row; among equal ones the first.
  @inline(__always)
  static func best(_ scores: UnsafeBufferPointer<Double>) -> Int {
    guard scores.count > Lanes.width else {
      var best = 0
      for index in 1..<max(1, scores.count) where scores[index] > scores[best] { best = index }
      return best
    }
    var highest = SIMD8<Double>(repeating: -.infinity)
    Lanes.forEach(scores, fill: -.infinity) { highest.replace(with: $0, where: $0 .> highest) }
    let best = highest.max()
    return scores.firstIndex { $0 == best } ?? 0
  }

  /// The scores of one class.
  func column(_ index: Int) -> [Double] {
    (0..<count).map { scores[$0 * width + index] }
  }
}

/// Class scores that must be probabilities.
public struct ProbabilityColumns: InputColumns {
  /// How far the sum of a row of probabilities may be from 1.
  public static let sumTolerance = 1e-5
  let scores: ClassScores
  var count: Int { scores.count }
  var valuesPerSample: Int { scores.width }

  func validateShape() throws(MetricError) { try scores.validateShape() }

  func validate(_ range: Range<Int>) throws(MetricError) {
    try Check.classIndices(scores.truth, range, of: scores.width, "y_true")
    let areValid = scores.scores.withUnsafeBufferPointer { Self.areProbabilities($0, range, width) }
    if !areValid { try find(range) }
  }

  private var width: Int { scores.width }

  /// Whether all entries of some rows surely lie in [0, 1] and each row sums to 1.
  private static func areProbabilities(
    _ scores: UnsafeBufferPointer<Double>, _ range: Range<Int>, _ width: Int
  ) -> Bool {
    let cells = range.lowerBound * width..<range.upperBound * width
    guard Lanes.areFractions(UnsafeBufferPointer(rebasing: scores[cells])) else { return false }
    for row in range {
      var sums = SIMD8<Double>.zero
      Lanes.forEach(UnsafeBufferPointer(rebasing: scores[row * width..<(row + 1) * width])) {
        sums += $0
      }
      guard (sums.sum() - 1).magnitude <= sumTolerance else { return false }
    }
    return true
  }

  /// Throws what is wrong with rows of which something is.
  private func find(_ range: Range<Int>) throws(MetricError) {
    try Check.finite(scores.scores, range.lowerBound * width..<range.upperBound * width, "scores")
    for row in range {
      var sum = 0.0
      for column in 0..<width {
        let value = scores.scores[row * width + column]
        try Check.probability(value, "proba[\(row)][\(column)]")
        sum += value
      }
      guard (sum - 1).magnitude <= Self.sumTolerance else {
        throw MetricError(
          .invalidProbability, at: "proba[\(row)]", "the row sums to \(sum), expected 1")
      }
    }
  }
}

/// One score per sample for the second of two classes.
public struct BinaryScores: InputColumns, Equatable {
  public let classes: [Label]
  public let truth: [Int32]
  public let scores: [Double]

  public init(classes: [Label], truth: [Int32], scores: [Double]) throws(MetricError) {
    self.classes = try ClassIndex(classes).classes
    self.truth = truth
    self.scores = scores
  }

  /// Labels and scores, as read from a record; throws what is wrong with classes and labels.
  public init(classes: [Label]?, truth: [Label], scores: [Double]) throws(MetricError) {
    guard let classes else {
      throw MetricError(.missingField, at: "classes", "scores need a declared class list")
    }
    let index = try ClassIndex(classes)
    self.classes = classes
    self.truth = try index.encode(truth, field: "y_true")
    self.scores = scores
  }

  public var count: Int { max(truth.count, scores.count) }

  func slice(_ range: Range<Int>) -> BinaryScores {
    BinaryScores(checked: classes, truth: truth.cut(range), scores: scores.cut(range))
  }

  func appending(_ other: BinaryScores) throws(MetricError) -> BinaryScores {
    guard classes == other.classes else { throw ClassScores.otherClasses }
    return BinaryScores(
      checked: classes, truth: truth + other.truth, scores: scores + other.scores)
  }

  private init(checked classes: [Label], truth: [Int32], scores: [Double]) {
    self.classes = classes
    self.truth = truth
    self.scores = scores
  }

  func validateShape() throws(MetricError) {
    guard classes.count == 2 else {
      throw MetricError(
        .shapeMismatch, at: "classes", "expected exactly 2 classes, got \(classes.count)")
    }
    try Check.sameLength(truth.count, "y_true", scores.count, "scores")
  }

  func validate(_ range: Range<Int>) throws(MetricError) {
    try Check.finite(scores, range, "scores")
    try Check.classIndices(truth, range, of: 2, "y_true")
  }
}
