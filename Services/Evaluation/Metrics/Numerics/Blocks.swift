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

  /// Terms of one block that is not complete yet.
  private struct Partial: Sendable {
    /// Runs of consecutive terms by where they start.
    private var runs: [(start: Int, terms: [Double])] = []
    private(set) var count = 0

    mutating func add(_ terms: UnsafeBufferPointer<Double>, at start: Int) {
      count += terms.count
      if let last = runs.last, last.start + last.terms.count == start {
        runs[runs.count - 1].terms.append(contentsOf: terms)
      } else {
        runs.append((start, Array(terms)))
      }
    }

    mutating func merge(_ other: Partial) {
      count += other.count
      runs += other.runs
    }

    var summary: Summary {
      let terms = runs.sorted { $0.start < $1.start }.flatMap(\.terms)
      return terms.withUnsafeBufferPointer(Summary.init)
    }
  }

  private var blocks: [Block] = []
  private var partials: [Int: Partial] = [:]

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
        partials[block, default: Partial()].add(piece, at: position)
        completeIfFull(block)
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
    for (block, partial) in other.partials {
      partials[block, default: Partial()].merge(partial)
      completeIfFull(block)
    }
  }

  /// The summaries in the order of their blocks. Positions that were never added are absent.
  var summaries: [Summary] {
    let rest = partials.map { Block(index: $0.key, summary: $0.value.summary) }
    return (blocks + rest).sorted { $0.index < $1.index }.map(\.summary)
  }

  private mutating func completeIfFull(_ block: Int) {
    guard let partial = partials[block], partial.count == BlockSum.blockLength else { return }
    blocks.append(Block(index: block, summary: partial.summary))
    partials[block] = nil
  }
}
