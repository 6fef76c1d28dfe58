/// The one rule by which money is rounded: to the nearest, and a tie to the even number (IEEE 754
/// and the banks' rule).
enum HalfEven {
  /// The quotient, rounded.
  ///
  /// - Parameter divisor: above zero.
  static func quotient(_ dividend: Int128, dividingBy divisor: Int128) -> Int128 {
    let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
    let twice = remainder.magnitude * 2
    let away =
      twice > divisor.magnitude || (twice == divisor.magnitude && !quotient.isMultiple(of: 2))
    return away ? quotient + remainder.signum() : quotient
  }
}
