import Testing

@testable import RPC

@Suite("Timers")
struct TimerHeapTests {
  @Test("timers fire by deadline, ties in order of insertion, cancelled ones never")
  func order() {
    var heap = TimerHeap()
    var fired: [Int] = []
    var tokens: [TimerHeap.Token] = []
    for (index, deadline) in [30, 10, 20, 10, 40].enumerated() {
      tokens.append(heap.insert(deadline: UInt64(deadline)) { fired.append(index) })
    }
    heap.cancel(tokens[2])
    #expect(heap.nextDeadline == 10)
    while let body = heap.popDue(35) { body() }
    #expect(fired == [1, 3, 0])
    #expect(heap.nextDeadline == 40)
  }

  @Test("many cancelled timers leave no memory behind")
  func compaction() {
    var heap = TimerHeap()
    for round in 0..<10_000 {
      let token = heap.insert(deadline: UInt64(1_000_000 + round)) {}
      heap.cancel(token)
    }
    #expect(heap.count == 0)
    #expect(heap.nextDeadline == nil)
  }
}
