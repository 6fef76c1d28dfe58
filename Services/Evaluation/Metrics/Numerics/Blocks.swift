/// What is kept of a block of consecutive terms.
protocol BlockSummary: Sendable {
  /// Summarises the terms of one block, in their order.
  init(_ terms: UnsafeBufferPointer<Double>)
}

/// Summaries of a sequence of Float64 terms, cut by *global* position into blocks of 1,024.
///
/// How terms arrive (chunks, workers, order of merging) changes nothing: a block is summarised when
/// it is complete, or at the end. Memory is one summary per block and the terms of blocks of which
/// only parts have arrived.
struct Blocks<Summary: BlockSummary>: Sendable {
  private struct Block: Sendable {
    let index: Int
    let summary: Summary
  }

  /// Consecutive terms inside one block that is not complete yet.
  private struct Fragment: Sendable {
    let start: Int
    var terms: [Double]
    var end: Int { start + terms.count }
    var block: Int { start / BlockSum.blockLength }

    var summary: Summary { terms.withUnsafeBufferPointer(Summary.init) }
  }

  private var blocks: [Block] = []
  private var fragments: [Fragment] = []

  /// Adds terms that stand at `start`, `start + 1`, … of the whole sequence.
  mutating func add(_ terms: [Double], at start: Int) {
    terms.withUnsafeBufferPointer { add($0, at: start) }
  }

  /// Adds terms that stand at `start`, `start + 1`, … of the whole sequence.
  mutating func add(_ terms: UnsafeBufferPointer<Double>, at start: Int) {
    var taken = 0
    while taken < terms.count {
      let position = start + taken
      let block = position / BlockSum.blockLength
      let length = min(terms.count - taken, (block + 1) * BlockSum.blockLength - position)
      let piece = UnsafeBufferPointer(rebasing: terms[taken..<taken + length])
      if length == BlockSum.blockLength {
        add(Summary(piece), at: position)
      } else {
        addFragment(piece, at: position)
      }
      taken += length
    }
  }

  /// Adds a whole block, which begins at a multiple of the block length.
  @inline(__always)
  mutating func add(_ summary: Summary, at start: Int) {
    blocks.append(Block(index: start / BlockSum.blockLength, summary: summary))
  }

  /// Adds the summaries of other positions of the same sequence.
  mutating func merge(_ other: Blocks) {
    blocks += other.blocks
    fragments += other.fragments
    coalesce()
  }

  /// The summaries in the order of their blocks. Positions that were never added are absent.
  var summaries: [Summary] {
    var complete = blocks
    for fragment in Self.joined(fragments) {
      complete.append(Block(index: fragment.block, summary: fragment.summary))
    }
    complete.sort { $0.index < $1.index }
    return complete.map(\.summary)
  }

  private mutating func addFragment(_ terms: UnsafeBufferPointer<Double>, at start: Int) {
    let last = fragments.count - 1
    if last >= 0, fragments[last].end == start, start % BlockSum.blockLength != 0 {
      fragments[last].terms.append(contentsOf: terms)
    } else {
      fragments.append(Fragment(start: start, terms: Array(terms)))
    }
    completeIfFull(fragments.count - 1)
  }

  private mutating func coalesce() {
    guard fragments.count > 1 else { return }
    fragments = Self.joined(fragments)
    for index in fragments.indices.reversed() { completeIfFull(index) }
  }

  private mutating func completeIfFull(_ index: Int) {
    guard fragments[index].terms.count == BlockSum.blockLength else { return }
    let full = fragments.remove(at: index)
    blocks.append(Block(index: full.block, summary: full.summary))
  }

  private static func joined(_ fragments: [Fragment]) -> [Fragment] {
    var result: [Fragment] = []
    for fragment in fragments.sorted(by: { $0.start < $1.start }) {
      if let last = result.last, last.end == fragment.start, last.block == fragment.block {
        result[result.count - 1].terms += fragment.terms
      } else {
        result.append(fragment)
      }
    }
    return result
  }
}
