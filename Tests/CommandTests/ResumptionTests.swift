import RPC
import Synchronization
import Testing

@testable import Commands

@Suite("A watch that is interrupted")
struct ResumptionTests {
  private func wait(
    _ resumption: inout Resumption, _ code: StatusCode, lasted: Duration = .zero
  ) -> Duration? {
    resumption.wait(after: RPCError(code, ""), lasted: lasted, jitter: 1)
  }

  @Test("is begun again after waits that grow up to a bound, so often and no more")
  func waits() {
    var resumption = Resumption()
    let waits = (0...Resumption.maximumFailures).map { _ in wait(&resumption, .unavailable) }
    let milliseconds = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]
    #expect(waits == milliseconds.map { .milliseconds($0) } + [nil])
    // What went well for a while was no failure.
    #expect(
      wait(&resumption, .unavailable, lasted: Resumption.success) == .milliseconds(250))
    #expect(wait(&resumption, .unavailable) == .milliseconds(500))
  }

  @Test("goes on at once when the server asks anew who calls, but does not turn in circles")
  func aborted() {
    var resumption = Resumption()
    for _ in 0..<100 { #expect(wait(&resumption, .aborted, lasted: .seconds(300)) == .zero) }
    #expect(wait(&resumption, .aborted) == .milliseconds(500))
    for _ in 0..<Resumption.maximumFailures { _ = wait(&resumption, .aborted) }
    #expect(wait(&resumption, .aborted) == nil)
  }

  @Test("ends for good with everything else, but where the server says when to try again")
  func others() {
    var resumption = Resumption()
    let final: [StatusCode] = [
      .notFound, .permissionDenied, .unauthenticated, .deadlineExceeded, .resourceExhausted,
      .internal,
    ]
    for code in final { #expect(wait(&resumption, code) == nil) }
    #expect(resumption.wait(after: CancellationError(), lasted: .zero) == nil)
    var pushedBack = RPCError(.unavailable, "")
    pushedBack.details.noRetry = true
    #expect(resumption.wait(after: pushedBack, lasted: .zero) == nil)
    var busy = RPCError(.resourceExhausted, "")
    busy.details.retryAfterMilliseconds = 100
    #expect(resumption.wait(after: busy, lasted: .zero, jitter: 1) == .milliseconds(100))
    busy.details.retryAfterMilliseconds = .max / 2_000_000
    #expect(resumption.wait(after: busy, lasted: .zero, jitter: 1) == Resumption.longestWait)
  }

  /// Sleeps by moving its hands.
  private final class TestClock: Clock, Sendable {
    typealias Duration = Swift.Duration

    struct Instant: InstantProtocol {
      var elapsed = Duration.zero
      func advanced(by duration: Duration) -> Instant { Instant(elapsed: elapsed + duration) }
      func duration(to other: Instant) -> Duration { other.elapsed - elapsed }
      static func < (a: Instant, b: Instant) -> Bool { a.elapsed < b.elapsed }
    }

    private let time = Mutex(Instant())
    var now: Instant { time.withLock { $0 } }
    let minimumResolution = Duration.zero
    func advance(by duration: Duration) { time.withLock { $0 = $0.advanced(by: duration) } }
    // What a `Clock` has to have; it takes no time, for this clock goes forward by it.
    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
      time.withLock { $0 = max($0, deadline) }
    }
  }

  private func invocation(_ recorder: Recorder, timeout: Int? = nil) throws -> Invocation {
    let command = try #require(CommandTable.all.first { $0.name == "run watch" })
    var options = ConnectionOptions(endpoint: "", key: "", ca: "")
    options.timeoutMilliseconds = timeout
    return Invocation(
      arguments: try Arguments(parsing: ["run_abcdefghijklmnop"], for: command),
      session: Session(options), console: recorder.console)
  }

  @Test("says why it waits on standard error alone, and returns when the server has told all")
  func notes() async throws {
    let recorder = Recorder()
    var ends: [RPCError] = [.aborted("prove it"), .unavailable("restarting"), .unavailable("yet")]
    try await invocation(recorder).watching(clock: TestClock()) { options in
      #expect(options.timeoutMilliseconds == nil)
      if !ends.isEmpty { throw ends.removeFirst() }
    }
    #expect(ends.isEmpty)
    let lines = recorder.err.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.first?.hasPrefix("assay: UNAVAILABLE: restarting; watching again in ") == true)
    #expect(recorder.out.isEmpty)
  }

  @Test("has one timeout for all of it, and fails with what interrupted it last")
  func timeout() async throws {
    let clock = TestClock()
    var given: [Int] = []
    let error = await #expect(throws: RPCError.self) {
      try await invocation(Recorder(), timeout: 60_000).watching(clock: clock) { options in
        given.append(options.timeoutMilliseconds ?? 0)
        clock.advance(by: .seconds(25))
        throw RPCError.aborted("\(given.count)")
      }
    }
    #expect(given == [60_000, 35_000, 10_000])
    #expect(error?.message == "3")
  }
}
