/// Timers ordered by deadline: a binary heap with lazy removal. Loops have few timers (calls'
/// deadlines share one per connection), so lookups by token may be a dictionary.
public struct TimerHeap {
  public struct Token: Hashable, Sendable {
    fileprivate let sequence: UInt64
  }

  private struct Entry {
    let deadline: UInt64
    let sequence: UInt64
  }

  private var heap: [Entry] = []
  private var bodies: [UInt64: () -> Void] = [:]
  private var nextSequence: UInt64 = 0

  public init() {}

  public var count: Int { bodies.count }

  public mutating func insert(deadline: UInt64, _ body: @escaping () -> Void) -> Token {
    let sequence = nextSequence
    nextSequence += 1
    bodies[sequence] = body
    heap.append(Entry(deadline: deadline, sequence: sequence))
    siftUp(heap.count - 1)
    return Token(sequence: sequence)
  }

  public mutating func cancel(_ token: Token) {
    guard bodies.removeValue(forKey: token.sequence) != nil else { return }
    // Cancelled entries leave when they reach the top, or here when they outnumber the living.
    if heap.count > 64, heap.count > bodies.count * 2 { compact() }
  }

  public var nextDeadline: UInt64? {
    mutating get {
      dropCancelled()
      return heap.first?.deadline
    }
  }

  /// Removes and returns the earliest timer that is due; ties in order of insertion.
  public mutating func popDue(_ now: UInt64) -> (() -> Void)? {
    dropCancelled()
    guard let first = heap.first, first.deadline <= now else { return nil }
    removeFirst()
    return bodies.removeValue(forKey: first.sequence)
  }

  private mutating func dropCancelled() {
    while let first = heap.first, bodies[first.sequence] == nil { removeFirst() }
  }

  private mutating func compact() {
    heap = heap.filter { bodies[$0.sequence] != nil }
    heap.sort(by: TimerHeap.isBefore)
  }

  private mutating func removeFirst() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    siftDown()
  }

  private static func isBefore(_ a: Entry, _ b: Entry) -> Bool {
    a.deadline != b.deadline ? a.deadline < b.deadline : a.sequence < b.sequence
  }

  private mutating func siftUp(_ start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      guard TimerHeap.isBefore(heap[child], heap[parent]) else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func siftDown() {
    var parent = 0
    while true {
      var smallest = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && TimerHeap.isBefore(heap[child], heap[smallest]) {
        smallest = child
      }
      guard smallest != parent else { return }
      heap.swapAt(parent, smallest)
      parent = smallest
    }
  }
}
