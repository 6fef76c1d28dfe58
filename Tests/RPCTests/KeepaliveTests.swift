import Testing

@testable import RPC

@Suite("Keepalive")
struct KeepaliveTests {
  private let second: UInt64 = 1_000_000_000

  @Test("a peer that never says HELLO is given up after its time")
  func noHello() {
    var keepalive = Keepalive()
    keepalive.begin(now: 0)
    #expect(
      keepalive.check(now: 9 * second, isOpen: false, interval: 30_000, timeout: 10_000) == .wait)
    guard
      case .giveUp = keepalive.check(
        now: 10 * second, isOpen: false, interval: 30_000, timeout: 10_000)
    else {
      Issue.record("still waiting")
      return
    }
  }

  @Test("silence brings a PING, silence after it the end, any byte a new start")
  func silence() {
    var keepalive = Keepalive()
    keepalive.begin(now: 0)
    #expect(
      keepalive.check(now: 30 * second, isOpen: true, interval: 30_000, timeout: 10_000)
        == .ping(1))
    keepalive.heard(now: 31 * second)
    #expect(
      keepalive.check(now: 41 * second, isOpen: true, interval: 30_000, timeout: 10_000) == .wait)
    #expect(
      keepalive.check(now: 61 * second, isOpen: true, interval: 30_000, timeout: 10_000)
        == .ping(2))
    guard
      case .giveUp = keepalive.check(
        now: 71 * second, isOpen: true, interval: 30_000, timeout: 10_000)
    else {
      Issue.record("still waiting")
      return
    }
  }
}
