/// Whether a loop that has nothing to do should stay awake for a moment rather than sleep.
///
/// To sleep and be woken costs tens of microseconds where cores are virtual; an answer on the same
/// machine comes sooner. Waiting awake no longer than that costs at most twice what the better of
/// the two would have, and it is tried only while it goes well: a loop whose events come seldom
/// sleeps at once, but for one wait in `probeInterval`. Pure; the caller polls.
///
/// Source: Karlin, Li, Manasse, Owicki, "Empirical studies of competitive spinning", 1991.
struct AwakeWaiting {
  /// About what a sleep and a wake-up cost.
  static let maximumNanoseconds: UInt64 = 50_000
  /// Sleeps after which waiting awake is tried again.
  static let probeInterval = 64
  private static let maximumScore = 8

  private var score = 0
  private var sleeps = 0

  /// Whether to wait awake this time.
  mutating func begin() -> Bool {
    if score > 0 { return true }
    sleeps += 1
    guard sleeps == AwakeWaiting.probeInterval else { return false }
    sleeps = 0
    return true
  }

  /// What came of waiting awake.
  mutating func end(hadEvent: Bool) {
    score = hadEvent ? min(score + 1, AwakeWaiting.maximumScore) : score / 2
  }
}
