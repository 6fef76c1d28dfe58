import Testing

@testable import RPC

@Suite("Retry")
struct RetryTests {
  private let reading = MethodDescriptor(name: "a.B.Get", idempotency: .noSideEffects)
  private let writing = MethodDescriptor(name: "a.B.Create")
  private let throttle = RetryThrottle()

  @Test("an idempotent call is sent again when the server is unavailable, up to its attempts")
  func attempts() {
    var retry = Retry(reading, maximumAttempts: 3, Randomness(seed: 1))
    let error = RPCError(.unavailable, "gone")
    #expect(retry.wait(after: error, remaining: 10_000, throttle: throttle) != nil)
    #expect(retry.wait(after: error, remaining: 10_000, throttle: throttle) != nil)
    #expect(retry.wait(after: error, remaining: 10_000, throttle: throttle) == nil)
  }

  @Test("another call is sent again only if it was provably not processed")
  func notProcessed() {
    var retry = Retry(writing, maximumAttempts: 3, Randomness(seed: 1))
    var error = RPCError(.unavailable, "gone")
    #expect(retry.wait(after: error, remaining: 10_000, throttle: throttle) == nil)
    error.details.notProcessed = true
    #expect(retry.wait(after: error, remaining: 10_000, throttle: throttle) != nil)
  }

  @Test("errors of the application are never sent again")
  func application() {
    for code in [StatusCode.invalidArgument, .notFound, .internal, .deadlineExceeded] {
      var retry = Retry(reading, maximumAttempts: 3, Randomness(seed: 1))
      #expect(retry.wait(after: RPCError(code, "no"), remaining: 10_000, throttle: throttle) == nil)
    }
  }

  @Test("the server's push-back is obeyed, and the deadline is not overrun by waiting")
  func pushBack() {
    var retry = Retry(reading, maximumAttempts: 3, Randomness(seed: 1))
    var error = RPCError(.unavailable, "busy")
    error.details.retryAfterMilliseconds = 700
    #expect(retry.wait(after: error, remaining: 10_000, throttle: throttle) == 700)
    #expect(retry.wait(after: error, remaining: 500, throttle: throttle) == nil)
  }

  @Test("a call that nobody saw goes elsewhere at once, and only then waits")
  func transparent() {
    var retry = Retry(writing, maximumAttempts: 3, Randomness(seed: 1))
    let error = RPCError.notProcessed(.unavailable, "draining")
    #expect(retry.wait(after: error, remaining: 10_000, throttle: throttle) == 0)
    let second = retry.wait(after: error, remaining: 10_000, throttle: throttle)
    #expect((80...120).contains(second ?? 0))
  }

  @Test("a server that says not to try again is obeyed")
  func noRetry() {
    var retry = Retry(reading, maximumAttempts: 3, Randomness(seed: 1))
    var error = RPCError.notProcessed(.unavailable, "no")
    error.details.noRetry = true
    #expect(retry.wait(after: error, remaining: 10_000, throttle: throttle) == nil)
  }

  @Test("when half the tokens are gone, failures are not retried until successes bring them back")
  func throttled() {
    let statistics = ChannelStatistics()
    let throttle = RetryThrottle(statistics)
    let error = RPCError(.unavailable, "gone")
    func isRetried() -> Bool {
      var retry = Retry(reading, maximumAttempts: 2, Randomness(seed: 1))
      return retry.wait(after: error, remaining: 10_000, throttle: throttle) != nil
    }
    // Ten tokens: the fifth failure leaves five, which is not above half.
    #expect((0..<5).map { _ in isRetried() } == [true, true, true, true, false])
    #expect(statistics.throttledRetries == 1)
    for _ in 0..<20 { throttle.succeeded() }
    #expect(isRetried())
    // What was not processed says nothing of the handlers, and may always go elsewhere.
    for _ in 0..<20 { throttle.failed() }
    var retry = Retry(writing, maximumAttempts: 2, Randomness(seed: 1))
    let unseen = RPCError.notProcessed(.unavailable, "draining")
    #expect(retry.wait(after: unseen, remaining: 10_000, throttle: throttle) == 0)
  }
}
