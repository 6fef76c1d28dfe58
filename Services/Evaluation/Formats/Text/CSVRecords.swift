/// One record of a CSV file; valid only until the next one is asked for.
struct CSVRecord {
  /// The line at which the record begins, counted from the block's first as 0.
  let line: Int
  let count: Int
  let bytes: UnsafePointer<UInt8>
  /// Where the fields end, and before the first where the record before did; minus one.
  fileprivate let ends: UnsafePointer<UInt32>
  fileprivate let origin: Int
  /// Where the last field ends: before its carriage return.
  fileprivate let lastEnd: Int
  /// The fields one by one, if some are in quotes.
  fileprivate let unquoted: UnsafePointer<CSVRecords.Field>?

  /// Where a field's bytes are, without quotes.
  @inline(__always)
  func range(_ index: Int) -> (start: Int, end: Int) {
    if let unquoted { return (unquoted[index].start, unquoted[index].end) }
    let start = index == 0 ? origin : Int(ends[index &- 1]) &+ 1
    return (start, index == count &- 1 ? lastEnd : Int(ends[index]))
  }

  /// The bytes of a field, without quotes.
  @inline(__always)
  subscript(index: Int) -> UnsafeBufferPointer<UInt8> {
    let (start, end) = range(index)
    return UnsafeBufferPointer(start: bytes + start, count: end &- start)
  }

  func text(_ index: Int) -> String { String(decoding: self[index], as: UTF8.self) }
}

/// The records of a block, by the grammar of RFC 4180.
///
/// Lines end in LF or CRLF; a byte order mark is skipped; empty lines are skipped; everything must
/// be UTF-8.
struct CSVRecords {
  struct Field {
    var start: Int
    var end: Int
  }

  private let limits: FormatLimits
  private let isLast: Bool
  private let length: Int
  private let bytes: UnsafeMutablePointer<UInt8>
  private let scan: SeparatorScan
  private let ends: UnsafePointer<UInt32>
  /// Whether each field must be looked at for quotes, carriage returns and bytes that are no text.
  private let isIrregular: Bool
  private let hasBadText: Bool
  /// The fields of the present record, if it needed a look.
  private let fields: UnsafeMutablePointer<Field>
  private var position: Int
  private var record = 0
  private var field = 0
  /// Line feeds before the position.
  private(set) var line = 0

  /// No fewer than there are records of so many columns.
  ///
  /// Empty and ragged lines may be many more: each column needs a byte that ends it, but for the
  /// last of a file.
  func bound(columns: Int) -> Int {
    min(scan.recordEnds.count, length / max(1, columns) + 1)
  }

  /// Calls back with the records of a block. Quoted fields are unescaped where they stand.
  static func with<Result>(
    _ block: inout CSVBlock, _ scan: inout SeparatorScan, limits: FormatLimits,
    _ body: (inout CSVRecords) throws(FormatError) -> Result
  ) throws(FormatError) -> Result {
    let (length, isFirst, isLast) = (block.count, block.isFirst, block.isLast)
    return try block.storage.withUnsafeMutableBufferPointer { buffer throws(FormatError) in
      guard let bytes = buffer.baseAddress else { preconditionFailure("blocks are padded") }
      let mark = isFirst && length >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
      let begin = mark ? 3 : 0
      scan.scan(bytes, length: length)
      let recorded = scan.recordEnds.last.map { Int(scan.ends[Int($0) - 1]) + 1 } ?? begin
      if isLast, recorded < length { scan.closeRecord(at: length) }
      return try scan.ends.withUnsafeBufferPointer { ends throws(FormatError) in
        guard let ends = ends.baseAddress else { preconditionFailure("ends are never empty") }
        let room = max(1, min(limits.maximumColumns, scan.count))
        let fields = UnsafeMutablePointer<Field>.allocate(capacity: room)
        defer { fields.deallocate() }
        var records = CSVRecords(
          limits: limits, isLast: isLast, length: length, bytes: bytes, scan: scan, ends: ends,
          fields: fields, position: begin)
        return try body(&records)
      }
    }
  }

  private init(
    limits: FormatLimits, isLast: Bool, length: Int, bytes: UnsafeMutablePointer<UInt8>,
    scan: SeparatorScan, ends: UnsafePointer<UInt32>, fields: UnsafeMutablePointer<Field>,
    position: Int
  ) {
    self.limits = limits
    self.isLast = isLast
    self.length = length
    self.bytes = bytes
    self.scan = scan
    self.ends = ends
    self.fields = fields
    self.position = position
    hasBadText =
      scan.hasHighBytes
      && String(
        validating: UnsafeBufferPointer(start: bytes, count: length), as: UTF8.self) == nil
    isIrregular = scan.hasQuotes || scan.hasBareReturn || hasBadText
  }

  /// The next record that is not an empty line; nil at the block's end.
  mutating func next() throws(FormatError) -> CSVRecord? {
    while record < scan.recordEnds.count {
      let (first, start, startLine) = (field, position, line)
      field = Int(scan.recordEnds[record])
      record += 1
      let end = Int(ends[field - 1])
      guard end - start <= limits.maximumRecordBytes else { throw tooLong(first, start) }
      position = end + 1
      line += 1
      var lastEnd = end
      if end > start, bytes[end - 1] == UInt8(ascii: "\r") { lastEnd -= 1 }
      let count = field - first
      if count == 1, lastEnd == start { continue }
      if isIrregular {
        line += lineFeeds(start, end)
        try readFields(first, count, start, lastEnd, startLine)
      } else if end - start > limits.maximumFieldBytes || count > limits.maximumColumns {
        try readFields(first, count, start, lastEnd, startLine)
      }
      return CSVRecord(
        line: startLine, count: count, bytes: UnsafePointer(bytes), ends: ends + first,
        origin: start, lastEnd: lastEnd, unquoted: isIrregular ? UnsafePointer(fields) : nil)
    }
    guard position < length, !isLast else { return nil }
    throw tooLong(field, position)
  }

  /// Lines that begin and end inside quoted fields.
  private func lineFeeds(_ start: Int, _ end: Int) -> Int {
    guard scan.hasQuotes else { return 0 }
    var count = 0
    for position in start..<end where bytes[position] == UInt8(ascii: "\n") { count += 1 }
    return count
  }

  // MARK: Fields that need a look

  /// What is wrong with a record that is longer than allowed: its length, or what comes before.
  private mutating func tooLong(_ first: Int, _ start: Int) -> FormatError {
    var count = 0
    while first + count < scan.count, Int(ends[first + count]) - start <= limits.maximumRecordBytes
    {
      count += 1
    }
    do throws(FormatError) {
      let begin = count > 0 ? Int(ends[first + count - 1]) + 1 : start
      if count > 0 { try readFields(first, count, start, begin - 1, line) }
      // The field that the limit cuts may show why the record seems so long.
      let end = min(length, start + limits.maximumRecordBytes)
      if begin < end { _ = try readField(begin, end, line, count + 1) }
    } catch {
      if error.problems[0].kind != .unterminatedQuote { return error }
    }
    return failure(
      .limitExceeded, line: line,
      "the record is longer than \(limits.maximumRecordBytes) bytes",
      expected: "shorter records, or a closing quote")
  }

  /// Checks the fields of a record and takes their quotes away.
  private mutating func readFields(
    _ first: Int, _ count: Int, _ start: Int, _ lastEnd: Int, _ line: Int
  ) throws(FormatError) {
    var begin = start
    for index in 0..<count {
      let end = index == count - 1 ? lastEnd : Int(ends[first + index])
      guard index < limits.maximumColumns else {
        throw failure(
          .limitExceeded, line: line, column: index + 1, "there are too many columns",
          expected: "at most \(limits.maximumColumns) columns")
      }
      let field = try readField(begin, end, line, index + 1)
      guard field.end - field.start <= limits.maximumFieldBytes else {
        throw failure(
          .limitExceeded, line: line, column: index + 1,
          "the field has \(field.end - field.start) bytes",
          expected: "at most \(limits.maximumFieldBytes) bytes")
      }
      fields[index] = field
      begin = Int(ends[first + index]) + 1
    }
    if hasBadText { try checkText(count, line) }
  }

  private func readField(
    _ start: Int, _ end: Int, _ line: Int, _ column: Int
  ) throws(FormatError) -> Field {
    if start < end, bytes[start] == UInt8(ascii: "\"") {
      return try unescape(start, end, line, column)
    }
    for position in start..<end {
      if bytes[position] == UInt8(ascii: "\"") {
        throw failure(
          .malformedQuote, line: line, column: column, "a quote inside an unquoted field",
          expected: "the whole field in quotes, with inner quotes doubled")
      }
      if bytes[position] == UInt8(ascii: "\r") {
        throw failure(
          .bareCarriageReturn, line: line, column: column,
          "a carriage return without line feed",
          expected: "lines that end in LF or CRLF, or a quoted field")
      }
    }
    return Field(start: start, end: end)
  }

  /// Moves a quoted field's text together over the quotes that escape quotes.
  private func unescape(
    _ start: Int, _ end: Int, _ line: Int, _ column: Int
  ) throws(FormatError) -> Field {
    var from = start + 1
    var to = from
    while from < end {
      let byte = bytes[from]
      from += 1
      if byte == UInt8(ascii: "\"") {
        guard from < end, bytes[from] == byte else {
          guard from == end else { throw textBehindQuote(line, column) }
          return Field(start: start + 1, end: to)
        }
        from += 1
      }
      bytes[to] = byte
      to += 1
    }
    throw failure(
      .unterminatedQuote, line: line, column: column, "the file ends inside a quoted field",
      expected: "a closing quote; the file may have been cut")
  }

  private func textBehindQuote(_ line: Int, _ column: Int) -> FormatError {
    failure(
      .malformedQuote, line: line, column: column, "text behind a closing quote",
      expected: "a comma or a line end; inner quotes doubled")
  }

  private func checkText(_ count: Int, _ line: Int) throws(FormatError) {
    for index in 0..<count {
      let field = fields[index]
      let text = UnsafeBufferPointer(start: bytes + field.start, count: field.end - field.start)
      if String(validating: text, as: UTF8.self) != nil { continue }
      throw failure(
        .invalidUTF8, line: line, column: index + 1, "the bytes are not UTF-8",
        expected: "UTF-8 text")
    }
  }

  private func failure(
    _ kind: FormatProblem.Kind, line: Int, column: Int? = nil, _ message: String,
    expected: String
  ) -> FormatError {
    FormatError(FormatProblem(kind, line: line, column: column, message, expected: expected))
  }
}
