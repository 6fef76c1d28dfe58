/// Collects the rows of one kind of table.
protocol TableBuilder: Sendable {
  /// Takes the names of the columns.
  mutating func header(_ header: TableHeader) throws(FormatError)
  /// Takes a row, which has as many fields as the header; adds what is wrong with it.
  mutating func row(_ row: TableRow, _ problems: inout ProblemList) throws(FormatError)
  /// Adds what is wrong with the table as a whole.
  mutating func end(_ problems: inout ProblemList) throws(FormatError)
}

/// The first line of a table.
struct TableHeader: Sendable {
  let line: Int
  let names: [String]

  /// The position of a column that must exist.
  func position(_ name: String) throws(FormatError) -> Int {
    if let position = names.firstIndex(where: { $0.utf8.elementsEqual(name.utf8) }) {
      return position
    }
    throw FormatError(
      FormatProblem(
        .wrongHeader, line: line, field: name,
        "there is no column \(name); the columns are \(names.joined(separator: ", "))",
        expected: "a header line with the column \(name)"))
  }
}

/// A record with the names of its columns.
struct TableRow {
  let record: CSVRecord
  let header: TableHeader

  func text(_ column: Int) -> String { record.text(column) }

  func problem(
    _ kind: FormatProblem.Kind, _ column: Int, _ message: String, expected: String
  ) -> FormatProblem {
    FormatProblem(
      kind, line: record.line, column: column + 1, field: header.names[column], message,
      expected: expected)
  }

  /// The bytes of a field that must not be empty.
  func bytes(
    _ column: Int, _ problems: inout ProblemList
  ) throws(FormatError) -> UnsafeBufferPointer<UInt8>? {
    let bytes = record[column]
    if !bytes.isEmpty { return bytes }
    try problems.add(problem(.missingValue, column, "the field is empty", expected: "a value"))
    return nil
  }

  /// A finite number.
  func number(
    _ column: Int, atLeast minimum: Double? = nil, _ problems: inout ProblemList
  ) throws(FormatError) -> Double? {
    guard let bytes = try bytes(column, &problems) else { return nil }
    guard let value = NumberParser.double(bytes) else {
      try problems.add(
        problem(
          .notANumber, column, "\"\(text(column))\" is not a number",
          expected: "a decimal number such as 0.25 or 1e-3"))
      return nil
    }
    guard value.isFinite else {
      try problems.add(
        problem(
          .notFinite, column, "\"\(text(column))\" is not finite", expected: "a finite number"))
      return nil
    }
    if let minimum, value < minimum {
      try problems.add(
        problem(
          .outOfRange, column, "\(text(column)) is too small", expected: "at least \(minimum)"))
      return nil
    }
    return value
  }

  /// A number from 0 to 1.
  func probability(
    _ column: Int, _ problems: inout ProblemList
  ) throws(FormatError) -> Double? {
    guard let value = try number(column, &problems) else { return nil }
    if value >= 0, value <= 1 { return value }
    try problems.add(
      problem(
        .invalidProbability, column, "\(text(column)) is not a probability",
        expected: "a number from 0 to 1"))
    return nil
  }

  /// `0`, `1`, `true` or `false`.
  func flag(_ column: Int, _ problems: inout ProblemList) throws(FormatError) -> Bool? {
    guard try bytes(column, &problems) != nil else { return nil }
    switch text(column) {
    case "1", "true", "True", "TRUE", "1.0": return true
    case "0", "false", "False", "FALSE", "0.0": return false
    default:
      try problems.add(
        problem(
          .outOfRange, column, "\"\(text(column))\" is neither true nor false",
          expected: "0, 1, true or false"))
      return nil
    }
  }
}

/// Timestamps of one file, which must all be written the same way.
struct TimestampColumn: Sendable {
  private var style: Timestamp.Style?

  mutating func key(
    _ row: TableRow, _ column: Int, _ problems: inout ProblemList
  ) throws(FormatError) -> Double? {
    guard let bytes = try row.bytes(column, &problems) else { return nil }
    guard let (key, written) = Timestamp.parse(bytes), style == nil || style == written else {
      let expected =
        style == .number
        ? "a number, as in the lines before" : "an ISO 8601 date such as 1999-01-31 or a number"
      try problems.add(
        row.problem(
          .invalidTimestamp, column, "\"\(row.text(column))\" is not such a timestamp",
          expected: expected))
      return nil
    }
    style = written
    return key
  }
}

/// Reads a table from chunks of a CSV file: header, rows of equal width, collected problems.
struct TableReader<Builder: TableBuilder>: Sendable {
  private(set) var builder: Builder
  private var parser: CSVParser
  private var problems: ProblemList
  private var header: TableHeader?
  private var rows = 0
  private let limits: FormatLimits

  init(builder: Builder, limits: FormatLimits) {
    self.builder = builder
    self.limits = limits
    parser = CSVParser(limits: limits)
    problems = ProblemList(maximum: limits.maximumProblems)
  }

  mutating func read(_ chunk: UnsafeRawBufferPointer) throws(FormatError) {
    var parser = parser
    self.parser = CSVParser(limits: limits)
    do throws(FormatError) {
      try parser.parse(chunk) { record throws(FormatError) in try take(record) }
    } catch {
      throw joined(error)
    }
    self.parser = parser
  }

  mutating func finish() throws(FormatError) {
    var parser = parser
    do throws(FormatError) {
      try parser.finish { record throws(FormatError) in try take(record) }
    } catch {
      throw joined(error)
    }
    guard header != nil else {
      throw FormatError(
        FormatProblem(.emptyFile, "the file is empty", expected: "a header line and rows"))
    }
    guard rows > 0 else {
      throw FormatError(
        FormatProblem(.emptyFile, "there are no rows below the header", expected: "rows"))
    }
    try builder.end(&problems)
    try problems.throwIfAny()
  }

  /// A syntax error, behind the problems that were found before it.
  private func joined(_ error: FormatError) -> FormatError {
    guard !problems.problems.isEmpty, problems.problems.count < problems.maximum else {
      return error
    }
    return FormatError(problems.problems + error.problems, isTruncated: error.isTruncated)
  }

  private mutating func take(_ record: CSVRecord) throws(FormatError) {
    guard let header else {
      try takeHeader(record)
      return
    }
    rows += 1
    guard rows <= limits.maximumRows else {
      throw FormatError(
        FormatProblem(
          .limitExceeded, line: record.line, "there are too many rows",
          expected: "at most \(limits.maximumRows) rows"))
    }
    guard record.count == header.names.count else {
      try problems.add(
        FormatProblem(
          .raggedRow, line: record.line, column: min(record.count, header.names.count) + 1,
          "the row has \(record.count) fields",
          expected: "\(header.names.count) fields, as in the header"))
      return
    }
    try builder.row(TableRow(record: record, header: header), &problems)
  }

  private mutating func takeHeader(_ record: CSVRecord) throws(FormatError) {
    let names = (0..<record.count).map(record.text)
    var seen = KeyTable()
    for (column, name) in names.enumerated() where name.isEmpty || !seen.insert(name).isNew {
      throw FormatError(
        FormatProblem(
          .wrongHeader, line: record.line, column: column + 1, field: name,
          name.isEmpty ? "a column has no name" : "two columns are named \(name)",
          expected: "a name for each column, each once"))
    }
    let header = TableHeader(line: record.line, names: names)
    self.header = header
    try builder.header(header)
  }
}
