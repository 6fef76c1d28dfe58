import Metrics

/// Collects predictions into columns in the order of the truth's rows.
struct PredictionsBuilder: TableBuilder {
  private let dataset: Dataset
  private let options: PredictionOptions
  private var form = PredictionForm()
  private var keyColumn = 0
  /// The line on which each row of the truth was predicted; 0: not yet.
  ///
  /// As long as the rows come in the order of the truth there are no more than have come.
  private var lines: [Int32] = []
  private var labels: [Int32] = []
  private var numbers: [Double] = []

  init(dataset: Dataset, options: PredictionOptions) {
    self.dataset = dataset
    self.options = options
  }

  mutating func plan(_ header: TableHeader) throws(FormatError) -> RowPlan {
    form = try PredictionForm(header, dataset, options)
    var plan = RowPlan(header: header, key: form.key, label: form.label, classes: form.classes)
    plan.numbers = form.numbers
    plan.sums = form.range(of: .probabilities)
    guard form.key != .none else { return plan }
    plan.truth = dataset.keys
    switch form.key {
    case .id(let column): keyColumn = column
    case .point(_, let timestamp): keyColumn = timestamp
    case .none: break
    }
    lines.reserveCapacity(dataset.rowCount)
    if form.label != nil { labels.reserveCapacity(dataset.rowCount) }
    numbers.reserveCapacity(dataset.rowCount * form.numbers.count)
    return plan
  }

  // MARK: Rows

  mutating func take(_ piece: TablePiece, at line: Int) -> [TableFault] {
    guard form.key != .none else {
      numbers += piece.numbers
      return []
    }
    guard let first = piece.truthRows.first else { return [] }
    if piece.isInOrder, Int(first) == lines.count {
      lines += piece.lines.lazy.map { $0 &+ Int32(truncatingIfNeeded: line) }
      labels += piece.labels
      numbers += piece.numbers
      return []
    }
    return scatter(piece, at: line)
  }

  /// Puts rows where the truth has them.
  private mutating func scatter(_ piece: TablePiece, at line: Int) -> [TableFault] {
    fill()
    let width = form.numbers.count
    var faults: [TableFault] = []
    for (record, row) in piece.truthRows.enumerated() where row >= 0 {
      let row = Int(row)
      guard lines[row] == 0 else {
        faults.append(
          TableFault(
            record: record, kind: .duplicateID, column: keyColumn,
            message: "\(name(ofRow: row)) was already predicted on line \(lines[row])",
            expected: "the ids of the truth, each once"))
        continue
      }
      lines[row] = Int32(truncatingIfNeeded: line + Int(piece.lines[record]))
      if form.label != nil { labels[row] = piece.labels[record] }
      for column in 0..<width {
        numbers[row * width + column] = piece.numbers[record * width + column]
      }
    }
    return faults
  }

  /// Gives every row of the truth a place.
  private mutating func fill() {
    let missing = dataset.rowCount - lines.count
    guard missing > 0 else { return }
    lines += repeatElement(0, count: missing)
    if form.label != nil { labels += repeatElement(0, count: missing) }
    numbers += repeatElement(0, count: missing * form.numbers.count)
  }

  private func name(ofRow row: Int) -> String {
    let key = dataset.keys.text(row)
    let parts = key.split(separator: "\u{1F}", omittingEmptySubsequences: false)
    guard case .point = form.key, parts.count == 2 else { return "id \"\(key)\"" }
    return "series \"\(parts[0])\" at \(parts[1])"
  }

  mutating func end(_ problems: inout ProblemList) throws(FormatError) {
    guard form.key != .none, lines.count < dataset.rowCount || lines.contains(0) else { return }
    for row in 0..<dataset.rowCount where row >= lines.count || lines[row] == 0 {
      let isID = if case .id = form.key { true } else { false }
      try problems.add(
        FormatProblem(
          .missingID, field: isID ? "id" : "timestamp", "\(name(ofRow: row)) is not predicted",
          expected: "a row for each id of the truth"))
    }
  }

  // MARK: Result

  func predictions() -> Predictions {
    if form.key == .none {
      let counts = column(.counts).map { $0.map { Int64($0) } }
      return Predictions(values: .reportedLoss(values: column(.losses) ?? [], counts: counts))
    }
    switch dataset.truth {
    case .labels:
      return Predictions(
        values: .classes(
          Predictions.ClassPredictions(
            classes: form.classes ?? [], labels: form.label == nil ? nil : labels,
            probabilities: column(.probabilities), logits: column(.logits),
            scores: column(.score), binaryLogits: column(.binaryLogit))))
    case .multilabel:
      return Predictions(values: .multilabel(multilabel()))
    case .targets, .series:
      return Predictions(values: .numbers(numbers))
    case .survival:
      return Predictions(
        values: .survival(
          Predictions.SurvivalPredictions(
            risk: column(.risk), event: column(.event).map { $0.map { $0 == 1 } },
            probability: column(.probability))))
    case .objects, .maps, .array:
      preconditionFailure("objects and arrays are no tables")
    }
  }

  /// Cells that are all 0 or 1 are predicted labels, and scores as well.
  private func multilabel() -> Predictions.MultilabelPredictions {
    let cells = column(.cells)
    let areLabels = cells?.allSatisfy { $0 == 0 || $0 == 1 } ?? false
    return Predictions.MultilabelPredictions(
      labels: areLabels ? cells?.map { UInt8($0) } : nil, scores: column(.scores) ?? cells,
      logits: column(.logits))
  }

  /// The numbers of a group, row by row; nil if the file has none.
  private func column(_ group: PredictionForm.Group) -> [Double]? {
    let range = form.range(of: group)
    guard !range.isEmpty else { return nil }
    let width = form.numbers.count
    if range.count == width { return numbers }
    var column: [Double] = []
    column.reserveCapacity(numbers.count / width * range.count)
    for start in stride(from: 0, to: numbers.count, by: width) {
      column += numbers[start + range.lowerBound..<start + range.upperBound]
    }
    return column
  }
}
