import ComputeDomain
import Foundation
import Testing

@Suite("Random commands against the model")
struct BookModelTests {
  /// `ASSAY_TEST_SEED` repeats a run; each failure prints the seed.
  static let seed =
    ProcessInfo.processInfo.environment["ASSAY_TEST_SEED"].flatMap(UInt64.init)
    ?? UInt64.random(in: 0...UInt64.max)
  static let games = 1_000
  static let commandsOfGame = 100

  @Test("100,000 commands: the book does what the model does, its invariants hold after each")
  func random() throws {
    print("ComputeTests seed: ASSAY_TEST_SEED=\(Self.seed)")
    var generator = SplitMix64(state: Self.seed)
    for game in 0..<Self.games {
      var player = RandomPlayer(generator: generator, isReplaying: game.isMultiple(of: 10))
      for _ in 0..<Self.commandsOfGame { try player.step() }
      try player.compareRuns()
      generator = player.generator
    }
  }
}

/// SplitMix64: small, and the same on every machine.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
