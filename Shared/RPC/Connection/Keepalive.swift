/// When to ask a silent peer whether it is there, and when to give it up. Pure; times in
/// nanoseconds of the loop's clock, settings in milliseconds.
struct Keepalive {
  enum Action: Equatable {
    case wait
    case ping(UInt64)
    case giveUp(String)
  }

  /// The `opaque` of the PING between the two steps of a drain; those of silence count from 1.
  static let drainPing = UInt64.max

  private var begun: UInt64 = 0
  private(set) var lastHeard: UInt64 = 0
  private var pingSent: UInt64?
  private var pings: UInt64 = 0

  mutating func begin(now: UInt64) {
    begun = now
    lastHeard = now
  }

  /// - Returns: whether a PING was waited for: the next check is due at another time then.
  @discardableResult
  mutating func heard(now: UInt64) -> Bool {
    lastHeard = now
    defer { pingSent = nil }
    return pingSent != nil
  }

  /// When `check` is to be called next.
  func nextCheck(isOpen: Bool, interval: Int, timeout: Int) -> UInt64 {
    let milliseconds: UInt64 = 1_000_000
    // Bytes that are no HELLO yet buy no time: a peer must not hold a connection by dribbling.
    if !isOpen { return begun + UInt64(timeout) * milliseconds }
    if let pingSent { return pingSent + UInt64(timeout) * milliseconds }
    return lastHeard + UInt64(interval) * milliseconds
  }

  mutating func check(now: UInt64, isOpen: Bool, interval: Int, timeout: Int) -> Action {
    guard now >= nextCheck(isOpen: isOpen, interval: interval, timeout: timeout) else {
      return .wait
    }
    if !isOpen { return .giveUp("no HELLO within \(timeout) ms") }
    if pingSent != nil { return .giveUp("no answer to PING within \(timeout) ms") }
    pingSent = now
    pings += 1
    return .ping(pings)
  }
}
