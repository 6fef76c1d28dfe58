import Testing

@testable import Transport

@Suite("Waiting awake")
struct AwakeWaitingTests {
  /// How many of `waits` are spent awake, when events come at once or never do.
  private func awake(_ waiting: inout AwakeWaiting, waits: Int, hadEvent: Bool) -> Int {
    var count = 0
    for _ in 0..<waits where waiting.begin() {
      count += 1
      waiting.end(hadEvent: hadEvent)
    }
    return count
  }

  @Test("a loop whose events come seldom sleeps, but for one try in sixty-four")
  func seldom() {
    var waiting = AwakeWaiting()
    #expect(awake(&waiting, waits: 6_400, hadEvent: false) == 100)
  }

  @Test("a loop whose events come at once stays awake from the first try on")
  func atOnce() {
    var waiting = AwakeWaiting()
    #expect(awake(&waiting, waits: 164, hadEvent: true) == 101)
  }

  @Test("a few failures after any success put it to sleep again")
  func changed() {
    var waiting = AwakeWaiting()
    _ = awake(&waiting, waits: 1_000, hadEvent: true)
    #expect(awake(&waiting, waits: 50, hadEvent: false) == 4)
  }
}
