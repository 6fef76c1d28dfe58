/// Tells, without a look at the disk, that a hash is certainly not among those that were added.
///
/// Nearly every command is new, and to search the index for a key that it has not would cost more
/// than the command's own work. A Bloom filter (Bloom 1970) of blocks as long as a cache line
/// (Putze, Sanders, Singler 2007); each layer holds twice as many hashes as the one before, so
/// that none is ever made anew. Two bytes a hash; of those that were not added, about one in a
/// hundred is thought to be there, and searched for in vain.
struct AnswerFilter {
  private static let bitsOfHash = 16
  private static let wordsOfBlock = 8
  /// Bits that a hash sets in its block.
  private static let probes = 6
  private static let firstCapacity = 1 << 15

  private struct Layer {
    let capacity: Int
    var count = 0
    var words: [UInt64]

    init(capacity: Int) {
      self.capacity = capacity
      words = [UInt64](repeating: 0, count: capacity * bitsOfHash / UInt64.bitWidth)
    }
  }

  private var layers = [Layer(capacity: firstCapacity)]

  /// Adds a hash, whose bits must be as good as random.
  mutating func insert(_ hash: Int64) {
    if layers[layers.count - 1].count == layers[layers.count - 1].capacity {
      layers.append(Layer(capacity: 2 * layers[layers.count - 1].capacity))
    }
    let last = layers.count - 1
    let block = Self.block(of: hash, among: layers[last].words.count)
    Self.forEachProbe(hash) { word, bit in
      layers[last].words[block + word] |= bit
      return true
    }
    layers[last].count += 1
  }

  /// Whether the hash may have been added; `false` is certain.
  func mayContain(_ hash: Int64) -> Bool {
    layers.contains { layer in
      let block = Self.block(of: hash, among: layer.words.count)
      return Self.forEachProbe(hash) { word, bit in layer.words[block + word] & bit != 0 }
    }
  }

  /// The first word of a hash's block; the upper bits choose it.
  private static func block(of hash: Int64, among words: Int) -> Int {
    // A power of two, as all capacities are.
    let blocks = UInt64(words / wordsOfBlock)
    return Int((UInt64(bitPattern: hash) >> 32) & (blocks - 1)) * wordsOfBlock
  }

  /// Hands on the bits of a hash in its block, until `body` says `false`; whether it never did.
  @discardableResult
  private static func forEachProbe(
    _ hash: Int64, _ body: (_ word: Int, _ bit: UInt64) -> Bool
  ) -> Bool {
    // Multiplied, so that the bits do not depend on those that chose the block.
    var bits = UInt64(bitPattern: hash) &* 0x9E37_79B9_7F4A_7C15
    for _ in 0..<probes {
      let position = Int(bits >> 55)
      guard body(position >> 6, 1 << UInt64(position & 63)) else { return false }
      bits <<= 9
    }
    return true
  }
}
