import Metrics

/// Collects the rows of a truth table.
struct DatasetBuilder: TableBuilder {
  private let task: MetricTask
  private let limits: FormatLimits
  private let declared: [String]?
  private var summaries: [ColumnSummary] = []
  private var features: [Int] = []
  private var form = Form.labels(id: 0, label: 0)
  private var keys = KeyTable()
  private var labelTable = KeyTable()
  private var labels: [Int32] = []
  private var numbers: [Double] = []
  private var events: [Bool] = []
  private var series = Dataset.SeriesTable()
  private var timestamps = TimestampColumn()
  private var scratch: [UInt8] = []

  /// The columns of the task, by position.
  private enum Form {
    case labels(id: Int, label: Int)
    case targets(id: Int, target: Int)
    case series(series: Int, timestamp: Int, target: Int)
    case survival(id: Int, time: Int, event: Int)
  }

  init(task: MetricTask, declared: [String]?, limits: FormatLimits) {
    self.task = task
    self.declared = declared
    self.limits = limits
  }

  mutating func header(_ header: TableHeader) throws(FormatError) {
    switch task {
    case .imageClassification, .textClassification, .tabularClassification:
      form = .labels(id: try header.position("id"), label: try header.position("label"))
      try declareClasses()
    case .tabularRegression:
      form = .targets(id: try header.position("id"), target: try header.position("target"))
    case .timeSeriesForecasting:
      form = .series(
        series: try header.position("series"), timestamp: try header.position("timestamp"),
        target: try header.position("target"))
    case .timeToEventPrediction:
      form = .survival(
        id: try header.position("id"), time: try header.position("time"),
        event: try header.position("event"))
    case .objectDetection, .semanticSegmentation, .instanceSegmentation, .keypointDetection:
      throw FormatError(
        FormatProblem(
          .unsupportedTask, "\(task.name) has no CSV form",
          expected: "COCO JSON for objects, masks and keypoints, NPY for label maps"))
    }
    summarise(header)
  }

  private mutating func declareClasses() throws(FormatError) {
    for name in declared ?? [] where !labelTable.insert(name).isNew {
      throw FormatError(
        FormatProblem(
          .duplicateClass, "class \"\(name)\" is declared twice", expected: "each class once"))
    }
  }

  private mutating func summarise(_ header: TableHeader) {
    let needed: Set<String>
    switch form {
    case .labels: needed = ["id", "label"]
    case .targets: needed = ["id", "target"]
    case .series: needed = ["series", "timestamp", "target"]
    case .survival: needed = ["id", "time", "event"]
    }
    summaries = header.names.map { name in
      let role = needed.contains(name) ? ColumnSummary.Role(rawValue: name) : nil
      return ColumnSummary(name: name, role: role ?? .feature, type: .empty, missingCount: 0)
    }
  }

  mutating func row(_ row: TableRow, _ problems: inout ProblemList) throws(FormatError) {
    for column in summaries.indices { summarise(row.record[column], column) }
    switch form {
    case .labels(let id, let label):
      let isNew = try addKey(row, id, &problems)
      guard let index = try classIndex(row, label, &problems), isNew else { return }
      labels.append(index)
    case .targets(let id, let target):
      let isNew = try addKey(row, id, &problems)
      guard let value = try row.number(target, &problems), isNew else { return }
      numbers.append(value)
    case .series(let name, let timestamp, let target):
      try addPoint(row, name, timestamp, target, &problems)
    case .survival(let id, let time, let event):
      let isNew = try addKey(row, id, &problems)
      guard let when = try row.number(time, atLeast: 0, &problems),
        let happened = try row.flag(event, &problems), isNew
      else { return }
      numbers.append(when)
      events.append(happened)
    }
  }

  private mutating func summarise(_ bytes: UnsafeBufferPointer<UInt8>, _ column: Int) {
    guard !bytes.isEmpty else {
      summaries[column].missingCount += 1
      return
    }
    guard summaries[column].type != .text else { return }
    guard NumberParser.double(bytes) != nil else {
      summaries[column].type = .text
      return
    }
    let isInteger = bytes.allSatisfy { $0 &- UInt8(ascii: "0") <= 9 || $0 == UInt8(ascii: "-") }
    if !isInteger {
      summaries[column].type = .number
    } else if summaries[column].type == .empty {
      summaries[column].type = .integer
    }
  }

  /// Adds the row's id; false if the row cannot be used.
  private mutating func addKey(
    _ row: TableRow, _ column: Int, _ problems: inout ProblemList
  ) throws(FormatError) -> Bool {
    guard let key = try row.bytes(column, &problems) else { return false }
    guard keys.insert(key).isNew else {
      try problems.add(
        row.problem(
          .duplicateID, column, "id \"\(row.text(column))\" appears a second time",
          expected: "each id once"))
      return false
    }
    return true
  }

  private mutating func classIndex(
    _ row: TableRow, _ column: Int, _ problems: inout ProblemList
  ) throws(FormatError) -> Int32? {
    guard let bytes = try row.bytes(column, &problems) else { return nil }
    if declared != nil {
      if let index = labelTable.find(bytes) { return Int32(index) }
      try problems.add(
        row.problem(
          .unknownLabel, column, "label \"\(row.text(column))\" is not a declared class",
          expected: "one of the \(labelTable.count) declared classes"))
      return nil
    }
    let (index, isNew) = labelTable.insert(bytes)
    if isNew, labelTable.count > limits.maximumClasses {
      try problems.fail(
        row.problem(
          .limitExceeded, column, "there are too many classes",
          expected: "at most \(limits.maximumClasses) classes"))
    }
    return Int32(index)
  }

  private mutating func addPoint(
    _ row: TableRow, _ name: Int, _ timestamp: Int, _ target: Int, _ problems: inout ProblemList
  ) throws(FormatError) {
    guard let seriesName = try row.bytes(name, &problems),
      let time = try timestamps.key(row, timestamp, &problems),
      let value = try row.number(target, &problems)
    else { return }
    scratch.removeAll(keepingCapacity: true)
    scratch.append(contentsOf: seriesName)
    scratch.append(Dataset.keySeparator)
    scratch.append(contentsOf: row.record[timestamp])
    let isNew = scratch.withUnsafeBufferPointer { keys.insert($0).isNew }
    guard isNew else {
      try problems.add(
        row.problem(
          .duplicateID, timestamp,
          "series \"\(row.text(name))\" has \(row.text(timestamp)) a second time",
          expected: "each point of a series once"))
      return
    }
    series.series.append(Int32(series.names.insert(seriesName).index))
    series.times.append(time)
    series.targets.append(value)
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
      var positions = KeyTable()
      for name in classes { _ = positions.insert(name) }
      let renumbered = names.map { Int32(positions.find($0) ?? 0) }
      truth = .labels(labels.map { renumbered[Int($0)] })
    case .targets: truth = .targets(numbers)
    case .series: truth = .series(series)
    case .survival: truth = .survival(time: numbers, event: events)
    }
    return Dataset(
      task: task, columns: summaries, classes: classes, hasDeclaredClasses: declared != nil,
      keys: keys, truth: truth)
  }
}
