import Synchronization

/// What a channel is doing, for an operator's metrics; readable from any thread.
public final class ChannelStatistics: Sendable {
  private let connectionsGauge = Atomic<Int>(0)
  private let queuedGauge = Atomic<Int>(0)
  private let retriesCounter = Atomic<Int>(0)
  private let throttledCounter = Atomic<Int>(0)
  private let hedgesCounter = Atomic<Int>(0)
  private let ejectionsCounter = Atomic<Int>(0)
  private let connectFailuresCounter = Atomic<Int>(0)

  /// Connections that take calls now.
  public var connections: Int { connectionsGauge.load(ordering: .relaxed) }
  /// Calls that wait for a connection, or for the peer's limit of concurrent calls.
  public var queuedCalls: Int { queuedGauge.load(ordering: .relaxed) }
  /// Attempts beyond a call's first, hedges not counted.
  public var retries: Int { retriesCounter.load(ordering: .relaxed) }
  /// Retries that were not made, since too many calls fail.
  public var throttledRetries: Int { throttledCounter.load(ordering: .relaxed) }
  /// Attempts sent while an earlier one was still out.
  public var hedges: Int { hedgesCounter.load(ordering: .relaxed) }
  /// Times that an address was left alone for failing.
  public var ejections: Int { ejectionsCounter.load(ordering: .relaxed) }
  /// Connection attempts that came to nothing.
  public var connectFailures: Int { connectFailuresCounter.load(ordering: .relaxed) }

  func connectionsChanged(by count: Int) { connectionsGauge.wrappingAdd(count, ordering: .relaxed) }
  func queueChanged(by count: Int) { queuedGauge.wrappingAdd(count, ordering: .relaxed) }
  func retried() { retriesCounter.wrappingAdd(1, ordering: .relaxed) }
  func throttled() { throttledCounter.wrappingAdd(1, ordering: .relaxed) }
  func hedged() { hedgesCounter.wrappingAdd(1, ordering: .relaxed) }
  func ejected() { ejectionsCounter.wrappingAdd(1, ordering: .relaxed) }
  func connectFailed() { connectFailuresCounter.wrappingAdd(1, ordering: .relaxed) }
}
