/// A set of byte strings, each with the index of its first appearance.
///
/// Keys are equal iff their bytes are; `String` would join canonically equivalent spellings. The
/// bytes lie in one array, so that a million keys are not a million allocations.
struct KeyTable: Sendable {
  private var bytes: [UInt8] = []
  private var ends: [Int] = []
  /// Open addressing with linear probing: the hash above, index + 1 below; 0 marks a free slot.
  private var slots: [UInt64] = [UInt64](repeating: 0, count: 16)

  var count: Int { ends.count }

  /// The bytes of a key.
  subscript(index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }

  func text(_ index: Int) -> String { String(decoding: self[index], as: UTF8.self) }

  func find(_ key: UnsafeBufferPointer<UInt8>) -> Int? {
    find(UnsafeRawBufferPointer(key), KeyHash.of(UnsafeRawBufferPointer(key)))
  }

  func find(_ key: String) -> Int? {
    var key = key
    return key.withUTF8 { find($0) }
  }

  /// The index of a key, and whether it is new.
  mutating func insert(_ key: UnsafeBufferPointer<UInt8>) -> (index: Int, isNew: Bool) {
    let key = UnsafeRawBufferPointer(key)
    return insert(key, KeyHash.of(key))
  }

  mutating func insert(_ key: String) -> (index: Int, isNew: Bool) {
    var key = key
    return key.withUTF8 { insert($0) }
  }

  mutating func insert(
    _ key: UnsafeRawBufferPointer, _ hash: UInt32
  ) -> (index: Int, isNew: Bool) {
    if let index = find(key, hash) { return (index, false) }
    bytes.append(contentsOf: key)
    ends.append(bytes.count)
    if ends.count * 2 > slots.count { grow() }
    enter(ends.count - 1, hash)
    return (ends.count - 1, true)
  }

  /// Adds all keys of a list, each under the index that is next; returns which of them, counted in
  /// the list, were there before. Those, and empty ones, are not found under the new index.
  mutating func append(_ list: KeyList) -> [Int] {
    let (first, offset) = (ends.count, bytes.count)
    bytes += list.bytes
    ends += list.ends.lazy.map { $0 &+ offset }
    while ends.count * 2 > slots.count { grow() }
    var repeated: [Int] = []
    var slots = slots
    self.slots = []
    slots.withUnsafeMutableBufferPointer { slots in
      list.hashes.withUnsafeBufferPointer { hashes in
        let mask = slots.count - 1
        var sink: UInt64 = 0
        for key in hashes.indices {
          // The slots of later keys are read ahead: these reads wait for memory together.
          sink |= slots[Int(hashes[min(key + 16, hashes.count - 1)]) & mask]
          let index = first + key
          if range(index).isEmpty { continue }
          let tag = UInt64(hashes[key])
          var position = Int(hashes[key]) & mask
          while slots[position] != 0,
            slots[position] >> 32 != tag || !isSame(slots[position], index)
          {
            position = (position + 1) & mask
          }
          if slots[position] == 0 {
            slots[position] = tag << 32 | UInt64(index + 1)
          } else {
            repeated.append(key)
          }
        }
        precondition(sink != .max, "no slot has the highest index")
      }
    }
    self.slots = slots
    return repeated
  }

  /// Whether the key that a slot names has the bytes of another.
  private func isSame(_ slot: UInt64, _ index: Int) -> Bool {
    let known = Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) - 1
    let range = range(index)
    return bytes.withUnsafeBytes {
      matches(known, UnsafeRawBufferPointer(rebasing: $0[range]))
    }
  }

  /// Whether a key is the one of an index.
  @inline(__always)
  func matches(_ index: Int, _ key: UnsafeRawBufferPointer) -> Bool {
    let start = index == 0 ? 0 : ends[index - 1]
    guard ends[index] - start == key.count else { return false }
    return bytes.withUnsafeBytes { bytes in
      var offset = 0
      while offset + 8 <= key.count {
        let known = bytes.loadUnaligned(fromByteOffset: start + offset, as: UInt64.self)
        guard known == key.loadUnaligned(fromByteOffset: offset, as: UInt64.self) else {
          return false
        }
        offset += 8
      }
      while offset < key.count {
        guard bytes[start + offset] == key[offset] else { return false }
        offset += 1
      }
      return true
    }
  }

  private func range(_ index: Int) -> Range<Int> {
    (index == 0 ? 0 : ends[index - 1])..<ends[index]
  }

  private func find(_ key: UnsafeRawBufferPointer, _ hash: UInt32) -> Int? {
    let mask = slots.count - 1
    var position = Int(hash) & mask
    while slots[position] != 0 {
      let slot = slots[position]
      let index = Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) - 1
      if slot >> 32 == UInt64(hash), matches(index, key) { return index }
      position = (position + 1) & mask
    }
    return nil
  }

  private mutating func enter(_ index: Int, _ hash: UInt32) {
    let mask = slots.count - 1
    var position = Int(hash) & mask
    while slots[position] != 0 { position = (position + 1) & mask }
    slots[position] = UInt64(hash) << 32 | UInt64(index + 1)
  }

  /// The hashes in the slots say where each key goes: the keys are not read again.
  private mutating func grow() {
    let old = slots
    slots = [UInt64](repeating: 0, count: old.count * (old.count < 1 << 20 ? 4 : 2))
    let mask = slots.count - 1
    for slot in old where slot != 0 {
      var position = Int(truncatingIfNeeded: slot >> 32) & mask
      while slots[position] != 0 { position = (position + 1) & mask }
      slots[position] = slot
    }
  }
}

/// Hashes of byte strings, keyed per process so that collisions cannot be prepared.
///
/// Products of 64-bit words folded to half their length, as in wyhash (Wang Yi, 2019).
enum KeyHash {
  private static let seeds = (
    UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)
  )

  static func of(_ key: UnsafeRawBufferPointer) -> UInt32 {
    let count = key.count
    var state = seeds.0 ^ UInt64(count)
    var offset = 0
    while offset + 16 < count {
      state = fold(
        key.loadUnaligned(fromByteOffset: offset, as: UInt64.self) ^ seeds.1,
        key.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self) ^ state)
      offset += 16
    }
    let (first, second) = tail(key, offset)
    let folded = fold(first ^ seeds.1, second ^ state)
    let mixed = fold(folded ^ seeds.0, UInt64(count) ^ 0xA076_1D64_78BD_642F)
    return UInt32(truncatingIfNeeded: mixed ^ mixed >> 32)
  }

  /// The last bytes, at most 16, as two words that may overlap.
  private static func tail(_ key: UnsafeRawBufferPointer, _ offset: Int) -> (UInt64, UInt64) {
    let count = key.count
    let left = count - offset
    if left >= 8 {
      return (
        key.loadUnaligned(fromByteOffset: offset, as: UInt64.self),
        key.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
      )
    }
    if left >= 4 {
      return (
        UInt64(key.loadUnaligned(fromByteOffset: offset, as: UInt32.self)),
        UInt64(key.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
      )
    }
    guard left > 0 else { return (0, 0) }
    let bytes = (key[offset], key[offset + left / 2], key[count - 1])
    return (UInt64(bytes.0) << 16 | UInt64(bytes.1) << 8 | UInt64(bytes.2), 0)
  }

  private static func fold(_ first: UInt64, _ second: UInt64) -> UInt64 {
    let product = first.multipliedFullWidth(by: second)
    return product.high ^ product.low
  }
}
