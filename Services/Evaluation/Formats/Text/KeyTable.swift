/// A set of byte strings, each with the index of its first appearance.
///
/// Keys are equal iff their bytes are; `String` would join canonically equivalent spellings. The
/// bytes lie in one array, so that a million keys are not a million allocations. Hashing is the
/// standard library's, keyed per process against chosen collisions.
struct KeyTable: Sendable {
  private var bytes: [UInt8] = []
  private var ends: [Int] = []
  /// Open addressing with linear probing; -1 marks a free slot.
  private var slots: [Int32] = [Int32](repeating: -1, count: 16)

  var count: Int { ends.count }

  /// The bytes of a key.
  subscript(index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }

  func text(_ index: Int) -> String { String(decoding: self[index], as: UTF8.self) }

  func find(_ key: UnsafeBufferPointer<UInt8>) -> Int? {
    let slot = slot(of: key)
    return slots[slot] < 0 ? nil : Int(slots[slot])
  }

  func find(_ key: String) -> Int? {
    var key = key
    return key.withUTF8 { find($0) }
  }

  /// The index of a key, and whether it is new.
  mutating func insert(_ key: UnsafeBufferPointer<UInt8>) -> (index: Int, isNew: Bool) {
    let slot = slot(of: key)
    if slots[slot] >= 0 { return (Int(slots[slot]), false) }
    slots[slot] = Int32(ends.count)
    bytes.append(contentsOf: key)
    ends.append(bytes.count)
    if ends.count * 2 > slots.count { grow() }
    return (ends.count - 1, true)
  }

  mutating func insert(_ key: String) -> (index: Int, isNew: Bool) {
    var key = key
    return key.withUTF8 { insert($0) }
  }

  private func range(_ index: Int) -> Range<Int> {
    (index == 0 ? 0 : ends[index - 1])..<ends[index]
  }

  private func slot(of key: UnsafeBufferPointer<UInt8>) -> Int {
    let mask = slots.count - 1
    var slot = Self.hash(UnsafeRawBufferPointer(key)) & mask
    while slots[slot] >= 0, !matches(Int(slots[slot]), key) { slot = (slot + 1) & mask }
    return slot
  }

  private func matches(_ index: Int, _ key: UnsafeBufferPointer<UInt8>) -> Bool {
    let range = range(index)
    guard range.count == key.count else { return false }
    return bytes.withUnsafeBufferPointer { bytes in
      for offset in 0..<key.count where bytes[range.lowerBound + offset] != key[offset] {
        return false
      }
      return true
    }
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: slots.count * 2)
    let mask = slots.count - 1
    bytes.withUnsafeBytes { bytes in
      for index in ends.indices {
        var slot = Self.hash(UnsafeRawBufferPointer(rebasing: bytes[range(index)])) & mask
        while slots[slot] >= 0 { slot = (slot + 1) & mask }
        slots[slot] = Int32(index)
      }
    }
  }

  private static func hash(_ key: UnsafeRawBufferPointer) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: key)
    return hasher.finalize()
  }
}
