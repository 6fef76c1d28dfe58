/// Order-preserving keys of Float64 and linear-time sorting on them.
enum SortKey {
  /// Maps a finite number to an integer that sorts alike; -0.0 and 0.0 have the same key.
  @inline(__always)
  static func ascending(_ value: Double) -> UInt64 {
    let bits = (value + 0.0).bitPattern
    return bits & (1 << 63) == 0 ? bits | (1 << 63) : ~bits
  }

  /// The number that a key was made from.
  @inline(__always)
  static func value(_ key: UInt64) -> Double {
    Double(bitPattern: key & (1 << 63) != 0 ? key & ~(1 << 63) : ~key)
  }

  /// The keys of values, sorted.
  static func sorted(_ values: [Double]) -> [UInt64] {
    var keys = values.map(ascending)
    radixSort(&keys)
    return keys
  }

  /// Sorts in time linear in the number of keys: bytes from the least significant up, passes over
  /// bytes that all keys share left out.
  static func radixSort(_ keys: inout [UInt64]) {
    guard keys.count > 256 else {
      keys.sort()
      return
    }
    var histograms = [Int](repeating: 0, count: 8 * 256)
    for key in keys {
      for byte in 0..<8 { histograms[byte * 256 + Int((key >> (8 * UInt64(byte))) & 0xFF)] += 1 }
    }
    var target = [UInt64](repeating: 0, count: keys.count)
    for byte in 0..<8 {
      var offsets = [Int](repeating: 0, count: 256)
      var total = 0
      var isTrivial = false
      for digit in 0..<256 {
        let count = histograms[byte * 256 + digit]
        offsets[digit] = total
        total += count
        if count == keys.count { isTrivial = true }
      }
      if isTrivial { continue }
      let shift = 8 * UInt64(byte)
      for key in keys {
        let digit = Int((key >> shift) & 0xFF)
        target[offsets[digit]] = key
        offsets[digit] += 1
      }
      swap(&keys, &target)
    }
  }
}

/// The middle value of finite non-empty values; the mean of the two middle ones of an even count.
func median(_ values: [Double]) -> Double {
  let keys = SortKey.sorted(values)
  let middle = keys.count / 2
  let upper = SortKey.value(keys[middle])
  guard keys.count.isMultiple(of: 2) else { return upper }
  let lower = SortKey.value(keys[middle - 1])
  return lower / 2 + upper / 2
}
