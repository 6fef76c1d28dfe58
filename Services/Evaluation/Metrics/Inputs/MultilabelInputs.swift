/// Several yes-or-no labels per sample, predicted as yes or no.
public struct MultilabelColumns: InputColumns, Equatable {
  /// The number of labels of a sample.
  public let width: Int
  /// Row-major, `count` × `width`; entries are 0 or 1.
  public let truth: [UInt8]
  public let prediction: [UInt8]

  public init(width: Int, truth: [UInt8], prediction: [UInt8]) {
    self.width = width
    self.truth = truth
    self.prediction = prediction
  }

  /// Rows of indicators; throws `shapeMismatch` for ragged rows and `invalidValue` for an entry
  /// other than 0 and 1.
  public init(truth: [[Int64]], prediction: [[Int64]]) throws(MetricError) {
    try Check.sameLength(truth.count, "y_true", prediction.count, "y_pred")
    width = truth.first?.count ?? 0
    self.truth = try Self.flat(truth, width: width, "y_true")
    self.prediction = try Self.flat(prediction, width: width, "y_pred")
  }

  public var count: Int { width == 0 ? 0 : truth.count / width }

  func slice(_ range: Range<Int>) -> MultilabelColumns {
    let cells = range.lowerBound * width..<range.upperBound * width
    return MultilabelColumns(
      width: width, truth: truth.cut(cells), prediction: prediction.cut(cells))
  }

  func appending(_ other: MultilabelColumns) throws(MetricError) -> MultilabelColumns {
    guard width == other.width else { throw Self.otherWidth }
    return MultilabelColumns(
      width: width, truth: truth + other.truth, prediction: prediction + other.prediction)
  }

  var valuesPerSample: Int { width }

  func validateShape() throws(MetricError) {
    try Check.sameLength(truth.count, "y_true", prediction.count, "y_pred")
    try Self.validateShape(truth, width: width, "y_true")
  }

  func validate(_ range: Range<Int>) throws(MetricError) {
    try Self.validate(truth, range, width: width, "y_true")
    try Self.validate(prediction, range, width: width, "y_pred")
  }

  static let otherWidth = MetricError(
    .shapeMismatch, "all parts of an evaluation must have the same number of labels")

  static func validateShape(
    _ cells: [UInt8], width: Int, _ field: String
  ) throws(MetricError) {
    guard width > 0 || cells.isEmpty, cells.count.isMultiple(of: max(1, width)) else {
      throw MetricError(.shapeMismatch, at: field, "expected rows of \(width) entries")
    }
  }

  static func validate(
    _ cells: [UInt8], _ range: Range<Int>, width: Int, _ field: String
  ) throws(MetricError) {
    let part = cells[range.lowerBound * width..<range.upperBound * width]
    guard let bad = part.firstIndex(where: { $0 > 1 }) else { return }
    throw MetricError(
      .invalidValue, at: "\(field)[\(bad / width)][\(bad % width)]",
      "expected 0 or 1, got \(cells[bad])")
  }

  static func flat(
    _ rows: [[Int64]], width: Int, _ field: String
  ) throws(MetricError) -> [UInt8] {
    var cells: [UInt8] = []
    for (index, row) in rows.enumerated() {
      guard row.count == width else {
        throw MetricError(
          .shapeMismatch, at: "\(field)[\(index)]",
          "expected \(width) entries, got \(row.count)")
      }
      for (column, entry) in row.enumerated() {
        guard entry == 0 || entry == 1 else {
          throw MetricError(
            .invalidValue, at: "\(field)[\(index)][\(column)]", "expected 0 or 1, got \(entry)")
        }
        cells.append(UInt8(entry))
      }
    }
    return cells
  }
}

/// Several yes-or-no labels per sample with one score or logit each.
public struct MultilabelScores: InputColumns, Equatable {
  public let width: Int
  /// Row-major, `count` × `width`; entries are 0 or 1.
  public let truth: [UInt8]
  public let scores: [Double]

  public init(width: Int, truth: [UInt8], scores: [Double]) {
    self.width = width
    self.truth = truth
    self.scores = scores
  }

  /// Rows of indicators and scores; throws `shapeMismatch` for ragged rows and `invalidValue`
  /// for an indicator other than 0 and 1.
  public init(truth: [[Int64]], rows: [[Double]]) throws(MetricError) {
    try Check.sameLength(truth.count, "y_true", rows.count, "scores")
    width = truth.first?.count ?? 0
    self.truth = try MultilabelColumns.flat(truth, width: width, "y_true")
    for (index, row) in rows.enumerated() where row.count != width {
      throw MetricError(
        .shapeMismatch, at: "scores[\(index)]", "expected \(width) entries, got \(row.count)")
    }
    scores = rows.flatMap { $0 }
  }

  public var count: Int { width == 0 ? 0 : truth.count / width }

  func slice(_ range: Range<Int>) -> MultilabelScores {
    let cells = range.lowerBound * width..<range.upperBound * width
    return MultilabelScores(
      width: width, truth: truth.cut(cells), scores: scores.cut(cells))
  }

  func appending(_ other: MultilabelScores) throws(MetricError) -> MultilabelScores {
    guard width == other.width else { throw MultilabelColumns.otherWidth }
    return MultilabelScores(
      width: width, truth: truth + other.truth, scores: scores + other.scores)
  }

  var valuesPerSample: Int { width }

  func validateShape() throws(MetricError) {
    try Check.sameLength(truth.count, "y_true", scores.count, "scores")
    try MultilabelColumns.validateShape(truth, width: width, "y_true")
  }

  func validate(_ range: Range<Int>) throws(MetricError) {
    try Check.finite(scores, range.lowerBound * width..<range.upperBound * width, "scores")
    try MultilabelColumns.validate(truth, range, width: width, "y_true")
  }
}

/// Losses that a model reports per batch, and the sizes of the batches.
public struct ReportedLoss: InputColumns, Equatable {
  public let values: [Double]
  /// Batch sizes, at least 1; nil means all equal.
  public let counts: [Int64]?

  public init(values: [Double], counts: [Int64]? = nil) {
    self.values = values
    self.counts = counts
  }

  public var count: Int { values.count }

  func slice(_ range: Range<Int>) -> ReportedLoss {
    ReportedLoss(values: values.cut(range), counts: counts.map { $0.cut(range) })
  }

  func appending(_ other: ReportedLoss) -> ReportedLoss {
    let areCounted = counts != nil || other.counts != nil
    return ReportedLoss(
      values: values + other.values,
      counts: areCounted ? sizes + other.sizes : nil)
  }

  /// The weight of each batch.
  var sizes: [Int64] { counts ?? [Int64](repeating: 1, count: values.count) }

  func validateShape() throws(MetricError) {
    if let counts { try Check.sameLength(values.count, "values", counts.count, "counts") }
  }

  func validate(_ range: Range<Int>) throws(MetricError) {
    try Check.finite(values, range, "values")
    if let index = counts?[range].firstIndex(where: { $0 < 1 }) {
      throw MetricError(
        .invalidValue, at: "counts[\(index)]", "expected a batch size of at least 1")
    }
  }
}
