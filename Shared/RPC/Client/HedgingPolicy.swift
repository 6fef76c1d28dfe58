/// Asking again before the first answer is there, and taking the first that comes.
///
/// Only for methods that the schema marks NO_SIDE_EFFECTS; others go out once, whatever this says.
///
/// Source: gRFC A6, "Hedging policy".
public struct HedgingPolicy: Sendable, Equatable {
  /// Attempts in all, the first included; 2 to 5.
  public let maximumAttempts: Int
  /// How long each attempt may be alone before the next goes out.
  public let delayMilliseconds: UInt64

  public init(maximumAttempts: Int = 2, delayMilliseconds: UInt64) {
    self.maximumAttempts = min(max(maximumAttempts, 2), 5)
    self.delayMilliseconds = delayMilliseconds
  }
}
