import Synchronization

/// Numbers for jitter, balancing and span ids, from any thread; never for secrets. A seed makes a
/// run repeatable.
///
/// SplitMix64 over a counter that all threads share.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
public final class Randomness: Sendable {
  private let state: Atomic<UInt64>

  public init(seed: UInt64 = .random(in: .min ... .max)) {
    state = Atomic(seed)
  }

  func next() -> UInt64 {
    var value = state.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  /// A number below `bound`, which is above 0.
  func below(_ bound: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// A factor around 1, at most `part` beside it.
  func jitter(_ part: Double) -> Double {
    1 - part + 2 * part * Double(next() >> 11) / Double(1 << 53)
  }
}
