import GatewayDomain
import RPC
import Synchronization

/// The tenants' quotas, and their refusals as statuses.
final class QuotaKeeper: Sendable {
  /// Longest that a stream is slowed for the sake of the byte rate; beyond it is refused.
  private static let maximumPauseMilliseconds: Int64 = 5_000
  /// Whose quota callers without a principal share; no tenant has an empty name.
  static let nobody = ""

  private let limits: QuotaLimits
  /// Monotonic milliseconds.
  private let now: @Sendable () -> Int64
  private let quotas = Mutex<[String: Quota]>([:])

  init(
    _ limits: QuotaLimits,
    now: @escaping @Sendable () -> Int64 = {
      Int64(EventLoop.monotonicNanoseconds() / 1_000_000)
    }
  ) {
    self.limits = limits
    self.now = now
  }

  /// Counts one call of a tenant. Tenants are real ones, so their number is bounded.
  func takeCall(_ tenant: String) throws {
    try update(tenant) { (quota, now) throws(Quota.Refusal) in try quota.takeCall(now: now) }
  }

  /// Opens a call of a tenant; `close` follows.
  func open(_ tenant: String) throws {
    try update(tenant) { (quota, _) throws(Quota.Refusal) in try quota.open() }
  }

  func close(_ tenant: String) {
    quotas.withLock { $0[tenant]?.close() }
  }

  /// Takes a message's bytes. The first message of a call is refused when the rate is used up;
  /// later ones are slowed, so that a long upload is not lost to it.
  func take(bytes count: Int, _ tenant: String, isFirst: Bool) async throws {
    var paused: Int64 = 0
    while let wait = takeOnce(count, tenant) {
      guard !isFirst, paused + wait <= QuotaKeeper.maximumPauseMilliseconds else {
        throw QuotaKeeper.status(
          "bytes a second", "tenant_bytes_per_second", limits.bytesPerSecond, retryAfter: wait)
      }
      paused += wait
      try await Task.sleep(for: .milliseconds(wait))
    }
  }

  private func takeOnce(_ count: Int, _ tenant: String) -> Int64? {
    let now = now()
    return quotas.withLock { quotas in
      quotas[tenant, default: Quota(limits, now: now)].take(bytes: count, now: now)
    }
  }

  private func update(
    _ tenant: String, _ change: (inout Quota, Int64) throws(Quota.Refusal) -> Void
  ) throws {
    let now = now()
    do {
      try quotas.withLock { (quotas) throws(Quota.Refusal) in
        try change(&quotas[tenant, default: Quota(limits, now: now)], now)
      }
    } catch {
      throw QuotaKeeper.status(of: error)
    }
  }

  private static func status(of refusal: Quota.Refusal) -> RPCError {
    switch refusal {
    case .calls(let limit, let wait):
      status("calls a second", "tenant_calls_per_second", limit, retryAfter: wait)
    case .concurrentCalls(let limit, let wait):
      status("open calls", "tenant_concurrent_calls", Int64(limit), retryAfter: wait)
    }
  }

  private static func status(
    _ what: String, _ name: String, _ limit: Int64, retryAfter: Int64
  ) -> RPCError {
    .resourceExhausted(
      "your tenant has used up its \(limit) \(what); try again in \(retryAfter) ms",
      limit: LimitExceeded(
        name: name, limit: limit, actual: limit + 1,
        setting: "--" + name.replacing("_", with: "-")),
      retryAfterMilliseconds: UInt64(retryAfter))
  }
}
