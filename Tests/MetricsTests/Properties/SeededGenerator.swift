import Foundation

/// A small generator whose numbers follow from its seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func chance(_ probability: Double) -> Bool {
    Double.random(in: 0..<1, using: &self) < probability
  }

  mutating func number(_ range: ClosedRange<Double>) -> Double {
    Double.random(in: range, using: &self)
  }

  mutating func integer(_ range: Range<Int>) -> Int { Int.random(in: range, using: &self) }

  /// About normal, with mean 0 and deviation 1.
  mutating func normal() -> Double {
    (0..<12).reduce(-6) { sum, _ in sum + Double.random(in: 0..<1, using: &self) }
  }

  /// How often properties are tried: `ASSAY_METRIC_ROUNDS`, each round with a seed of its own.
  static let seeds: [UInt64] = {
    let text = ProcessInfo.processInfo.environment["ASSAY_METRIC_ROUNDS"] ?? ""
    return (0..<max(1, Int(text) ?? 1)).map { 20_260_101 + UInt64($0) }
  }()
}
