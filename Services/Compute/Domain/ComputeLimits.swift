/// Limits of what the outside may ask for; each has its reason.
public enum ComputeLimits {
  /// Most that one budget, one run's counter or one rate may say: 10^26 operations.
  ///
  /// At the default price this is 2.5 billion euro, well inside 64 bits of nano-euro.
  public static let maximumGFLOP = GFLOP(100_000_000_000_000_000)
  /// Longest idempotency key, in bytes.
  public static let maximumKeyBytes = 128
  /// Longest note, reason or meter's name, in bytes.
  public static let maximumTextBytes = 1_000
  /// Most participants that one budget may be for.
  public static let maximumParticipants: Int64 = 100_000
  /// Most runs of a participant that may live at once, paused ones too: they are in memory, and
  /// each is looked at when the use case changes. As many as a tenant may watch.
  public static let maximumLiveRuns = 1_000
  /// Most thresholds that a use case's alerts may have, and the largest of them, in percent.
  public static let maximumThresholds = 20
  public static let maximumThreshold: Int64 = 1_000
}
