import Metrics

/// Collects predictions into columns in the order of the truth's rows.
struct PredictionsBuilder: TableBuilder {
  /// How far the sum of a row of probabilities may be from 1.
  static let sumTolerance = 1e-5

  private let dataset: Dataset
  private let classOrder: ClassOrder
  /// The line on which each row of the truth was predicted; 0: not yet.
  private var lines: [Int32]
  private var form = Form()
  private var classes: [String] = []
  private var classTable = KeyTable()
  private var labels: [Int32] = []
  private var probabilities: [Double] = []
  private var numbers: [Double] = []
  private var events: [Bool] = []
  private var eventProbabilities: [Double] = []
  private var scratch: [UInt8] = []

  /// The columns of the file, by position.
  private struct Form: Sendable {
    var id: Int?
    var series: Int?
    var timestamp: Int?
    var label: Int?
    /// For each class in the order of the evaluation, its column; empty without probabilities.
    var classColumns: [Int] = []
    /// A prediction or a risk.
    var number: Int?
    var event: Int?
    var probability: Int?
  }

  init(dataset: Dataset, classOrder: ClassOrder) {
    self.dataset = dataset
    self.classOrder = classOrder
    lines = [Int32](repeating: 0, count: dataset.rowCount)
  }

  // MARK: Header

  mutating func header(_ header: TableHeader) throws(FormatError) {
    let rows = dataset.rowCount
    switch dataset.truth {
    case .labels:
      form.id = try header.position("id")
      try classHeader(header)
      if form.label != nil { labels = [Int32](repeating: 0, count: rows) }
      probabilities = [Double](repeating: 0, count: rows * form.classColumns.count)
    case .targets:
      form.id = try header.position("id")
      form.number = try header.position("prediction")
      try onlyColumns(["id", "prediction"], header)
    case .series:
      form.series = try header.position("series")
      form.timestamp = try header.position("timestamp")
      form.number = try header.position("prediction")
      try onlyColumns(["series", "timestamp", "prediction"], header)
    case .survival:
      form.id = try header.position("id")
      form.number = header.names.firstIndex(of: "risk")
      form.event = header.names.firstIndex(of: "event")
      form.probability = header.names.firstIndex(of: "probability")
      if form.event == nil, form.probability == nil { form.number = try header.position("risk") }
      try onlyColumns(["id", "risk", "event", "probability"], header)
    case .objects, .maps: preconditionFailure("objects and label maps are no tables")
    }
    if form.number != nil { numbers = [Double](repeating: 0, count: rows) }
    if form.event != nil { events = [Bool](repeating: false, count: rows) }
    if form.probability != nil { eventProbabilities = [Double](repeating: 0, count: rows) }
  }

  private func onlyColumns(_ known: [String], _ header: TableHeader) throws(FormatError) {
    guard let column = header.names.firstIndex(where: { !known.contains($0) }) else { return }
    throw FormatError(
      FormatProblem(
        .wrongHeader, line: header.line, column: column + 1, field: header.names[column],
        "the column is unknown", expected: "the columns \(known.joined(separator: ", "))"))
  }

  private mutating func classHeader(_ header: TableHeader) throws(FormatError) {
    var columns: [(name: String, position: Int)] = []
    for (position, name) in header.names.enumerated() where name != "id" {
      if name == "label" { form.label = position } else { columns.append((name, position)) }
    }
    guard form.label != nil || !columns.isEmpty else {
      throw FormatError(
        FormatProblem(
          .wrongHeader, line: header.line, "there is neither a label nor a class column",
          expected: "a column label, or one column of probabilities per class"))
    }
    classes = dataset.classes
    if classOrder == .predictionColumns, !dataset.hasDeclaredClasses, !columns.isEmpty {
      classes = columns.map(\.name)
    }
    for name in classes { _ = classTable.insert(name) }
    guard !columns.isEmpty else { return }
    try bindClasses(columns, header)
  }

  private mutating func bindClasses(
    _ columns: [(name: String, position: Int)], _ header: TableHeader
  ) throws(FormatError) {
    form.classColumns = [Int](repeating: -1, count: classes.count)
    for (name, position) in columns {
      guard let index = classTable.find(name) else {
        throw FormatError(
          FormatProblem(
            .wrongHeader, line: header.line, column: position + 1, field: name,
            "the column is not one of the classes", expected: "the classes \(listed(classes))"))
      }
      form.classColumns[index] = position
    }
    let bound = Set(columns.map(\.name))
    if let missing = classes.first(where: { !bound.contains($0) })
      ?? dataset.classes.first(where: { classTable.find($0) == nil })
    {
      throw FormatError(
        FormatProblem(
          .wrongHeader, line: header.line, field: missing,
          "class \"\(missing)\" has no column of probabilities",
          expected: "one column for each of \(listed(dataset.classes))"))
    }
  }

  private func listed(_ names: [String]) -> String {
    names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", …" : "")
  }

  // MARK: Rows

  mutating func row(_ row: TableRow, _ problems: inout ProblemList) throws(FormatError) {
    guard let index = try truthRow(row, &problems) else { return }
    if let column = form.label { try label(row, column, index, &problems) }
    if !form.classColumns.isEmpty { try probabilityRow(row, index, &problems) }
    if let column = form.number, let value = try row.number(column, &problems) {
      numbers[index] = value
    }
    if let column = form.event, let value = try row.flag(column, &problems) {
      events[index] = value
    }
    if let column = form.probability, let value = try row.probability(column, &problems) {
      eventProbabilities[index] = value
    }
  }

  /// The row of the truth that a row predicts, unless that is unknown or a second time.
  private mutating func truthRow(
    _ row: TableRow, _ problems: inout ProblemList
  ) throws(FormatError) -> Int? {
    let column = form.id ?? form.timestamp ?? 0
    guard let name = try name(row, &problems) else { return nil }
    let found =
      form.id == nil
      ? scratch.withUnsafeBufferPointer { dataset.keys.find($0) }
      : dataset.keys.find(row.record[column])
    guard let index = found else {
      try problems.add(
        row.problem(
          .unknownID, column, "\(name()) is not in the truth",
          expected: "the ids of the truth, each once"))
      return nil
    }
    guard lines[index] == 0 else {
      try problems.add(
        row.problem(
          .duplicateID, column, "\(name()) was already predicted on line \(lines[index])",
          expected: "the ids of the truth, each once"))
      return nil
    }
    lines[index] = Int32(truncatingIfNeeded: row.record.line)
    return index
  }

  /// The name of a row in messages; nil if it has none. A forecast's key is left in `scratch`.
  private mutating func name(
    _ row: TableRow, _ problems: inout ProblemList
  ) throws(FormatError) -> (() -> String)? {
    if let id = form.id {
      return try row.bytes(id, &problems) == nil ? nil : { "id \"\(row.text(id))\"" }
    }
    guard let series = form.series, let timestamp = form.timestamp,
      let seriesName = try row.bytes(series, &problems),
      let time = try row.bytes(timestamp, &problems)
    else { return nil }
    scratch.removeAll(keepingCapacity: true)
    scratch.append(contentsOf: seriesName)
    scratch.append(Dataset.keySeparator)
    scratch.append(contentsOf: time)
    return { "series \"\(row.text(series))\" at \(row.text(timestamp))" }
  }

  private mutating func label(
    _ row: TableRow, _ column: Int, _ index: Int, _ problems: inout ProblemList
  ) throws(FormatError) {
    guard let bytes = try row.bytes(column, &problems) else { return }
    guard let label = classTable.find(bytes) else {
      try problems.add(
        row.problem(
          .unknownLabel, column, "label \"\(row.text(column))\" is not one of the classes",
          expected: "one of \(listed(classes))"))
      return
    }
    labels[index] = Int32(label)
  }

  private mutating func probabilityRow(
    _ row: TableRow, _ index: Int, _ problems: inout ProblemList
  ) throws(FormatError) {
    let start = index * form.classColumns.count
    var sum = 0.0
    for (position, column) in form.classColumns.enumerated() {
      guard let value = try row.probability(column, &problems) else { return }
      probabilities[start + position] = value
      sum += value
    }
    guard (sum - 1).magnitude > Self.sumTolerance else { return }
    try problems.add(
      FormatProblem(
        .probabilitySum, line: row.record.line, column: form.classColumns[0] + 1,
        "the probabilities of the row sum to \(sum)",
        expected: "1, within \(Self.sumTolerance)"))
  }

  mutating func end(_ problems: inout ProblemList) throws(FormatError) {
    for (row, line) in lines.enumerated() where line == 0 {
      let key = dataset.keys.text(row)
      let parts = key.split(separator: "\u{1F}", omittingEmptySubsequences: false)
      let name =
        form.id == nil && parts.count == 2
        ? "series \"\(parts[0])\" at \(parts[1])" : "id \"\(key)\""
      try problems.add(
        FormatProblem(
          .missingID, field: form.id == nil ? "timestamp" : "id", "\(name) is not predicted",
          expected: "a row for each id of the truth"))
    }
  }

  func predictions() -> Predictions {
    switch dataset.truth {
    case .labels:
      Predictions(
        values: .classes(
          Predictions.ClassPredictions(
            classes: classes, labels: form.label == nil ? nil : labels,
            probabilities: form.classColumns.isEmpty ? nil : probabilities)))
    case .targets, .series:
      Predictions(values: .numbers(numbers))
    case .survival:
      Predictions(
        values: .survival(
          Predictions.SurvivalPredictions(
            risk: form.number == nil ? nil : numbers, event: form.event == nil ? nil : events,
            probability: form.probability == nil ? nil : eventProbabilities)))
    case .objects, .maps: preconditionFailure("objects and label maps are no tables")
    }
  }
}
