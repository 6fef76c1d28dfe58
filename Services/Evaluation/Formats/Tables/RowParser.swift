import Metrics

/// Reads the records of a block by a plan, without regard to those of other blocks.
struct RowParser: Sendable {
  let plan: RowPlan
  private let classTable: KeyTable
  private let maximumProblems: Int
  private let width: Int

  init(plan: RowPlan, limits: FormatLimits) {
    self.plan = plan
    maximumProblems = max(1, limits.maximumProblems)
    width = plan.numbers.count
    var table = KeyTable()
    for name in plan.classes ?? [] { _ = table.insert(name) }
    classTable = table
  }

  /// The pieces of whole blocks.
  func parse(
    _ block: consuming CSVBlock, _ scan: inout SeparatorScan, limits: FormatLimits
  ) -> TablePiece {
    var block = block
    var piece = TablePiece()
    do throws(FormatError) {
      try CSVRecords.with(&block, &scan, limits: limits) { records throws(FormatError) in
        parse(&records, into: &piece)
      }
    } catch {
      piece.failure = error
    }
    return piece
  }

  /// Reads all records that are left, or as many as have too many problems.
  func parse(_ records: inout CSVRecords, into piece: inout TablePiece) {
    piece.reserve(records.bound(columns: plan.header.names.count), plan)
    var cursor = Cursor()
    do throws(FormatError) {
      while let record = try records.next() {
        row(record, &cursor, &piece)
        if piece.problems.count >= maximumProblems { break }
      }
    } catch {
      piece.failure = error
    }
    piece.lineCount = records.line
    piece.numbers.removeLast(piece.numbers.count - piece.count * width)
  }

  /// What is carried from record to record.
  private struct Cursor {
    /// The row of the truth that is expected next.
    var expected = -1
    var scratch: [UInt8] = []
  }

  @inline(__always)
  private func row(_ record: CSVRecord, _ cursor: inout Cursor, _ piece: inout TablePiece) {
    let index = piece.lines.count
    piece.lines.append(Int32(truncatingIfNeeded: record.line))
    guard record.count == plan.header.names.count else {
      ragged(record, &piece)
      return
    }
    if plan.truth != nil { match(record, &cursor, &piece) } else { name(record, &cursor, &piece) }
    if let column = plan.label { label(record, column, &piece) }
    if width > 0 { numbers(record, index, &piece) }
    if plan.isSummarised {
      for column in piece.summaries.indices { piece.summaries[column].add(record[column]) }
    }
  }

  private func ragged(_ record: CSVRecord, _ piece: inout TablePiece) {
    let expected = plan.header.names.count
    piece.problems.append(
      (
        piece.count - 1,
        FormatProblem(
          .raggedRow, line: record.line, column: min(record.count, expected) + 1,
          "the row has \(record.count) fields",
          expected: "\(expected) fields, as in the header")
      ))
    piece.appendNothing(plan)
  }

  // MARK: Names

  /// Takes the name of a row of a table that names its rows.
  private func name(_ record: CSVRecord, _ cursor: inout Cursor, _ piece: inout TablePiece) {
    switch plan.key {
    case .none: break
    case .id(let column):
      if record[column].isEmpty { missing(record, column, &piece) }
      piece.keys.append(record[column])
    case .point(let series, let timestamp):
      let isNamed = joinPoint(record, series, timestamp, &cursor, &piece)
      cursor.scratch.withUnsafeBufferPointer { piece.keys.append($0) }
      let parsed = isNamed ? Timestamp.parse(record[timestamp]) : nil
      piece.times.append(parsed?.key ?? 0)
      piece.styles.append(parsed?.style)
      piece.series.append(Int32(piece.seriesNames.insert(record[series]).index))
    }
  }

  /// Joins series and timestamp to a key; leaves none if one of them is missing.
  private func joinPoint(
    _ record: CSVRecord, _ series: Int, _ timestamp: Int, _ cursor: inout Cursor,
    _ piece: inout TablePiece
  ) -> Bool {
    cursor.scratch.removeAll(keepingCapacity: true)
    for column in [series, timestamp] where record[column].isEmpty {
      missing(record, column, &piece)
      return false
    }
    cursor.scratch.append(contentsOf: record[series])
    cursor.scratch.append(Dataset.keySeparator)
    cursor.scratch.append(contentsOf: record[timestamp])
    return true
  }

  /// Finds the row of the truth that a record predicts.
  @inline(__always)
  private func match(_ record: CSVRecord, _ cursor: inout Cursor, _ piece: inout TablePiece) {
    var row: Int?
    switch plan.key {
    case .none: break
    case .id(let column):
      let key = record[column]
      if key.isEmpty {
        missing(record, column, &piece)
      } else {
        row = find(key, expected: cursor.expected)
        if row == nil { unknown(record, column, "id \"\(record.text(column))\"", &piece) }
      }
    case .point(let series, let timestamp):
      if joinPoint(record, series, timestamp, &cursor, &piece) {
        row = cursor.scratch.withUnsafeBufferPointer { find($0, expected: cursor.expected) }
        if row == nil {
          let name = "series \"\(record.text(series))\" at \(record.text(timestamp))"
          unknown(record, timestamp, name, &piece)
        }
      }
    }
    if let row, row == cursor.expected || piece.truthRows.isEmpty {
      cursor.expected = row + 1
    } else {
      piece.isInOrder = false
      cursor.expected = (row ?? -2) + 1
    }
    piece.truthRows.append(Int32(row ?? -1))
  }

  /// Predictions mostly come in the order of the truth: that is tried first.
  @inline(__always)
  private func find(_ key: UnsafeBufferPointer<UInt8>, expected: Int) -> Int? {
    guard let truth = plan.truth else { return nil }
    if expected >= 0, expected < truth.count, truth.matches(expected, UnsafeRawBufferPointer(key)) {
      return expected
    }
    return truth.find(key)
  }

  private func unknown(
    _ record: CSVRecord, _ column: Int, _ name: String, _ piece: inout TablePiece
  ) {
    add(
      .unknownID, record, column, "\(name) is not in the truth",
      expected: "the ids of the truth, each once", &piece)
  }

  // MARK: Labels and numbers

  @inline(__always)
  private func label(_ record: CSVRecord, _ column: Int, _ piece: inout TablePiece) {
    let bytes = record[column]
    var index = 0
    if bytes.isEmpty {
      missing(record, column, &piece)
    } else if plan.classes != nil {
      if let found = classTable.find(bytes) {
        index = found
      } else {
        let kind = plan.truth == nil ? "a declared class" : "one of the classes"
        add(
          .unknownLabel, record, column, "label \"\(record.text(column))\" is not \(kind)",
          expected: plan.expectedLabel, &piece)
      }
    } else {
      let (found, isNew) = piece.labelNames.insert(bytes)
      if isNew { piece.labelRecords.append(Int32(piece.count - 1)) }
      index = found
    }
    piece.labels.append(Int32(truncatingIfNeeded: index))
  }

  @inline(__always)
  private func numbers(_ record: CSVRecord, _ index: Int, _ piece: inout TablePiece) {
    let start = index &* width
    var problem = -1
    var sum = 0.0
    piece.numbers.withUnsafeMutableBufferPointer { numbers in
      plan.numbers.withUnsafeBufferPointer { columns in
        for number in 0..<width {
          let column = columns[number]
          guard let value = Self.value(record[column.position], column.rule) else {
            problem = number
            return
          }
          numbers[start &+ number] = value
          if plan.sums.contains(number) { sum += value }
        }
      }
    }
    if problem >= 0 {
      for column in plan.numbers[problem...] { explain(record, column, &piece) }
    } else if !plan.sums.isEmpty, (sum - 1).magnitude > ProbabilityColumns.sumTolerance {
      piece.problems.append(
        (
          index,
          FormatProblem(
            .probabilitySum, line: record.line,
            column: plan.numbers[plan.sums.lowerBound].position + 1,
            "the probabilities of the row sum to \(sum)",
            expected: "1, within \(ProbabilityColumns.sumTolerance)")
        ))
    }
  }

  /// A number that keeps its rule.
  @inline(__always)
  private static func value(_ bytes: UnsafeBufferPointer<UInt8>, _ rule: RowPlan.Rule) -> Double? {
    if rule == .flag || rule == .indicator { return flag(bytes) }
    guard let value = NumberParser.double(bytes) else { return nil }
    switch rule {
    case .finite, .flag, .indicator: return value.isFinite ? value : nil
    case .count: return value >= 1 && value <= 0x1p53 && value == value.rounded() ? value : nil
    case .atLeast(let minimum): return value >= minimum && value.isFinite ? value : nil
    case .probability: return value >= 0 && value <= 1 ? value : nil
    }
  }

  private static func flag(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    if bytes.count == 1, bytes[0] == UInt8(ascii: "0") { return 0 }
    if bytes.count == 1, bytes[0] == UInt8(ascii: "1") { return 1 }
    switch String(decoding: bytes, as: UTF8.self) {
    case "true", "True", "TRUE", "1.0": return 1
    case "false", "False", "FALSE", "0.0": return 0
    default: return nil
    }
  }

  /// Says why a field is no such number, if it is not.
  private func explain(
    _ record: CSVRecord, _ column: RowPlan.NumberColumn, _ piece: inout TablePiece
  ) {
    let position = column.position
    let (bytes, text) = (record[position], record.text(position))
    guard Self.value(bytes, column.rule) == nil else { return }
    if bytes.isEmpty { return missing(record, position, &piece) }
    let (kind, message, expected) = Self.fault(bytes, text, column.rule)
    add(kind, record, position, message, expected: expected, &piece)
  }

  private static func fault(
    _ bytes: UnsafeBufferPointer<UInt8>, _ text: String, _ rule: RowPlan.Rule
  ) -> (FormatProblem.Kind, message: String, expected: String) {
    switch rule {
    case .flag:
      return (.outOfRange, "\"\(text)\" is neither true nor false", "0, 1, true or false")
    case .indicator:
      return (
        .outOfRange, "\"\(text)\" is neither 0 nor 1",
        "0 or 1; a table without a column label has one such column for each label"
      )
    case .finite, .atLeast, .probability, .count: break
    }
    guard let value = NumberParser.double(bytes) else {
      return (
        .notANumber, "\"\(text)\" is not a number", "a decimal number such as 0.25 or 1e-3"
      )
    }
    guard value.isFinite else {
      return (.notFinite, "\"\(text)\" is not finite", "a finite number")
    }
    switch rule {
    case .atLeast(let minimum): return (.outOfRange, "\(text) is too small", "at least \(minimum)")
    case .count: return (.outOfRange, "\(text) is not a number of samples", "a whole number from 1")
    default:
      return (.invalidProbability, "\(text) is not a probability", "a number from 0 to 1")
    }
  }

  // MARK: Problems

  private func missing(_ record: CSVRecord, _ column: Int, _ piece: inout TablePiece) {
    add(.missingValue, record, column, "the field is empty", expected: "a value", &piece)
  }

  private func add(
    _ kind: FormatProblem.Kind, _ record: CSVRecord, _ column: Int, _ message: String,
    expected: String, _ piece: inout TablePiece
  ) {
    piece.problems.append(
      (
        piece.count - 1,
        FormatProblem(
          kind, line: record.line, column: column + 1, field: plan.header.names[column], message,
          expected: expected)
      ))
  }
}

extension TablePiece {
  /// Makes room for records of the header's width; others make their own.
  fileprivate mutating func reserve(_ count: Int, _ plan: RowPlan) {
    lines.reserveCapacity(count)
    if plan.truth != nil { truthRows.reserveCapacity(count) }
    if plan.label != nil { labels.reserveCapacity(count) }
    numbers = [Double](repeating: 0, count: count * plan.numbers.count)
    if plan.isSummarised {
      summaries = [ColumnState](repeating: ColumnState(), count: plan.header.names.count)
    }
  }

  /// The entries of a record that cannot be read.
  fileprivate mutating func appendNothing(_ plan: RowPlan) {
    numbers.append(contentsOf: repeatElement(0, count: plan.numbers.count))
    if plan.truth != nil {
      truthRows.append(-1)
      isInOrder = false
    } else if plan.key != .none {
      keys.append(UnsafeBufferPointer(start: nil, count: 0))
    }
    if plan.label != nil { labels.append(0) }
    guard plan.truth == nil, case .point = plan.key else { return }
    times.append(0)
    styles.append(nil)
    series.append(0)
  }
}
