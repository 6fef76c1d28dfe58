/// A rate with a burst: so many units a second, at most so many at once.
///
/// Integers only, and the time is passed in: two runs over the same calls decide the same.
public struct TokenBucket: Sendable, Equatable {
  /// Units a second; 0 permits everything.
  public let ratePerSecond: Int64
  /// Units that may be taken at once after a pause.
  public let burst: Int64
  /// Thousandths of units, so that a millisecond of any rate is a whole number.
  private var available: Int64
  /// Monotonic milliseconds.
  private var updatedAt: Int64

  /// The highest rate that can be said.
  public static let maximumRate: Int64 = 1 << 40

  /// - Parameter burst: two seconds' worth unless given.
  public init(ratePerSecond: Int64, burst: Int64? = nil, now: Int64) {
    self.ratePerSecond = min(max(0, ratePerSecond), TokenBucket.maximumRate)
    self.burst = max(1, min(burst ?? 2 * self.ratePerSecond, 2 * TokenBucket.maximumRate))
    available = self.burst * 1_000
    updatedAt = now
  }

  /// Takes `amount` units.
  ///
  /// More than the burst is taken at once when the bucket is full, and paid for by what follows: a
  /// message larger than the burst must be able to pass.
  ///
  /// - Returns: nil if they were taken; otherwise milliseconds to wait before trying again.
  public mutating func take(_ amount: Int64, now: Int64) -> Int64? {
    guard ratePerSecond > 0 else { return nil }
    refill(now)
    let wanted = min(amount, burst) * 1_000
    guard available < wanted else {
      let cost = min(amount, 1_000 * TokenBucket.maximumRate) * 1_000
      available = max(available - cost, -1_000 * burst * 60)
      return nil
    }
    return max(1, (wanted - available + ratePerSecond - 1) / ratePerSecond)
  }

  private mutating func refill(_ now: Int64) {
    guard now > updatedAt else { return }
    let elapsed = now - updatedAt
    updatedAt = now
    let full = burst * 1_000
    // At `rate` units a second, a millisecond brings `rate` thousandths.
    let (gain, overflow) = elapsed.multipliedReportingOverflow(by: ratePerSecond)
    let (sum, tooMuch) = available.addingReportingOverflow(gain)
    available = overflow || tooMuch ? full : min(full, sum)
  }
}
