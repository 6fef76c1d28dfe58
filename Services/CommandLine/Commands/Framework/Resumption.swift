import RPC

/// When a watch that has ended is to be begun again.
///
/// A watch goes on for longer than a connection, a server's process or a proof of who calls. How
/// long is waited is bounded, and so is how often it is tried in a row: then somebody has to look.
struct Resumption {
  /// Most attempts in a row that fail at once: with these waits, some two minutes.
  static let maximumFailures = 10
  static let longestWait = Duration.seconds(30)
  private static let shortestWait = Duration.milliseconds(250)
  /// What lasted so long was no failure, whatever ended it.
  static let success = Duration.seconds(10)

  private var failures = 0

  /// How long to wait before the next attempt; `nil` if there is to be none.
  ///
  /// - Parameters:
  ///   - lasted: how long the watch went well.
  ///   - jitter: a factor, so that those whom one restart has ended do not come back together.
  mutating func wait(
    after error: any Error, lasted: Duration, jitter: Double = .random(in: 0.8...1.2)
  ) -> Duration? {
    guard let error = error as? RPCError, !error.details.noRetry else { return nil }
    let told = error.details.retryAfterMilliseconds.map { Duration.milliseconds($0) }
    // ABORTED asks for nothing else: the server wants to know anew who calls.
    guard error.code == .unavailable || error.code == .aborted || told != nil else { return nil }
    failures = lasted >= Self.success ? 1 : failures + 1
    guard failures <= Self.maximumFailures else { return nil }
    if let told { return min(told, Self.longestWait) * jitter }
    if error.code == .aborted, failures == 1 { return .zero }
    return min(Self.shortestWait * (1 << (failures - 1)), Self.longestWait) * jitter
  }
}

extension Invocation {
  /// Watches until the server says that there is no more, and again when it was interrupted.
  ///
  /// `--timeout` is for all of it.
  ///
  /// - Parameter watch: one call; it must ask only for what it has not seen.
  func watching<C: Clock<Duration>>(
    clock: C = ContinuousClock(), _ watch: (CallOptions) async throws -> Void
  ) async throws {
    var resumption = Resumption()
    let start = clock.now
    while true {
      let begin = clock.now
      var options = session.callOptions
      let timeout = options.timeoutMilliseconds.map { Duration.milliseconds($0) }
      let left = timeout.map { $0 - start.duration(to: begin) }
      if let left { options.timeoutMilliseconds = max(1, Int(left / .milliseconds(1))) }
      do { return try await watch(options) } catch {
        let lasted = begin.duration(to: clock.now)
        guard let wait = resumption.wait(after: error, lasted: lasted),
          left.map({ lasted + wait < $0 }) ?? true
        else { throw error }
        if wait > .zero { console.err("\(note(on: error, wait))\n") }
        // A service that is away cannot say when it is back: the waits grow, and are bounded.
        try await clock.sleep(for: wait)
      }
    }
  }

  private func note(on error: any Error, _ wait: Duration) -> String {
    let milliseconds = Int(wait / .milliseconds(1))
    let time = milliseconds < 1_000 ? "\(milliseconds) ms" : "\(milliseconds / 1_000) s"
    return "assay: \(Printable.text("\(error)")); watching again in \(time)"
  }
}
