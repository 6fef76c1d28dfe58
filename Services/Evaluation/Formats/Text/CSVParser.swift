/// One record of a CSV file; valid only inside the callback that gets it.
struct CSVRecord {
  /// Where one field's bytes are.
  struct Field {
    let start: Int
    let end: Int
    /// Whether the bytes were unescaped into the scratch buffer.
    let isUnescaped: Bool
  }

  /// The line at which the record begins, from 1.
  let line: Int
  fileprivate let fields: UnsafeBufferPointer<Field>
  fileprivate let bytes: UnsafeBufferPointer<UInt8>
  fileprivate let scratch: UnsafeBufferPointer<UInt8>

  var count: Int { fields.count }

  /// The bytes of a field, without quotes.
  subscript(index: Int) -> UnsafeBufferPointer<UInt8> {
    let field = fields[index]
    let source = field.isUnescaped ? scratch : bytes
    return UnsafeBufferPointer(rebasing: source[field.start..<field.end])
  }

  func text(_ index: Int) -> String { String(decoding: self[index], as: UTF8.self) }
}

/// A streaming parser of RFC 4180.
///
/// Bytes come in chunks of any size. Lines end in LF or CRLF; a byte order mark is skipped; empty
/// lines are skipped; everything must be UTF-8.
struct CSVParser {
  typealias Body = (CSVRecord) throws(FormatError) -> Void

  private enum Scan {
    case record(next: Int)
    /// The record does not end in the bytes at hand.
    case incomplete
  }

  private let limits: FormatLimits
  private var pending: [UInt8] = []
  private var line = 1
  private var isAtStart = true
  private var fields: [CSVRecord.Field] = []
  private var scratch: [UInt8] = []
  /// Lines inside the quoted fields of the current record.
  private var innerLines = 0

  init(limits: FormatLimits) { self.limits = limits }

  /// Parses a chunk and calls back for each record that it completes.
  mutating func parse(
    _ chunk: UnsafeRawBufferPointer, _ body: Body
  ) throws(FormatError) {
    if pending.isEmpty {
      let bytes = chunk.bindMemory(to: UInt8.self)
      let used = try records(bytes, isLast: false, body)
      pending.append(contentsOf: bytes[used...])
    } else {
      pending.append(contentsOf: chunk)
      try parsePending(isLast: false, body)
    }
    guard pending.count <= limits.maximumRecordBytes else {
      throw failure(
        .limitExceeded, "the record is longer than \(limits.maximumRecordBytes) bytes",
        expected: "shorter records, or a closing quote")
    }
  }

  /// Parses what is left when the file ends.
  mutating func finish(_ body: Body) throws(FormatError) {
    try parsePending(isLast: true, body)
  }

  private mutating func parsePending(isLast: Bool, _ body: Body) throws(FormatError) {
    let bytes = pending
    pending = []
    let used = try bytes.withUnsafeBufferPointer { buffer throws(FormatError) in
      try records(buffer, isLast: isLast, body)
    }
    pending = Array(bytes[used...])
  }

  /// Parses records; returns how many bytes were used up.
  private mutating func records(
    _ bytes: UnsafeBufferPointer<UInt8>, isLast: Bool, _ body: Body
  ) throws(FormatError) -> Int {
    var position = try skipByteOrderMark(bytes, isLast)
    if isAtStart { return 0 }
    while position < bytes.count {
      guard case .record(let next) = try scan(bytes, from: position, isLast) else { break }
      let isBlank = fields.count == 1 && fields[0].start == fields[0].end && next - position <= 2
      if !isBlank { try emit(bytes, position..<next, body) }
      line += 1 + innerLines
      position = next
    }
    return position
  }

  private mutating func skipByteOrderMark(
    _ bytes: UnsafeBufferPointer<UInt8>, _ isLast: Bool
  ) throws(FormatError) -> Int {
    guard isAtStart else { return 0 }
    guard bytes.count >= 3 || isLast else { return 0 }
    isAtStart = false
    return bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  private mutating func emit(
    _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ body: Body
  ) throws(FormatError) {
    if bytes[range].contains(where: { $0 >= 0x80 }) { try checkText(bytes) }
    let (line, scratch) = (line, scratch)
    try fields.withUnsafeBufferPointer { fields throws(FormatError) in
      try scratch.withUnsafeBufferPointer { scratch throws(FormatError) in
        try body(CSVRecord(line: line, fields: fields, bytes: bytes, scratch: scratch))
      }
    }
  }

  private func checkText(_ bytes: UnsafeBufferPointer<UInt8>) throws(FormatError) {
    for (index, field) in fields.enumerated() {
      let isText =
        field.isUnescaped
        ? String(validating: scratch[field.start..<field.end], as: UTF8.self) != nil
        : String(validating: bytes[field.start..<field.end], as: UTF8.self) != nil
      if isText { continue }
      throw failure(
        .invalidUTF8, column: index + 1, "the bytes are not UTF-8", expected: "UTF-8 text")
    }
  }

  /// Finds the fields of the record that begins at a position.
  private mutating func scan(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ isLast: Bool
  ) throws(FormatError) -> Scan {
    fields.removeAll(keepingCapacity: true)
    scratch.removeAll(keepingCapacity: true)
    innerLines = 0
    var position = start
    while true {
      let isQuoted = position < bytes.count && bytes[position] == UInt8(ascii: "\"")
      let end =
        isQuoted
        ? try quotedField(bytes, from: position, isLast)
        : try plainField(bytes, from: position)
      guard let end else { return .incomplete }
      try checkLimits()
      if end == bytes.count { return isLast ? .record(next: end) : .incomplete }
      switch bytes[end] {
      case UInt8(ascii: ","): position = end + 1
      case UInt8(ascii: "\n"): return .record(next: end + 1)
      default:
        guard end + 1 < bytes.count else {
          if isLast { return .record(next: end + 1) }
          return .incomplete
        }
        guard bytes[end + 1] == UInt8(ascii: "\n") else {
          throw failure(
            .bareCarriageReturn, column: fields.count, "a carriage return without line feed",
            expected: "lines that end in LF or CRLF, or a quoted field")
        }
        return .record(next: end + 2)
      }
    }
  }

  /// The end of an unquoted field: a comma, a line end or the end of the bytes.
  private mutating func plainField(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int
  ) throws(FormatError) -> Int? {
    var position = start
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
        break
      }
      if byte == UInt8(ascii: "\"") {
        throw failure(
          .malformedQuote, column: fields.count + 1, "a quote inside an unquoted field",
          expected: "the whole field in quotes, with inner quotes doubled")
      }
      position += 1
    }
    fields.append(CSVRecord.Field(start: start, end: position, isUnescaped: false))
    return position
  }

  /// The position behind a quoted field's closing quote; nil if it does not end here.
  private mutating func quotedField(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ isLast: Bool
  ) throws(FormatError) -> Int? {
    let scratchStart = scratch.count
    var position = start + 1
    var isClosed = false
    while position < bytes.count, !isClosed {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\n") { innerLines += 1 }
      guard byte == UInt8(ascii: "\"") else {
        scratch.append(byte)
        continue
      }
      // Whether a quote at the end of a chunk closes the field shows only the next chunk.
      if position == bytes.count, !isLast { return nil }
      if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
        scratch.append(byte)
        position += 1
      } else {
        isClosed = true
      }
    }
    guard isClosed else {
      guard isLast else { return nil }
      throw failure(
        .unterminatedQuote, column: fields.count + 1, "the file ends inside a quoted field",
        expected: "a closing quote; the file may have been cut")
    }
    try checkBehindQuote(bytes, position)
    fields.append(CSVRecord.Field(start: scratchStart, end: scratch.count, isUnescaped: true))
    return position
  }

  private func checkBehindQuote(
    _ bytes: UnsafeBufferPointer<UInt8>, _ position: Int
  ) throws(FormatError) {
    guard position < bytes.count else { return }
    switch bytes[position] {
    case UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r"): return
    default:
      throw failure(
        .malformedQuote, column: fields.count + 1, "text behind a closing quote",
        expected: "a comma or a line end; inner quotes doubled")
    }
  }

  private func checkLimits() throws(FormatError) {
    guard fields.count <= limits.maximumColumns else {
      throw failure(
        .limitExceeded, column: fields.count, "there are too many columns",
        expected: "at most \(limits.maximumColumns) columns")
    }
    guard let last = fields.last, last.end - last.start > limits.maximumFieldBytes else { return }
    throw failure(
      .limitExceeded, column: fields.count, "the field has \(last.end - last.start) bytes",
      expected: "at most \(limits.maximumFieldBytes) bytes")
  }

  private func failure(
    _ kind: FormatProblem.Kind, column: Int? = nil, _ message: String, expected: String
  ) -> FormatError {
    FormatError(
      FormatProblem(kind, line: line, column: column, message, expected: expected))
  }
}
