/// Since when the beginning of a frame waits for its rest. Pure; times in nanoseconds.
///
/// A peer that dribbles bytes is alive for `Keepalive`, yet holds what its frame takes.
struct PartialFrame {
  private var since: UInt64?

  /// Bytes have been read: whether they end within a frame, and whether a whole one was among them.
  mutating func update(isPartial: Bool, hasMoved: Bool, now: UInt64) {
    if !isPartial {
      since = nil
    } else if hasMoved || since == nil {
      since = now
    }
  }

  /// The receiver itself did not read: the time begins anew.
  mutating func restart(now: UInt64) {
    if since != nil { since = now }
  }

  /// When the frame that waits now must be complete; nil if none waits.
  func due(timeoutMilliseconds: Int) -> UInt64? {
    since.map { $0 + UInt64(timeoutMilliseconds) * 1_000_000 }
  }
}
