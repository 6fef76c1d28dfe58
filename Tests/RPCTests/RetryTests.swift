import Testing

@testable import RPC

@Suite("Retry")
struct RetryTests {
  private let reading = MethodDescriptor(name: "a.B.Get", idempotency: .noSideEffects)
  private let writing = MethodDescriptor(name: "a.B.Create")

  @Test("an idempotent call is sent again when the server is unavailable, up to its attempts")
  func attempts() {
    var retry = Retry(reading, maximumAttempts: 3)
    let error = RPCError(.unavailable, "gone")
    #expect(retry.wait(after: error, remaining: 10_000) != nil)
    #expect(retry.wait(after: error, remaining: 10_000) != nil)
    #expect(retry.wait(after: error, remaining: 10_000) == nil)
  }

  @Test("another call is sent again only if it was provably not processed")
  func notProcessed() {
    var retry = Retry(writing, maximumAttempts: 3)
    var error = RPCError(.unavailable, "gone")
    #expect(retry.wait(after: error, remaining: 10_000) == nil)
    error.details.notProcessed = true
    #expect(retry.wait(after: error, remaining: 10_000) != nil)
  }

  @Test("errors of the application are never sent again")
  func application() {
    for code in [StatusCode.invalidArgument, .notFound, .internal, .deadlineExceeded] {
      var retry = Retry(reading, maximumAttempts: 3)
      #expect(retry.wait(after: RPCError(code, "no"), remaining: 10_000) == nil)
    }
  }

  @Test("the server's push-back is obeyed, and the deadline is not overrun by waiting")
  func pushBack() {
    var retry = Retry(reading, maximumAttempts: 3)
    var error = RPCError(.unavailable, "busy")
    error.details.retryAfterMilliseconds = 700
    #expect(retry.wait(after: error, remaining: 10_000) == 700)
    #expect(retry.wait(after: error, remaining: 500) == nil)
  }
}
