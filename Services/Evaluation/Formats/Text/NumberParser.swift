import Glibc

/// Parses decimal numbers exactly, fast where that is easy.
enum NumberParser {
  /// Powers of ten that Float64 holds exactly.
  private static let powers: [Double] = (0...22).map { pow(10, Double($0)) }

  /// The nearest Float64 of a decimal number, optionally with exponent; nil if it is none.
  /// `nan`, `inf` and their spellings are recognised, so that they can be refused by name.
  static func double(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    fast(bytes) ?? slow(bytes)
  }

  /// Clinger's fast path (1990): a mantissa below 2^53 and a power of ten up to 22 are both exact,
  /// so that one multiplication or division rounds once.
  private static func fast(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    var position = 0
    let isNegative = bytes.first == UInt8(ascii: "-")
    if isNegative { position = 1 }
    var mantissa: UInt64 = 0
    var digits = 0
    var fraction = 0
    var hasPoint = false
    while position < bytes.count {
      let byte = bytes[position]
      let digit = byte &- UInt8(ascii: "0")
      if digit <= 9 {
        mantissa = mantissa &* 10 &+ UInt64(digit)
        digits += 1
        if hasPoint { fraction += 1 }
      } else if byte == UInt8(ascii: "."), !hasPoint {
        hasPoint = true
      } else {
        return nil
      }
      position += 1
    }
    guard digits > 0, digits <= 19, mantissa <= 1 << 53, fraction <= 22 else { return nil }
    let value = Double(mantissa) / powers[fraction]
    return isNegative ? -value : value
  }

  private static func slow(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    let text = String(decoding: bytes, as: UTF8.self)
    // Swift also reads hexadecimal numbers, which no table means.
    guard !text.utf8.contains(where: { $0 == UInt8(ascii: "x") || $0 == UInt8(ascii: "X") }) else {
      return nil
    }
    return Double(text)
  }
}
