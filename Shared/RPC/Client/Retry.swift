import Synchronization

/// Whether, and when, a failed call may be sent again.
///
/// Source: gRFC A6 (client retries): exponential backoff with jitter, server push-back, and
/// transparent retry of what was provably not processed.
struct Retry {
  private static let initialMilliseconds = 50.0
  private static let maximumMilliseconds = 1_000.0

  private let isRetryable: Bool
  private let maximumAttempts: Int
  private let randomness: Randomness
  private(set) var attempt: UInt32 = 0

  init(_ method: MethodDescriptor, maximumAttempts: Int, _ randomness: Randomness) {
    self.randomness = randomness
    isRetryable = method.isRetryable
    self.maximumAttempts = maximumAttempts
  }

  /// Whether sending this call again can do no harm.
  private func isSafe(_ error: RPCError) -> Bool {
    error.isNotProcessed || (error.code == .unavailable && isRetryable)
  }

  /// Milliseconds to wait before the next attempt; nil if there is to be none.
  ///
  /// - Parameter remaining: milliseconds until the deadline.
  mutating func wait(after error: RPCError, remaining: UInt64, throttle: RetryThrottle) -> UInt64? {
    let details = error.details
    guard error.code == .unavailable || error.code == .resourceExhausted else { return nil }
    // What no handler saw says nothing of how the handlers fare, nor does what is not retried.
    if details.noRetry || (isSafe(error) && !details.notProcessed) { throttle.failed() }
    guard Int(attempt) + 1 < maximumAttempts, isSafe(error), !details.noRetry else { return nil }
    guard details.notProcessed || throttle.allows() else { return nil }
    let wait = details.retryAfterMilliseconds ?? backoff(isTransparent: details.notProcessed)
    guard wait < remaining else { return nil }
    attempt += 1
    return wait
  }

  /// Another connection may well take at once what this one did not; from then on, gently.
  private func backoff(isTransparent: Bool) -> UInt64 {
    if isTransparent, attempt == 0 { return 0 }
    let exponential = Retry.initialMilliseconds * Double(UInt64(1) << min(attempt, 20))
    return UInt64(min(exponential, Retry.maximumMilliseconds) * randomness.jitter(0.2))
  }
}

/// Keeps a channel's retries from making an outage worse: failures take tokens, successes give back
/// a tenth each, and below half there are no retries.
///
/// Source: gRFC A6, "Throttling retry attempts and hedged RPCs"; 10 tokens, ratio 0.1.
final class RetryThrottle: Sendable {
  private static let maximumMilliTokens = 10_000
  private static let perFailure = 1_000
  private static let perSuccess = 100

  private let milliTokens = Atomic<Int>(RetryThrottle.maximumMilliTokens)
  private let statistics: ChannelStatistics

  init(_ statistics: ChannelStatistics = ChannelStatistics()) {
    self.statistics = statistics
  }

  func failed() { change(by: -RetryThrottle.perFailure) }

  func succeeded() {
    // The usual case costs a load.
    guard milliTokens.load(ordering: .relaxed) < RetryThrottle.maximumMilliTokens else { return }
    change(by: RetryThrottle.perSuccess)
  }

  func allows() -> Bool {
    let isAllowed =
      milliTokens.load(ordering: .relaxed) > RetryThrottle.maximumMilliTokens / 2
    if !isAllowed { statistics.throttled() }
    return isAllowed
  }

  private func change(by amount: Int) {
    var old = milliTokens.load(ordering: .relaxed)
    while true {
      let new = min(max(old + amount, 0), RetryThrottle.maximumMilliTokens)
      let (isExchanged, current) = milliTokens.compareExchange(
        expected: old, desired: new, ordering: .relaxed)
      if isExchanged { return }
      old = current
    }
  }
}
