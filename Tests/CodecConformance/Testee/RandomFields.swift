import Codec

/// Random values for fields of all types, mostly at the edges of what they can hold.
struct RandomFields {
  private var state: UInt64
  private var depth = 0

  init(seed: UInt64) { state = seed }

  // MARK: Numbers

  /// SplitMix64 (Steele, Lea and Flood, 2014).
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

  /// Whether a field is set at all: about one in three.
  private mutating func isSet() -> Bool { below(3) == 0 }

  mutating func integer<T: FixedWidthInteger>(_: T.Type) -> T {
    switch below(4) {
    case 0: [0, 1, .max, .min, T(truncatingIfNeeded: -1)][below(5)]
    // Any length of varint.
    case 1: T(truncatingIfNeeded: next() >> UInt64(below(64)))
    case 2: T(truncatingIfNeeded: Int64(bitPattern: next()) >> Int64(below(64)))
    default: T(truncatingIfNeeded: below(300))
    }
  }

  // MARK: Depth

  mutating func enterMessage() -> Bool {
    guard depth < 3 else { return false }
    depth += 1
    return true
  }

  mutating func leaveMessage() { depth -= 1 }

  // MARK: Fields

  mutating func fill<V: RandomValue>(_ field: inout V) {
    if isSet() { field = V.random(&self) }
  }

  mutating func fill<V: RandomValue>(_ field: inout V?) {
    if isSet() { field = V.random(&self) }
  }

  mutating func fill<V: RandomValue>(_ field: inout [V]) {
    if isSet() { field = (0..<below(6)).map { _ in V.random(&self) } }
  }

  mutating func fill<K: RandomValue, V: RandomValue>(_ field: inout [K: V]) {
    guard isSet() else { return }
    for _ in 0..<below(6) { field[K.random(&self)] = V.random(&self) }
  }

  mutating func fill<V: RandomValue>(_ field: inout StringMap<V>) {
    guard isSet() else { return }
    for _ in 0..<below(6) { field[String.random(&self)] = V.random(&self) }
  }

  /// One of a oneof's members.
  mutating func fill<O>(_ field: inout O?, _ members: [(inout RandomFields) -> O]) {
    if isSet() { field = members[below(members.count)](&self) }
  }
}
