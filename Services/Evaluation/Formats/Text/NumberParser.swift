/// Parses decimal numbers to the nearest Float64, fast for those that tables are made of.
enum NumberParser {
  /// Powers of ten that Float64 holds exactly.
  private static let powers: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  /// The nearest Float64 of a decimal number, optionally with exponent; nil if it is none.
  /// `nan`, `inf` and their spellings are recognised, so that they can be refused by name.
  @inline(__always)
  static func double(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    if let start = bytes.baseAddress, let value = fast(start, bytes.count) { return value }
    return slow(bytes)
  }

  /// A number of at most 19 significant digits and a middling exponent; nil for all else.
  @inline(__always)
  private static func fast(_ start: UnsafePointer<UInt8>, _ count: Int) -> Double? {
    var position = start
    let end = start + count
    guard position < end else { return nil }
    let isNegative = position.pointee == UInt8(ascii: "-")
    if isNegative { position += 1 }
    var mantissa: UInt64 = 0
    let first = position
    readDigits(&position, start, end, &mantissa)
    var digits = position - first
    var exponent = 0
    if position < end, position.pointee == UInt8(ascii: ".") {
      position += 1
      let fraction = position
      readDigits(&position, start, end, &mantissa)
      exponent = fraction - position
      digits -= exponent
    }
    guard digits > 0, digits <= 19 || isShort(first, position) else { return nil }
    if position < end {
      guard let written = readExponent(position, end) else { return nil }
      exponent += written
    }
    guard let value = value(mantissa, exponent) else { return nil }
    return isNegative ? -value : value
  }

  /// Reads digits as far as there are any.
  ///
  /// - Parameter start: where the number's text begins; bytes from there on may be read again.
  @inline(__always)
  private static func readDigits(
    _ position: inout UnsafePointer<UInt8>, _ start: UnsafePointer<UInt8>,
    _ end: UnsafePointer<UInt8>, _ mantissa: inout UInt64
  ) {
    while end - position >= 8 {
      let word = UnsafeRawPointer(position).loadUnaligned(as: UInt64.self).littleEndian
      guard areDigits(word) else { break }
      mantissa = mantissa &* 100_000_000 &+ eightDigits(word)
      position += 8
    }
    // Most often digits are all that is left: the last eight bytes, those before them as zeros.
    let rest = end - position
    if rest > 1, rest < 8, end - start >= 8 {
      let word = UnsafeRawPointer(end - 8).loadUnaligned(as: UInt64.self).littleEndian
      let before = UInt64.max &>> UInt64(8 &* rest)
      let digits = (word & ~before) | (0x3030_3030_3030_3030 & before)
      if areDigits(digits) {
        mantissa = mantissa &* scales[rest] &+ eightDigits(digits)
        position = end
        return
      }
    }
    while position < end, case let digit = position.pointee &- UInt8(ascii: "0"), digit <= 9 {
      mantissa = mantissa &* 10 &+ UInt64(digit)
      position += 1
    }
  }

  private static let scales: [UInt64] = [
    1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000,
  ]

  @inline(__always)
  private static func areDigits(_ word: UInt64) -> Bool {
    let beyond = (word &+ 0x4646_4646_4646_4646) | (word &- 0x3030_3030_3030_3030)
    return beyond & 0x8080_8080_8080_8080 == 0
  }

  /// The number that eight digits write, the first of them in the lowest byte: neighbours are
  /// joined to pairs, pairs to fours, fours to the whole.
  @inline(__always)
  private static func eightDigits(_ word: UInt64) -> UInt64 {
    var value = word &- 0x3030_3030_3030_3030
    value = value &* 10 &+ value &>> 8
    let high = (value & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
    let low = (value &>> 16 & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
    return (high &+ low) &>> 32
  }

  /// Whether there are at most 19 digits behind leading zeros.
  private static func isShort(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Bool {
    var position = start
    while position < end, position.pointee == UInt8(ascii: "0") || position.pointee == 0x2E {
      position += 1
    }
    return end - position <= 19
  }

  /// The exponent that ends a number; nil if it is none, or huge.
  private static func readExponent(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> Int? {
    var position = start
    guard position.pointee | 0x20 == UInt8(ascii: "e") else { return nil }
    position += 1
    guard position < end else { return nil }
    let sign = position.pointee
    if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { position += 1 }
    guard position < end, end - position <= 4 else { return nil }
    var value = 0
    while position < end {
      let digit = position.pointee &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      value = value * 10 + Int(digit)
      position += 1
    }
    return sign == UInt8(ascii: "-") ? -value : value
  }

  /// The nearest Float64 to mantissa × 10^exponent, where that is easily told.
  @inline(__always)
  private static func value(_ mantissa: UInt64, _ exponent: Int) -> Double? {
    // Clinger's fast path (1990): a mantissa up to 2^53 and a power of ten up to 22 are both
    // exact, so that one multiplication or division rounds once.
    if mantissa <= 1 << 53, exponent >= -22, exponent <= 22 {
      let power = powers[exponent.magnitude.asInt]
      return exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
    }
    return DecimalRounding.nearest(mantissa, exponent)
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

extension UInt {
  @inline(__always)
  fileprivate var asInt: Int { Int(bitPattern: self) }
}
