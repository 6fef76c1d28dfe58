/// Whether, and when, a failed call may be sent again.
///
/// Source: gRFC A6 (client retries): exponential backoff with jitter, server push-back, and
/// transparent retry of what was provably not processed.
struct Retry {
  private static let initialMilliseconds = 50.0
  private static let maximumMilliseconds = 1_000.0

  private let isRetryable: Bool
  private let maximumAttempts: Int
  private(set) var attempt: UInt32 = 0

  init(_ method: MethodDescriptor, maximumAttempts: Int) {
    isRetryable = method.isRetryable
    self.maximumAttempts = maximumAttempts
  }

  /// Milliseconds to wait before the next attempt; nil if there is to be none.
  mutating func wait(after error: RPCError, remaining: UInt64) -> UInt64? {
    guard Int(attempt) + 1 < maximumAttempts else { return nil }
    let isSafe = error.isNotProcessed || (error.code == .unavailable && isRetryable)
    guard isSafe, error.code == .unavailable || error.code == .resourceExhausted else {
      return nil
    }
    let exponential = Retry.initialMilliseconds * Double(UInt64(1) << min(attempt, 20))
    let jittered = min(exponential, Retry.maximumMilliseconds) * Double.random(in: 0.8...1.2)
    let wait = error.details.retryAfterMilliseconds ?? UInt64(jittered)
    guard wait < remaining else { return nil }
    attempt += 1
    return wait
  }
}
