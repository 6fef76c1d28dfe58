/// Rules about the time that a call has.
enum Deadline {
  /// Most that is kept back of the time that a server is told, in microseconds.
  private static let maximumMarginMicroseconds: UInt64 = 10_000

  /// What a REQUEST says of `remaining` microseconds: a little less, so that the server's own
  /// DEADLINE_EXCEEDED, which tells where the time went, is here before the caller gives up.
  static func announced(remaining: UInt64) -> UInt64 {
    max(1, remaining - min(remaining / 10, maximumMarginMicroseconds))
  }
}

extension UInt64 {
  /// Nanoseconds plus milliseconds, at most the largest number, which is "never".
  func addingMilliseconds(_ milliseconds: UInt64) -> UInt64 {
    let (product, isTooLarge) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    let (sum, overflows) = addingReportingOverflow(product)
    return isTooLarge || overflows ? .max : sum
  }
}
