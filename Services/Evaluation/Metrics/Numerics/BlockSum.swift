/// A sum of Float64 terms whose bits depend on nothing but the terms and their positions.
///
/// Terms are cut by *global* position into blocks of 1,024. Inside a block the terms run in eight
/// interleaved compensated sums (Neumaier 1974); the blocks' pairs of sum and compensation are
/// combined in block order. How terms arrive (chunks, workers, order of merging) changes nothing.
struct BlockSum: Sendable {
  static let blockLength = 1024

  private struct Block: Sendable {
    let index: Int
    let sum: CompensatedSum
  }

  /// Consecutive terms inside one block that is not complete yet.
  private struct Fragment: Sendable {
    let start: Int
    var terms: [Double]
    var end: Int { start + terms.count }
    var block: Int { start / BlockSum.blockLength }
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
      let block = position / Self.blockLength
      let length = min(terms.count - taken, (block + 1) * Self.blockLength - position)
      let piece = UnsafeBufferPointer(rebasing: terms[taken..<taken + length])
      if length == Self.blockLength {
        blocks.append(Block(index: block, sum: CompensatedSum(piece)))
      } else {
        addFragment(piece, at: position)
      }
      taken += length
    }
  }

  /// Adds another sum over other positions of the same sequence.
  mutating func merge(_ other: BlockSum) {
    blocks += other.blocks
    fragments += other.fragments
    coalesce()
  }

  /// The value of the sum. Positions that were never added count as absent.
  var value: Double {
    var complete = blocks
    for fragment in Self.joined(fragments) {
      complete.append(
        Block(
          index: fragment.block, sum: fragment.terms.withUnsafeBufferPointer(CompensatedSum.init)))
    }
    complete.sort { $0.index < $1.index }
    var total = CompensatedSum()
    for block in complete { total.add(block.sum) }
    return total.value
  }

  /// The sum of terms that are all at hand.
  static func sum(_ terms: [Double]) -> Double {
    var sum = BlockSum()
    sum.add(terms, at: 0)
    return sum.value
  }

  /// The mean of terms that are all at hand; there must be at least one.
  static func mean(_ terms: [Double]) -> Double { sum(terms) / Double(terms.count) }

  private mutating func addFragment(_ terms: UnsafeBufferPointer<Double>, at start: Int) {
    let last = fragments.count - 1
    if last >= 0, fragments[last].end == start, start % Self.blockLength != 0 {
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
    guard fragments[index].terms.count == Self.blockLength else { return }
    let full = fragments.remove(at: index)
    blocks.append(
      Block(index: full.block, sum: full.terms.withUnsafeBufferPointer(CompensatedSum.init)))
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

/// A running sum and the rounding errors it has lost so far (Neumaier 1974).
struct CompensatedSum: Sendable {
  private var sum = 0.0
  private var compensation = 0.0

  init() {}

  /// Sums terms in eight interleaved lanes, then the lanes in order.
  init(_ terms: UnsafeBufferPointer<Double>) {
    let width = 8
    var sums = SIMD8<Double>.zero
    var lost = SIMD8<Double>.zero
    var index = 0
    while index + width <= terms.count {
      var values = SIMD8<Double>.zero
      for lane in 0..<width { values[lane] = terms[index + lane] }
      Self.add(values, &sums, &lost)
      index += width
    }
    if index < terms.count {
      var values = SIMD8<Double>.zero
      for lane in 0..<(terms.count - index) { values[lane] = terms[index + lane] }
      Self.add(values, &sums, &lost)
    }
    for lane in 0..<width { add(sums[lane]) }
    for lane in 0..<width { compensation += lost[lane] }
  }

  var value: Double { sum + compensation }

  mutating func add(_ term: Double) {
    let next = sum + term
    if sum.magnitude >= term.magnitude {
      compensation += (sum - next) + term
    } else {
      compensation += (term - next) + sum
    }
    sum = next
  }

  mutating func add(_ other: CompensatedSum) {
    add(other.sum)
    compensation += other.compensation
  }

  /// Knuth's branch-free two-sum, lane by lane: the exact rounding error without a comparison.
  @inline(__always)
  private static func add(
    _ values: SIMD8<Double>, _ sums: inout SIMD8<Double>, _ lost: inout SIMD8<Double>
  ) {
    let next = sums + values
    let rounded = next - sums
    lost += (sums - (next - rounded)) + (values - rounded)
    sums = next
  }
}
