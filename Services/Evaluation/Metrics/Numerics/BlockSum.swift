/// A sum of Float64 terms whose bits depend on nothing but the terms and their positions.
///
/// Inside a block the terms run in eight interleaved compensated sums (Neumaier 1974); the blocks'
/// pairs of sum and compensation are combined in block order.
struct BlockSum: Sendable {
  static let blockLength = 1024

  private var blocks = Blocks<CompensatedSum>()

  /// Adds terms that stand at `start`, `start + 1`, … of the whole sequence.
  mutating func add(_ terms: [Double], at start: Int) { blocks.add(terms, at: start) }

  /// Adds the sum of a whole block, which begins at a multiple of the block length.
  @inline(__always)
  mutating func add(_ block: CompensatedSum, at start: Int) { blocks.add(block, at: start) }

  /// Adds another sum over other positions of the same sequence.
  mutating func merge(_ other: BlockSum) { blocks.merge(other.blocks) }

  /// Cuts samples that stand at `offset` of the whole at the ends of blocks.
  static func pieces(of range: Range<Int>, at offset: Int) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var start = range.lowerBound
    while start < range.upperBound {
      let position = offset + start - range.lowerBound
      let length = blockLength - position % blockLength
      let end = min(start + length, range.upperBound)
      pieces.append(start..<end)
      start = end
    }
    return pieces
  }

  /// The value of the sum. Positions that were never added count as absent.
  var value: Double {
    var total = CompensatedSum()
    for block in blocks.summaries { total.add(block) }
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
}

/// A running sum and the rounding errors it has lost so far (Neumaier 1974).
struct CompensatedSum: BlockSummary {
  private var sum = 0.0
  private var compensation = 0.0

  init() {}

  /// Sums terms in eight interleaved lanes, then the lanes in order.
  init(_ terms: UnsafeBufferPointer<Double>) {
    var sums = SIMD8<Double>.zero
    var lost = SIMD8<Double>.zero
    Lanes.forEach(terms) { Self.add($0, &sums, &lost) }
    addLanes(sums, lost)
  }

  /// The same bits for terms that are computed from pairs.
  @inline(__always)
  init(
    _ first: UnsafeBufferPointer<Double>, _ second: UnsafeBufferPointer<Double>,
    _ term: (SIMD8<Double>, SIMD8<Double>) -> SIMD8<Double>
  ) {
    var sums = SIMD8<Double>.zero
    var lost = SIMD8<Double>.zero
    Lanes.forEach(first, second) { Self.add(term($0, $1), &sums, &lost) }
    addLanes(sums, lost)
  }

  private mutating func addLanes(_ sums: SIMD8<Double>, _ lost: SIMD8<Double>) {
    for lane in 0..<Lanes.width { add(sums[lane]) }
    for lane in 0..<Lanes.width { compensation += lost[lane] }
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
