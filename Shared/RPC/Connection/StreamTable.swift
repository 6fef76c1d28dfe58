/// Values by stream number: open addressing with linear probing in one array.
///
/// A peer chooses the numbers and so could make them collide; what that costs is bounded by the
/// concurrent streams it was allowed.
struct StreamTable<Value> {
  private struct Slot {
    var stream: UInt32
    var value: Value
  }

  private static var smallestCapacity: Int { 8 }

  private var slots: [Slot?] = []
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  subscript(stream: UInt32) -> Value? { find(stream).flatMap { slots[$0]?.value } }

  func contains(_ stream: UInt32) -> Bool { find(stream) != nil }

  /// Changes the value of a stream in place, where a copy in and out would cost a retain per frame;
  /// nil if there is no such stream.
  @discardableResult
  mutating func update<Result, Failure>(
    _ stream: UInt32, _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    guard let index = find(stream) else { return nil }
    return try body(&slots[index]!.value)  // find() returns slots in use only
  }

  /// Adds a stream that is not there.
  mutating func insert(_ stream: UInt32, _ value: Value) {
    if (count + 1) * 2 > slots.count { grow() }
    var index = home(stream)
    while slots[index] != nil { index = next(index) }
    slots[index] = Slot(stream: stream, value: value)
    count += 1
  }

  @discardableResult
  mutating func remove(_ stream: UInt32) -> Value? {
    guard let index = find(stream) else { return nil }
    let removed = slots[index].take()
    count -= 1
    closeGap(at: index)
    return removed?.value
  }

  /// Removes all, in order of their numbers.
  mutating func removeAll() -> [Value] {
    let sorted = all.sorted { $0.stream < $1.stream }
    slots = []
    count = 0
    return sorted.map(\.value)
  }

  /// All streams, in no order; for what is rare.
  var all: [(stream: UInt32, value: Value)] {
    slots.compactMap { slot in slot.map { ($0.stream, $0.value) } }
  }

  private func find(_ stream: UInt32) -> Int? {
    guard count > 0 else { return nil }
    var index = home(stream)
    while let slot = slots[index] {
      if slot.stream == stream { return index }
      index = next(index)
    }
    return nil
  }

  /// Scattered, for streams count up: in a row they would make one run of the whole table, and a
  /// removal walks to the end of its run.
  ///
  /// Source: Knuth, The Art of Computer Programming, volume 3, section 6.4 (Fibonacci hashing).
  private func home(_ stream: UInt32) -> Int {
    Int((UInt64(stream) &* 0x9E37_79B9_7F4A_7C15) >> 32) & (slots.count - 1)
  }

  private func next(_ index: Int) -> Int { (index + 1) & (slots.count - 1) }

  /// Moves up what was pushed away from its home by the slot that is empty now.
  private mutating func closeGap(at start: Int) {
    var gap = start
    var index = next(start)
    while let slot = slots[index] {
      let distance = (index - home(slot.stream)) & (slots.count - 1)
      if distance >= (index - gap) & (slots.count - 1) {
        slots.swapAt(gap, index)
        gap = index
      }
      index = next(index)
    }
  }

  private mutating func grow() {
    let old = slots
    // A power of two, so that a mask finds the home.
    slots = Array(repeating: nil, count: max(Self.smallestCapacity, old.count * 2))
    count = 0
    for case let slot? in old { insert(slot.stream, slot.value) }
  }
}
