/// Where a budget goes if it is used on as of late.
public struct Forecast: Sendable, Equatable {
  public let budget: GFLOP
  public let used: GFLOP
  public let perDay: GFLOP
  /// The use case's end, unix milliseconds.
  public let end: Int64?
  /// What is used by then; `nil` without an end.
  public let usedAtEnd: GFLOP?
  /// When nothing is left, unix milliseconds; `nil` if that never comes.
  public let exhausted: Int64?

  /// What counts as of late.
  public static let window: Int64 = 7 * UTCDay.milliseconds
  /// A shorter time tells no rate.
  static let shortest: Int64 = 900_000

  /// - Parameters:
  ///   - recent: what was used from `since` to `now`, unix milliseconds.
  public init(
    budget: GFLOP, used: GFLOP, recent: GFLOP, since: Int64, now: Int64, end: Int64?
  ) throws(QuantityError) {
    self.budget = budget
    self.used = used
    self.end = end
    let elapsed = Int128(max(now - since, Self.shortest))
    perDay = try Self.gflop(Int128(recent.value) * Int128(UTCDay.milliseconds) / elapsed)
    if let end {
      let ahead = Int128(max(0, end - now))
      usedAtEnd = try used + Self.gflop(Int128(recent.value) * ahead / elapsed)
    } else {
      usedAtEnd = nil
    }
    let left = try budget - used
    if left <= .zero {
      exhausted = now
    } else if recent > .zero {
      // Rounded up: until then something is left.
      let (quotient, remainder) = (Int128(left.value) * elapsed)
        .quotientAndRemainder(dividingBy: Int128(recent.value))
      exhausted = Int64(exactly: Int128(now) + quotient + (remainder > 0 ? 1 : 0))
    } else {
      exhausted = nil
    }
  }

  private static func gflop(_ value: Int128) throws(QuantityError) -> GFLOP {
    guard let value = Int64(exactly: value) else { throw .overflow("the forecast") }
    return GFLOP(value)
  }
}
