extension JSONCursor {
  mutating func string() throws(FormatError) -> String {
    guard peek() == UInt8(ascii: "\"") else { throw wrongType("a string") }
    position += 1
    let start = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        let text = try decoded(Array(bytes[start..<position]), at: start)
        position += 1
        return text
      case UInt8(ascii: "\\"): return try escapedString(from: start)
      case 0..<0x20: throw failure("a control character", expected: "it escaped")
      default: position += 1
      }
    }
    throw failure("", expected: "a closing quote")
  }

  /// Text without escapes and with nothing but ASCII, where it stands; nil for any other.
  mutating func plainString() throws(FormatError) -> UnsafeBufferPointer<UInt8>? {
    guard peek() == UInt8(ascii: "\"") else { throw wrongType("a string") }
    let start = position + 1
    guard try skipPlainString() else { return nil }
    return UnsafeBufferPointer(rebasing: bytes[start..<position - 1])
  }

  private func decoded(_ text: [UInt8], at start: Int) throws(FormatError) -> String {
    if let result = String(validating: text, as: UTF8.self) { return result }
    throw FormatError(
      problem(.invalidUTF8, at: start, "the bytes are not UTF-8", expected: "UTF-8 text"))
  }

  private mutating func escapedString(from start: Int) throws(FormatError) -> String {
    var text = Array(bytes[start..<position])
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return try decoded(text, at: start)
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20:
        position -= 1
        throw failure("a control character", expected: "it escaped")
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
    case UInt8(ascii: "u"): text.append(contentsOf: String(try escapedScalar()).utf8)
    default:
      position -= 1
      throw failure("an unknown escape", expected: "an escape of JSON")
    }
  }

  /// The scalar of one escaped code unit, or of a surrogate pair of two.
  private mutating func escapedScalar() throws(FormatError) -> Unicode.Scalar {
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
    return unicode
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
}
