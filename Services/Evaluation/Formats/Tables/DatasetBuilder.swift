import Metrics

/// Collects the rows of a truth table.
struct DatasetBuilder: TableBuilder {
  private let task: MetricTask
  private let limits: FormatLimits
  private let declared: [String]?
  private var form = Form.labels
  private var columns: [ColumnSummary] = []
  private var states: [ColumnState] = []
  private var keys = KeyTable()
  private var keyColumn = 0
  private var labelTable = KeyTable()
  private var labelColumn = 0
  private var labels: [Int32] = []
  private var numbers: [Double] = []
  /// Times of events, or labels of a table of several: numbers that are kept as 0 and 1.
  private var flags: [UInt8] = []
  private var series = Dataset.SeriesTable()
  private var style: Timestamp.Style?

  /// What the rows hold.
  private enum Form: Equatable {
    case labels
    case multilabel(names: [String])
    case targets, series, survival
  }

  init(task: MetricTask, declared: [String]?, limits: FormatLimits) {
    self.task = task
    self.declared = declared
    self.limits = limits
  }

  // MARK: Header

  mutating func plan(_ header: TableHeader) throws(FormatError) -> RowPlan {
    try ClassList.check(declared, limits)
    var plan = try columnPlan(header)
    plan.isSummarised = true
    states = [ColumnState](repeating: ColumnState(), count: header.names.count)
    columns = header.names.enumerated().map { position, name in
      let isUsed =
        plan.numbers.contains { $0.position == position } || plan.label == position
        || plan.key == .id(position) || ["series", "timestamp"].contains(name)
      let role = ColumnSummary.Role(rawValue: name) ?? (isUsed ? .label : nil)
      return ColumnSummary(
        name: name, role: isUsed ? role ?? .feature : .feature, type: .empty, missingCount: 0)
    }
    return plan
  }

  private mutating func columnPlan(_ header: TableHeader) throws(FormatError) -> RowPlan {
    switch task {
    case .imageClassification, .textClassification, .tabularClassification:
      return try classPlan(header)
    case .tabularRegression:
      form = .targets
      keyColumn = try header.position("id")
      let target = RowPlan.NumberColumn(position: try header.position("target"), rule: .finite)
      return RowPlan(header: header, key: .id(keyColumn), numbers: [target])
    case .timeSeriesForecasting:
      form = .series
      let name = try header.position("series")
      keyColumn = try header.position("timestamp")
      let target = RowPlan.NumberColumn(position: try header.position("target"), rule: .finite)
      return RowPlan(
        header: header, key: .point(series: name, timestamp: keyColumn), numbers: [target])
    case .timeToEventPrediction:
      form = .survival
      keyColumn = try header.position("id")
      let time = RowPlan.NumberColumn(position: try header.position("time"), rule: .atLeast(0))
      let event = RowPlan.NumberColumn(position: try header.position("event"), rule: .flag)
      return RowPlan(header: header, key: .id(keyColumn), numbers: [time, event])
    case .objectDetection, .semanticSegmentation, .instanceSegmentation, .keypointDetection:
      throw FormatError(
        FormatProblem(
          .unsupportedTask, "\(task.name) has no CSV form",
          expected: "COCO JSON for objects, masks and keypoints, NPY for label maps"))
    }
  }

  /// One label per row in the column `label`; without that column, several labels with a column of
  /// 0 and 1 each.
  private mutating func classPlan(_ header: TableHeader) throws(FormatError) -> RowPlan {
    keyColumn = try header.position("id")
    let key = RowPlan.Key.id(keyColumn)
    if !header.names.contains("label"), let names = severalLabels(header) {
      form = .multilabel(names: names)
      let numbers = try names.map { name throws(FormatError) in
        RowPlan.NumberColumn(position: try header.position(name), rule: .indicator)
      }
      return RowPlan(header: header, key: key, numbers: numbers)
    }
    form = .labels
    labelColumn = try header.position("label")
    for name in declared ?? [] { _ = labelTable.insert(name) }
    return RowPlan(header: header, key: key, label: labelColumn, classes: declared)
  }

  /// The declared labels if all have columns; without declaration all columns but the id, which
  /// must be two at least.
  private func severalLabels(_ header: TableHeader) -> [String]? {
    if let declared {
      var columns = KeyTable()
      for name in header.names { _ = columns.insert(name) }
      return declared.allSatisfy { columns.find($0) != nil } ? declared : nil
    }
    return header.names.count > 2 ? header.names.filter { $0 != "id" } : nil
  }

  // MARK: Rows

  mutating func take(_ piece: TablePiece, at line: Int) -> [TableFault] {
    for column in piece.summaries.indices { states[column].merge(piece.summaries[column]) }
    var faults = takeKeys(piece)
    switch form {
    case .labels: faults += takeLabels(piece)
    case .targets: numbers += piece.numbers
    case .multilabel: flags += piece.numbers.lazy.map { UInt8($0) }
    case .survival:
      for index in 0..<piece.count {
        numbers.append(piece.numbers[2 * index])
        flags.append(UInt8(piece.numbers[2 * index + 1]))
      }
    case .series: faults += takePoints(piece)
    }
    return faults.inOrder
  }

  /// A row without a name is a problem already.
  private mutating func takeKeys(_ piece: TablePiece) -> [TableFault] {
    keys.append(piece.keys).map { duplicate($0, piece.keys.text($0)) }
  }

  private func duplicate(_ record: Int, _ key: String) -> TableFault {
    let parts = key.split(separator: "\u{1F}", omittingEmptySubsequences: false)
    let isPoint = form == .series && parts.count == 2
    return TableFault(
      record: record, kind: .duplicateID, column: keyColumn,
      message: isPoint
        ? "series \"\(parts[0])\" has \(parts[1]) a second time"
        : "id \"\(key)\" appears a second time",
      expected: isPoint ? "each point of a series once" : "each id once")
  }

  private mutating func takeLabels(_ piece: TablePiece) -> [TableFault] {
    if declared != nil {
      labels += piece.labels
      return []
    }
    var faults: [TableFault] = []
    var indices: [Int32] = []
    for index in 0..<piece.labelNames.count {
      let (found, isNew) = labelTable.insert(piece.labelNames.text(index))
      indices.append(Int32(found))
      guard isNew, labelTable.count == limits.maximumClasses + 1 else { continue }
      faults.append(
        TableFault(
          record: Int(piece.labelRecords[index]), kind: .limitExceeded, column: labelColumn,
          message: "there are too many classes",
          expected: "at most \(limits.maximumClasses) classes", isFatal: true))
    }
    // A piece without any label has only problems.
    labels += piece.labels.lazy.map { indices.isEmpty ? 0 : indices[Int($0)] }
    return faults
  }

  private mutating func takePoints(_ piece: TablePiece) -> [TableFault] {
    let names = (0..<piece.seriesNames.count).map {
      Int32(series.names.insert(piece.seriesNames.text($0)).index)
    }
    series.series += piece.series.lazy.map { names.isEmpty ? 0 : names[Int($0)] }
    series.times += piece.times
    series.targets += piece.numbers
    var faults: [TableFault] = []
    for (record, written) in piece.styles.enumerated() {
      if let written, style == nil || style == written {
        style = written
        continue
      }
      // A row without series or timestamp is a problem already.
      let key = piece.keys.text(record)
      guard !key.isEmpty else { continue }
      let text = key.split(separator: "\u{1F}", omittingEmptySubsequences: false).last ?? ""
      faults.append(
        TableFault(
          record: record, kind: .invalidTimestamp, column: keyColumn,
          message: "\"\(text)\" is not such a timestamp",
          expected: style == .number
            ? "a number, as in the lines before"
            : "an ISO 8601 date such as 1999-01-31 or a number"))
    }
    return faults
  }

  mutating func end(_ problems: inout ProblemList) throws(FormatError) {
    for rows in series.rowsBySeries() {
      for (row, next) in zip(rows, rows.dropFirst()) where series.times[row] == series.times[next] {
        try problems.add(
          FormatProblem(
            .duplicateID, field: "timestamp",
            "series \"\(series.names.text(Int(series.series[row])))\" has two points at the same "
              + "time",
            expected: "each point of a series once"))
      }
    }
  }

  func dataset() throws(FormatError) -> Dataset {
    let truth: Dataset.Truth
    var classes: [String] = []
    switch form {
    case .labels:
      let names = (0..<labelTable.count).map(labelTable.text)
      classes = declared ?? Dataset.sortedClasses(names)
      truth = .labels(Dataset.renumbered(labels, from: names, to: classes))
    case .multilabel(let names):
      classes = names
      truth = .multilabel(flags)
    case .targets: truth = .targets(numbers)
    case .series: truth = .series(series)
    case .survival: truth = .survival(time: numbers, event: flags.map { $0 == 1 })
    }
    let summaries = zip(columns, states).map { column, state in
      ColumnSummary(
        name: column.name, role: column.role, type: state.type, missingCount: state.missingCount)
    }
    return Dataset(
      task: task, columns: summaries, classes: classes, hasDeclaredClasses: declared != nil,
      keys: keys, truth: truth)
  }
}
