/// Reads strict JSON (RFC 8259) from bytes in memory, value by value, without building a tree.
struct JSONCursor {
  private let bytes: UnsafeBufferPointer<UInt8>
  private let maximumDepth: Int
  private var depth = 0
  private(set) var position = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>, maximumDepth: Int) {
    self.bytes = bytes
    self.maximumDepth = maximumDepth
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  // MARK: Places

  /// A problem at the current place, or at a given one.
  func problem(
    _ kind: FormatProblem.Kind, at place: Int? = nil, field: String = "", _ message: String,
    expected: String
  ) -> FormatProblem {
    let end = min(place ?? position, bytes.count)
    var line = 1
    var start = 0
    for index in 0..<end where bytes[index] == UInt8(ascii: "\n") {
      line += 1
      start = index + 1
    }
    return FormatProblem(
      kind, line: line, column: end - start + 1, field: field, message, expected: expected)
  }

  private func failure(_ message: String, expected: String) -> FormatError {
    let isCut = position >= bytes.count
    return FormatError(
      problem(
        isCut ? .truncated : .malformedJSON, isCut ? "the file ends here" : message,
        expected: expected))
  }

  func wrongType(_ expected: String) -> FormatError {
    guard position < bytes.count else { return failure("", expected: expected) }
    return FormatError(problem(.wrongType, "the value has another type", expected: expected))
  }

  // MARK: Structure

  /// The first byte of the next value; 0 at the end.
  mutating func peek() -> UInt8 {
    skipSpace()
    return position < bytes.count ? bytes[position] : 0
  }

  /// Nothing but space may follow.
  mutating func end() throws(FormatError) {
    skipSpace()
    guard position == bytes.count else {
      throw failure("there is text behind the document", expected: "the end of the file")
    }
  }

  /// Calls back for each field of an object; the callback reads the value or skips it.
  mutating func object(
    _ body: (inout JSONCursor, String) throws(FormatError) -> Void
  ) throws(FormatError) {
    guard peek() == UInt8(ascii: "{") else { throw wrongType("an object") }
    try descend()
    position += 1
    if peek() == UInt8(ascii: "}") {
      ascend()
      return
    }
    while true {
      guard peek() == UInt8(ascii: "\"") else {
        throw failure("a field has no name", expected: "a name in quotes")
      }
      let name = try string()
      guard peek() == UInt8(ascii: ":") else {
        throw failure("a field has no value", expected: "a colon")
      }
      position += 1
      try body(&self, name)
      if try isLast(UInt8(ascii: "}")) { return }
    }
  }

  /// Calls back for each entry of an array; the callback reads the value or skips it.
  mutating func array(
    _ body: (inout JSONCursor) throws(FormatError) -> Void
  ) throws(FormatError) {
    guard peek() == UInt8(ascii: "[") else { throw wrongType("an array") }
    try descend()
    position += 1
    if peek() == UInt8(ascii: "]") {
      ascend()
      return
    }
    while true {
      try body(&self)
      if try isLast(UInt8(ascii: "]")) { return }
    }
  }

  private mutating func isLast(_ closing: UInt8) throws(FormatError) -> Bool {
    switch peek() {
    case UInt8(ascii: ","):
      position += 1
      return false
    case closing:
      ascend()
      return true
    default:
      throw failure(
        "an unexpected character", expected: "a comma or \(Unicode.Scalar(closing))")
    }
  }

  private mutating func descend() throws(FormatError) {
    depth += 1
    guard depth <= maximumDepth else {
      throw FormatError(
        problem(
          .limitExceeded, "the document is nested too deeply",
          expected: "at most \(maximumDepth) levels"))
    }
  }

  private mutating func ascend() {
    depth -= 1
    position += 1
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  // MARK: Values

  mutating func skip() throws(FormatError) {
    switch peek() {
    case UInt8(ascii: "{"): try object { cursor, _ throws(FormatError) in try cursor.skip() }
    case UInt8(ascii: "["): try array { cursor throws(FormatError) in try cursor.skip() }
    case UInt8(ascii: "\""): _ = try string()
    case UInt8(ascii: "t"): try literal("true")
    case UInt8(ascii: "f"): try literal("false")
    case UInt8(ascii: "n"): try literal("null")
    default: _ = try number()
    }
  }

  mutating func number() throws(FormatError) -> Double {
    let first = peek()
    guard first == UInt8(ascii: "-") || first &- UInt8(ascii: "0") <= 9 else {
      throw wrongType("a number")
    }
    let start = position
    scan: while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
        UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
        position += 1
      default: break scan
      }
    }
    let text = UnsafeBufferPointer(rebasing: bytes[start..<position])
    guard let value = NumberParser.double(text) else {
      position = start
      throw failure("a malformed number", expected: "a decimal number")
    }
    guard value.isFinite else {
      throw FormatError(
        problem(.notFinite, at: start, "the number overflows", expected: "a finite number"))
    }
    return value
  }

  mutating func integer() throws(FormatError) -> Int64 {
    _ = peek()
    let start = position
    let value = try number()
    guard let integer = Int64(exactly: value) else {
      position = start
      throw wrongType("an integer")
    }
    return integer
  }

  /// A list of numbers.
  mutating func numbers() throws(FormatError) -> [Double] {
    var values: [Double] = []
    try array { cursor throws(FormatError) in values.append(try cursor.number()) }
    return values
  }

  /// A flag, or the numbers 0 and 1.
  mutating func flag() throws(FormatError) -> Bool {
    switch peek() {
    case UInt8(ascii: "t"):
      try literal("true")
      return true
    case UInt8(ascii: "f"):
      try literal("false")
      return false
    default:
      let start = position
      let value = try number()
      if value == 0 || value == 1 { return value == 1 }
      position = start
      throw wrongType("0, 1, true or false")
    }
  }

  mutating func string() throws(FormatError) -> String {
    guard peek() == UInt8(ascii: "\"") else { throw wrongType("a string") }
    position += 1
    let start = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        guard let text = String(validating: bytes[start..<position], as: UTF8.self) else {
          throw FormatError(
            problem(.invalidUTF8, at: start, "the bytes are not UTF-8", expected: "UTF-8 text"))
        }
        position += 1
        return text
      case UInt8(ascii: "\\"): return try escapedString(from: start)
      case 0..<0x20: throw failure("a control character", expected: "it escaped")
      default: position += 1
      }
    }
    throw failure("", expected: "a closing quote")
  }

  private mutating func escapedString(from start: Int) throws(FormatError) -> String {
    var text = Array(bytes[start..<position])
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        if let result = String(validating: text, as: UTF8.self) { return result }
        throw FormatError(
          problem(.invalidUTF8, at: start, "the bytes are not UTF-8", expected: "UTF-8 text"))
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw failure("a control character", expected: "it escaped")
      default: text.append(byte)
      }
    }
    throw failure("", expected: "a closing quote")
  }

  private mutating func escape(into text: inout [UInt8]) throws(FormatError) {
    guard position < bytes.count else { throw failure("", expected: "an escape") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var scalar = try codeUnit()
      if 0xD800...0xDBFF ~= scalar, position + 1 < bytes.count,
        bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
      {
        position += 2
        let low = try codeUnit()
        guard 0xDC00...0xDFFF ~= low else {
          throw failure("half a surrogate pair", expected: "its other half")
        }
        scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let unicode = Unicode.Scalar(scalar) else {
        throw failure("half a surrogate pair", expected: "its other half")
      }
      text.append(contentsOf: String(unicode).utf8)
    default: throw failure("an unknown escape", expected: "an escape of JSON")
    }
  }

  private mutating func codeUnit() throws(FormatError) -> UInt32 {
    guard position + 4 <= bytes.count else {
      position = bytes.count
      throw failure("", expected: "four hexadecimal digits")
    }
    let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
    guard digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
      let value = UInt32(digits, radix: 16)
    else { throw failure("a malformed escape", expected: "four hexadecimal digits") }
    position += 4
    return value
  }

  private mutating func literal(_ word: String) throws(FormatError) {
    guard bytes[position...].starts(with: word.utf8) else {
      throw failure("an unknown word", expected: word)
    }
    position += word.utf8.count
  }

  /// Takes `null` if that comes next.
  mutating func takeNull() throws(FormatError) -> Bool {
    guard peek() == UInt8(ascii: "n") else { return false }
    try literal("null")
    return true
  }
}
