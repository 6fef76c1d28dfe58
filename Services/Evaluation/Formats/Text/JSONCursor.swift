/// Reads strict JSON (RFC 8259) from bytes in memory, value by value, without building a tree.
///
/// Names of fields are compared as bytes and numbers parsed where they stand: a large list of
/// small objects allocates nothing for what is skipped.
struct JSONCursor {
  let bytes: UnsafeBufferPointer<UInt8>
  private let maximumDepth: Int
  private var depth = 0
  var position = 0

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

  func failure(_ message: String, expected: String) -> FormatError {
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
  @inline(__always)
  mutating func peek() -> UInt8 {
    while position < bytes.count {
      let byte = bytes[position]
      // Space, tabulator, line feed and carriage return are the only ones that may be skipped.
      guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else {
        return byte
      }
      position += 1
    }
    return 0
  }

  /// Nothing but space may follow.
  mutating func end() throws(FormatError) {
    _ = peek()
    guard position == bytes.count else {
      throw failure("there is text behind the document", expected: "the end of the file")
    }
  }

  /// Calls back for each field of an object; the callback reads the value or skips it.
  @inline(__always)
  mutating func object(
    _ body: (inout JSONCursor, JSONName) throws(FormatError) -> Void
  ) throws(FormatError) {
    guard peek() == UInt8(ascii: "{") else { throw wrongType("an object") }
    try descend()
    position += 1
    if peek() == UInt8(ascii: "}") {
      ascend()
      return
    }
    while true {
      let name = try name()
      try body(&self, name)
      if try isLast(UInt8(ascii: "}")) { return }
    }
  }

  /// The name of a field, and the colon behind it.
  private mutating func name() throws(FormatError) -> JSONName {
    guard peek() == UInt8(ascii: "\"") else {
      throw failure("a field has no name", expected: "a name in quotes")
    }
    let start = position + 1
    let name =
      try skipPlainString()
      ? JSONName(bytes: UnsafeBufferPointer(rebasing: bytes[start..<position - 1]))
      : JSONName(decoded: try string())
    guard peek() == UInt8(ascii: ":") else {
      throw failure("a field has no value", expected: "a colon")
    }
    position += 1
    return name
  }

  /// Calls back for each entry of an array; the callback reads the value or skips it.
  @inline(__always)
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

  @inline(__always)
  private mutating func isLast(_ closing: UInt8) throws(FormatError) -> Bool {
    let byte = peek()
    if byte == UInt8(ascii: ",") {
      position += 1
      return false
    }
    guard byte == closing else {
      throw failure(
        "an unexpected character", expected: "a comma or \(Unicode.Scalar(closing))")
    }
    ascend()
    return true
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

  // MARK: Values

  mutating func skip() throws(FormatError) {
    switch peek() {
    case UInt8(ascii: "{"): try object { cursor, _ throws(FormatError) in try cursor.skip() }
    case UInt8(ascii: "["): try array { cursor throws(FormatError) in try cursor.skip() }
    case UInt8(ascii: "\""): if try !skipPlainString() { _ = try string() }
    case UInt8(ascii: "t"): try literal("true")
    case UInt8(ascii: "f"): try literal("false")
    case UInt8(ascii: "n"): try literal("null")
    default: _ = try numberText()
    }
  }

  mutating func number() throws(FormatError) -> Double {
    let text = try numberText()
    guard let value = NumberParser.double(text) else {
      position -= text.count
      throw failure("a malformed number", expected: "a decimal number")
    }
    guard value.isFinite else {
      throw FormatError(
        problem(
          .notFinite, at: position - text.count, "the number overflows",
          expected: "a finite number"))
    }
    return value
  }

  mutating func integer() throws(FormatError) -> Int64 {
    let text = try numberText()
    if let integer = Self.shortInteger(text) { return integer }
    guard let value = NumberParser.double(text), let integer = Int64(exactly: value),
      value.magnitude <= 0x1p53
    else {
      position -= text.count
      throw wrongType("an integer")
    }
    return integer
  }

  /// So many digits always fit 64 bits.
  static let maximumDigits = 18

  /// An integer of few enough digits, which is exact whatever its size.
  private static func shortInteger(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
    let isNegative = text.first == UInt8(ascii: "-")
    guard text.count - (isNegative ? 1 : 0) <= maximumDigits else { return nil }
    var value: Int64 = 0
    for index in (isNegative ? 1 : 0)..<text.count {
      let digit = text[index] &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      value = value &* 10 &+ Int64(digit)
    }
    return isNegative ? -value : value
  }

  /// The bytes of a number, as the grammar has it: no plus, no leading zeros, digits on both sides
  /// of the point.
  @inline(__always)
  private mutating func numberText() throws(FormatError) -> UnsafeBufferPointer<UInt8> {
    _ = peek()
    let start = position
    var end = start
    if end < bytes.count, bytes[end] == UInt8(ascii: "-") { end += 1 }
    let first = end
    var isWellFormed = takeDigits(&end)
    if end - first > 1, bytes[first] == UInt8(ascii: "0") { isWellFormed = false }
    if end < bytes.count, bytes[end] == UInt8(ascii: ".") {
      end += 1
      isWellFormed = takeDigits(&end) && isWellFormed
    }
    if end < bytes.count, bytes[end] | 0x20 == UInt8(ascii: "e") {
      end += 1
      if end < bytes.count, bytes[end] == UInt8(ascii: "+") || bytes[end] == UInt8(ascii: "-") {
        end += 1
      }
      isWellFormed = takeDigits(&end) && isWellFormed
    }
    guard isWellFormed else { throw malformedNumber(end) }
    position = end
    return UnsafeBufferPointer(rebasing: bytes[start..<end])
  }

  @inline(__always)
  private func takeDigits(_ end: inout Int) -> Bool {
    let start = end
    while end < bytes.count, bytes[end] &- UInt8(ascii: "0") <= 9 { end += 1 }
    return end > start
  }

  private mutating func malformedNumber(_ end: Int) -> FormatError {
    guard end > position else { return wrongType("a number") }
    if end == bytes.count { position = end }
    return failure("a malformed number", expected: "a decimal number")
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

  private mutating func literal(_ word: StaticString) throws(FormatError) {
    let count = word.utf8CodeUnitCount
    for index in 0..<count {
      guard position + index < bytes.count else {
        position = bytes.count
        throw failure("", expected: "\(word)")
      }
      guard bytes[position + index] == word.utf8Start[index] else {
        throw failure("an unknown word", expected: "\(word)")
      }
    }
    position += count
  }

  /// Takes `null` if that comes next.
  @inline(__always)
  mutating func takeNull() throws(FormatError) -> Bool {
    guard peek() == UInt8(ascii: "n") else { return false }
    try literal("null")
    return true
  }

  /// Passes over a string of ASCII without escapes; otherwise moves nowhere.
  @inline(__always)
  mutating func skipPlainString() throws(FormatError) -> Bool {
    var end = position + 1
    while end < bytes.count {
      let byte = bytes[end]
      if byte == UInt8(ascii: "\"") {
        position = end + 1
        return true
      }
      guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\\") else { return false }
      end += 1
    }
    position = bytes.count
    throw failure("", expected: "a closing quote")
  }
}

/// The name of a field, as its bytes.
struct JSONName {
  private let bytes: UnsafeBufferPointer<UInt8>
  /// The name, if it was written with escapes or is not ASCII.
  private let decoded: String?

  init(bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
    decoded = nil
  }

  init(decoded: String) {
    bytes = UnsafeBufferPointer(start: nil, count: 0)
    self.decoded = decoded
  }

  @inline(__always)
  static func ~= (pattern: StaticString, name: JSONName) -> Bool {
    if let decoded = name.decoded { return decoded == "\(pattern)" }
    let count = pattern.utf8CodeUnitCount
    guard name.bytes.count == count else { return false }
    for index in 0..<count where name.bytes[index] != pattern.utf8Start[index] { return false }
    return true
  }
}
