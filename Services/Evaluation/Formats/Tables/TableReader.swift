/// Collects the rows of one kind of table.
protocol TableBuilder: Sendable {
  /// What the rows hold, by the names of the columns.
  mutating func plan(_ header: TableHeader) throws(FormatError) -> RowPlan
  /// Takes the rows of the next block, whose first line has a number; returns what is wrong with
  /// them beside the other rows.
  ///
  /// The faults are in the order of the records.
  mutating func take(_ piece: TablePiece, at line: Int) -> [TableFault]
  /// Adds what is wrong with the table as a whole.
  mutating func end(_ problems: inout ProblemList) throws(FormatError)
}

/// A problem of a record that shows only beside the records before it.
struct TableFault {
  /// The record's index in its piece.
  let record: Int
  let kind: FormatProblem.Kind
  let column: Int
  let message: String
  let expected: String
  /// Whether nothing behind it can be read.
  var isFatal = false
}

extension [TableFault] {
  /// The faults by record; those of one record stay as they are.
  var inOrder: [TableFault] {
    enumerated().sorted { ($0.element.record, $0.offset) < ($1.element.record, $1.offset) }
      .map(\.element)
  }
}

/// Reads a table: header, rows of equal width, collected problems.
///
/// Blocks of records are parsed apart, perhaps by several threads, and joined in the order of the
/// file; so neither the cutting nor the threads show in the result.
struct TableReader<Builder: TableBuilder>: Sendable {
  private(set) var builder: Builder
  private let limits: FormatLimits
  private let blockBytes: Int
  private var splitter: CSVSplitter
  private var scan = SeparatorScan()
  private(set) var parser: RowParser?
  private var problems: ProblemList
  private var rows = 0
  /// The number of the next block's first line.
  private var line = 1

  init(builder: Builder, limits: FormatLimits, blockBytes: Int = CSVSplitter.blockBytes) {
    self.builder = builder
    self.limits = limits
    self.blockBytes = max(1, blockBytes)
    splitter = CSVSplitter(limits: limits, blockBytes: blockBytes)
    problems = ProblemList(maximum: limits.maximumProblems)
  }

  /// Takes the next bytes of the file, cut anywhere.
  ///
  /// However many there are, blocks stay small: a block needs several times its length.
  mutating func read(_ chunk: UnsafeRawBufferPointer) throws(FormatError) {
    for start in stride(from: 0, to: chunk.count, by: blockBytes) {
      let end = min(start + blockBytes, chunk.count)
      splitter.append(UnsafeRawBufferPointer(rebasing: chunk[start..<end]))
      while let block = splitter.next() { try read(block) }
    }
  }

  /// Takes the end of the file.
  mutating func finish() throws(FormatError) {
    try read(splitter.last())
    try end()
  }

  /// Reads a whole file with so many threads.
  mutating func read(_ file: FileSource, workers: Int) throws(FormatError) {
    var isAtEnd = false
    // The header decides how all other blocks are read.
    while parser == nil, !isAtEnd {
      isAtEnd = try !fill(file)
      try readBlocks(isAtEnd)
    }
    if !isAtEnd, workers > 1 {
      let pipeline = TablePipeline(self, splitter, file, limits: limits)
      self = try pipeline.run(workers: workers)
      return try end()
    }
    while !isAtEnd {
      isAtEnd = try !fill(file)
      try readBlocks(isAtEnd)
    }
    try end()
  }

  private mutating func fill(_ file: FileSource) throws(FormatError) -> Bool {
    let isFilled = splitter.fill(file.read)
    try file.throwIfFailed()
    return isFilled
  }

  private mutating func readBlocks(_ isAtEnd: Bool) throws(FormatError) {
    while let block = splitter.next() { try read(block) }
    if isAtEnd { try read(splitter.last()) }
  }

  private mutating func end() throws(FormatError) {
    guard parser != nil else {
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

  private mutating func read(_ block: consuming CSVBlock) throws(FormatError) {
    if let parser { return try take(parser.parse(block, &scan, limits: limits)) }
    var block = block
    var scan = scan
    let first = try CSVRecords.with(&block, &scan, limits: limits) { records throws(FormatError) in
      try readHeader(&records)
    }
    self.scan = scan
    guard let first else { return }
    try take(first)
  }

  private mutating func readHeader(
    _ records: inout CSVRecords
  ) throws(FormatError) -> TablePiece? {
    let record: CSVRecord?
    do throws(FormatError) {
      record = try records.next()
    } catch {
      throw error.moved(by: line)
    }
    guard let record else {
      line += records.line
      return nil
    }
    let plan = try builder.plan(try Self.header(record, line: line + record.line))
    let parser = RowParser(plan: plan, limits: limits)
    self.parser = parser
    var piece = TablePiece()
    parser.parse(&records, into: &piece)
    return piece
  }

  private static func header(_ record: CSVRecord, line: Int) throws(FormatError) -> TableHeader {
    let names = (0..<record.count).map(record.text)
    var seen = KeyTable()
    for (column, name) in names.enumerated() where name.isEmpty || !seen.insert(name).isNew {
      throw FormatError(
        FormatProblem(
          .wrongHeader, line: line, column: column + 1, field: name,
          name.isEmpty ? "a column has no name" : "two columns are named \(name)",
          expected: "a name for each column, each once"))
    }
    return TableHeader(line: line, names: names)
  }

  /// Joins the next piece to those before.
  mutating func take(_ piece: TablePiece) throws(FormatError) {
    var faults = builder.take(piece, at: line)[...]
    if rows + piece.count > limits.maximumRows {
      let limit = TableFault(
        record: limits.maximumRows - rows, kind: .limitExceeded, column: -1,
        message: "there are too many rows", expected: "at most \(limits.maximumRows) rows",
        isFatal: true)
      faults = faults.prefix { $0.record < limit.record } + [limit]
    }
    for (record, problem) in piece.problems {
      while let fault = faults.first, fault.record <= record {
        try add(faults.removeFirst(), piece)
      }
      try problems.add(problem.moved(by: line))
    }
    for fault in faults { try add(fault, piece) }
    if let failure = piece.failure { throw joined(failure.moved(by: line)) }
    rows += piece.count
    line += piece.lineCount
  }

  private mutating func add(_ fault: TableFault, _ piece: TablePiece) throws(FormatError) {
    let isNamed = fault.column >= 0
    let name = isNamed ? parser?.plan.header.names[fault.column] : nil
    let problem = FormatProblem(
      fault.kind, line: line + Int(piece.lines[fault.record]),
      column: isNamed ? fault.column + 1 : nil, field: name ?? "", fault.message,
      expected: fault.expected)
    if fault.isFatal { try problems.fail(problem) }
    try problems.add(problem)
  }

  /// A syntax error, behind the problems that were found before it.
  private func joined(_ error: FormatError) -> FormatError {
    FormatError(problems.problems + error.problems, isTruncated: error.isTruncated)
  }
}

extension FormatProblem {
  /// The same so many lines further down.
  fileprivate func moved(by lines: Int) -> FormatProblem {
    FormatProblem(
      kind, line: line.map { $0 + lines }, column: column, field: field, message,
      expected: expected)
  }
}

extension FormatError {
  fileprivate func moved(by lines: Int) -> FormatError {
    FormatError(problems.map { $0.moved(by: lines) }, isTruncated: isTruncated)
  }
}
