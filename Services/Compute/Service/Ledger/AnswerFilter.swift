/// Tells, without a look at the disk, that a hash is certainly not among those that were added.
///
/// Nearly every command is new, and to search the index for a key that it has not would cost more
/// than the command's own work. A Bloom filter (Bloom 1970) of blocks as long as a cache line
/// (Putze, Sanders, Singler 2007); each layer holds twice as many hashes as the one before, so
/// that none is ever made anew. Two bytes a hash; of those that were not added, about one in a
/// hundred is thought to be there, and searched for in vain.
struct AnswerFilter {
  fileprivate static let bitsOfHash = 16
  fileprivate static let wordsOfBlock = 8
  /// Bits that a hash sets in its block.
  fileprivate static let probes = 6
  private static let firstCapacity = 1 << 15

  fileprivate struct Layer {
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
  mutating func insert(_ hash: UInt64) {
    if layers[layers.count - 1].count == layers[layers.count - 1].capacity {
      layers.append(Layer(capacity: 2 * layers[layers.count - 1].capacity))
    }
    let last = layers.count - 1
    layers[last].insert(hash)
  }

  /// Whether the hash may have been added; `false` is certain.
  func mayContain(_ hash: UInt64) -> Bool {
    for layer in layers where layer.mayContain(hash) { return true }
    return false
  }
}

extension AnswerFilter.Layer {
  mutating func insert(_ hash: UInt64) {
    let block = block(of: hash)
    var bits = Self.probes(of: hash)
    words.withUnsafeMutableBufferPointer { words in
      for _ in 0..<AnswerFilter.probes {
        let position = Int(bits >> 55)
        words[block + (position >> 6)] |= 1 << UInt64(position & 63)
        bits <<= 9
      }
    }
    count += 1
  }

  func mayContain(_ hash: UInt64) -> Bool {
    let block = block(of: hash)
    var bits = Self.probes(of: hash)
    for _ in 0..<AnswerFilter.probes {
      let position = Int(bits >> 55)
      guard words[block + (position >> 6)] & (1 << UInt64(position & 63)) != 0 else { return false }
      bits <<= 9
    }
    return true
  }

  /// The first word of a hash's block; the upper bits choose it.
  private func block(of hash: UInt64) -> Int {
    // A power of two, as all capacities are.
    let blocks = UInt64(words.count / AnswerFilter.wordsOfBlock)
    return Int((hash >> 32) & (blocks - 1)) * AnswerFilter.wordsOfBlock
  }

  /// Nine bits for each bit of a block that a hash sets, the uppermost first.
  private static func probes(of hash: UInt64) -> UInt64 {
    // Multiplied, so that the bits do not depend on those that chose the block.
    hash &* 0x9E37_79B9_7F4A_7C15
  }
}
