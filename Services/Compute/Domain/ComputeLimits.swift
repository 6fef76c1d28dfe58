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
}
