/// When an address is left alone because its calls keep failing.
///
/// Source: gRFC A50 (outlier detection), by consecutive failures, as Envoy counts them.
public struct OutlierPolicy: Sendable, Equatable {
  /// Failures in a row that eject an address: 5. 0 ejects none.
  public var consecutiveFailures = 5
  /// How long the first ejection lasts, and by how much each further one is longer: 30 s.
  public var baseEjectionMilliseconds = 30_000
  /// Longest ejection: 5 min.
  public var maximumEjectionMilliseconds = 5 * 60_000

  public init() {}

  /// Most addresses that may be ejected at once of `count`: half of them, rounded down. One that is
  /// alone serves badly rather than not at all.
  static func maximumEjected(of count: Int) -> Int { count / 2 }
}

/// How one address fares. Pure; times in nanoseconds of the loop's clock.
struct Outlier {
  private var failures = 0
  private var ejections = 0
  private(set) var ejectedUntil: UInt64 = 0

  func isEjected(now: UInt64) -> Bool { now < ejectedUntil }

  /// A call has ended that took `spent` nanoseconds.
  ///
  /// - Returns: whether the address is to be ejected, if there is room for it.
  mutating func record(
    _ error: RPCError?, spent: UInt64, now: UInt64, _ policy: OutlierPolicy
  ) -> Bool {
    guard let error, error.code != .cancelled else {
      // What the caller took back says nothing.
      if error == nil { fared(wellAt: now, policy) }
      return false
    }
    guard Outlier.isFailure(error, spent: spent) else {
      // A server that says no is a server that works.
      if error.details.origin == .application { failures = 0 }
      return false
    }
    failures += 1
    return policy.consecutiveFailures > 0 && failures >= policy.consecutiveFailures
  }

  mutating func eject(now: UInt64, _ policy: OutlierPolicy) {
    failures = 0
    ejections += 1
    let milliseconds = min(
      policy.baseEjectionMilliseconds * ejections, policy.maximumEjectionMilliseconds)
    ejectedUntil = now + UInt64(milliseconds) * 1_000_000
  }

  /// What an address does wrong, rather than its callers. A drain is how a server goes in order.
  private static func isFailure(_ error: RPCError, spent: UInt64) -> Bool {
    switch error.code {
    case .unavailable: !error.isNotProcessed
    // A caller who gives no time finds every server slow.
    case .deadlineExceeded: spent >= leastPatienceNanoseconds
    default: false
    }
  }

  private static let leastPatienceNanoseconds: UInt64 = 1_000_000_000

  /// A call succeeded. Ejections are forgotten one by one, as long after the last as it was long.
  private mutating func fared(wellAt now: UInt64, _ policy: OutlierPolicy) {
    failures = 0
    guard ejections > 0 else { return }
    let base = UInt64(policy.baseEjectionMilliseconds) * 1_000_000
    guard now > ejectedUntil + base else { return }
    ejections -= 1
    ejectedUntil = now
  }
}

/// How long to wait between connection attempts.
struct Backoff {
  private var failures = 0
  /// Loop time before which no new attempt is made.
  private(set) var retryAt: UInt64 = 0

  mutating func succeeded() {
    failures = 0
    retryAt = 0
  }

  mutating func failed(on loop: EventLoop, _ options: ChannelOptions) {
    let exponential = options.reconnectMinimumMilliseconds << min(failures, 16)
    failures += 1
    let wait = Double(min(exponential, options.reconnectMaximumMilliseconds))
    retryAt = loop.now + UInt64(wait * loop.randomness.jitter(0.2) * 1_000_000)
  }
}
