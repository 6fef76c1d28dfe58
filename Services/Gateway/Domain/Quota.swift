/// What one tenant may ask of the Gateway.
public struct QuotaLimits: Sendable, Equatable {
  /// Calls a second; 0 is without limit.
  public var callsPerSecond: Int64
  /// Calls that may be open at once; 0 is without limit.
  public var concurrentCalls: Int
  /// Bytes of messages a second, both ways together; 0 is without limit.
  public var bytesPerSecond: Int64

  public init(callsPerSecond: Int64, concurrentCalls: Int, bytesPerSecond: Int64) {
    self.callsPerSecond = callsPerSecond
    self.concurrentCalls = concurrentCalls
    self.bytesPerSecond = bytesPerSecond
  }
}

/// What one tenant has taken of its quota.
public struct Quota: Sendable {
  /// Which limit a call was refused by.
  public enum Refusal: Error, Sendable, Equatable {
    case calls(limit: Int64, retryAfterMilliseconds: Int64)
    case concurrentCalls(limit: Int, retryAfterMilliseconds: Int64)
  }

  /// A caller cannot know when another call of its tenant ends.
  private static let concurrencyRetryMilliseconds: Int64 = 1_000

  public let limits: QuotaLimits
  private var calls: TokenBucket
  private var bytes: TokenBucket
  public private(set) var openCalls = 0

  /// - Parameter now: monotonic milliseconds, as in the other functions.
  public init(_ limits: QuotaLimits, now: Int64) {
    self.limits = limits
    calls = TokenBucket(ratePerSecond: limits.callsPerSecond, now: now)
    bytes = TokenBucket(ratePerSecond: limits.bytesPerSecond, now: now)
  }

  /// Takes one call of the rate, or says why not.
  public mutating func takeCall(now: Int64) throws(Refusal) {
    if let wait = calls.take(1, now: now) {
      throw .calls(limit: limits.callsPerSecond, retryAfterMilliseconds: wait)
    }
  }

  /// Opens a call, or says why not. Every opened call is closed by `close`.
  public mutating func open() throws(Refusal) {
    if limits.concurrentCalls > 0, openCalls >= limits.concurrentCalls {
      throw .concurrentCalls(
        limit: limits.concurrentCalls,
        retryAfterMilliseconds: Quota.concurrencyRetryMilliseconds)
    }
    openCalls += 1
  }

  public mutating func close() {
    openCalls = max(0, openCalls - 1)
  }

  /// Takes the bytes of a message.
  ///
  /// - Returns: nil if they were taken; otherwise milliseconds to wait.
  public mutating func take(bytes count: Int, now: Int64) -> Int64? {
    bytes.take(Int64(count), now: now)
  }
}
