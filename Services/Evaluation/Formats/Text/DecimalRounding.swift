/// The nearest Float64 to a decimal number, by the method of Eisel and Lemire ("Number parsing at a
/// gigabyte per second", 2021): one or two products with a power of five of 128 bits.
enum DecimalRounding {
  /// Powers of ten for which 128 bits of the power of five can be computed in 128 bits.
  static let exponents = -54...55

  /// A power of five, scaled to have its highest bit set.
  private struct Power {
    var high: UInt64
    var low: UInt64
  }

  private static let table: [Power] = exponents.map { exponent in
    let bits = exponent < 0 ? reciprocal(power(-exponent)) : scaled(power(exponent))
    // Up to 27 the method's proof wants the reciprocal rounded up, behind that cut off.
    let rounded = (-27..<0).contains(exponent) ? bits + 1 : bits
    return Power(
      high: UInt64(truncatingIfNeeded: rounded >> 64), low: UInt64(truncatingIfNeeded: rounded))
  }

  private static func power(_ exponent: Int) -> UInt128 {
    (0..<exponent).reduce(1) { power, _ in power * 5 }
  }

  private static func scaled(_ value: UInt128) -> UInt128 { value << value.leadingZeroBitCount }

  /// The highest 128 bits of 1 / divisor, by long division.
  private static func reciprocal(_ divisor: UInt128) -> UInt128 {
    var remainder: UInt128 = 1
    var quotient: UInt128 = 0
    while quotient.leadingZeroBitCount > 0 {
      // The divisor is at most 5^54 < 2^126: doubling a remainder does not overflow.
      remainder <<= 1
      quotient <<= 1
      if remainder >= divisor {
        remainder -= divisor
        quotient |= 1
      }
    }
    return quotient
  }

  /// The nearest Float64 to mantissa × 10^exponent, ties to even; nil where it is not certain.
  static func nearest(_ mantissa: UInt64, _ exponent: Int) -> Double? {
    if mantissa == 0 { return 0 }
    guard exponents.contains(exponent) else { return nil }
    let shift = mantissa.leadingZeroBitCount
    guard let product = product(mantissa << UInt64(shift), exponent) else { return nil }
    let upper = Int(product.high >> 63)
    let cut = UInt64(upper + 9)
    var bits = product.high >> cut
    // Halfway between two numbers: to the even one, unless something was cut off.
    if product.low <= 1, (-4...23).contains(exponent), bits & 3 == 1, bits << cut == product.high {
      bits &= ~1
    }
    bits = (bits + (bits & 1)) >> 1
    // The binary exponent of 10^e is that of 5^e, floor(e · log2(5)), plus e.
    var binary = (217_706 * exponent) >> 16 + 63 + upper - shift + 1023
    if bits >= 1 << 53 {
      bits = 1 << 52
      binary += 1
    }
    // |e| ≤ 55 keeps the result far from the subnormal numbers and from overflow.
    return Double(bitPattern: UInt64(binary) << 52 | bits & (1 << 52 - 1))
  }

  /// The highest 128 bits of mantissa × 5^exponent, as far as they decide the rounding.
  private static func product(_ mantissa: UInt64, _ exponent: Int) -> (high: UInt64, low: UInt64)? {
    let power = table[exponent - exponents.lowerBound]
    var (high, low) = mantissa.multipliedFullWidth(by: power.high)
    if high & 0x1FF == 0x1FF {
      let second = mantissa.multipliedFullWidth(by: power.low)
      let (sum, carried) = low.addingReportingOverflow(second.high)
      low = sum
      if carried { high &+= 1 }
    }
    if low == .max, !(-27...55).contains(exponent) { return nil }
    return (high, low)
  }
}
