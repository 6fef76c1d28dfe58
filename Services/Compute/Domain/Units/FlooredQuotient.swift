extension Int64 {
  /// The quotient rounded down, also of what is below zero: the number of the day, quarter or other
  /// period in which a moment lies.
  ///
  /// - Parameter divisor: above zero.
  public func flooredQuotient(dividingBy divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
