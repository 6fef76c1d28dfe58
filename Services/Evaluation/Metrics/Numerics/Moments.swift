/// Mean and spread of a sequence of Float64 terms, in one pass over them.
///
/// Each block keeps the sums of distances and of squared distances from its own first term; the
/// blocks are combined by Σ(x−m)² = Σ_b [Σ(x−c_b)² + 2(c_b−m)Σ(x−c_b) + n_b(c_b−m)²]
/// (after Chan, Golub and LeVeque 1983). A centre that is one of the terms is never farther from
/// the mean than the spread times the root of the block length, so that at most the ten bits of
/// that length are lost, however large the mean. Bits depend on terms and positions alone.
struct Moments: Sendable {
  private var blocks = Blocks<BlockMoments>()

  mutating func add(_ terms: [Double], at start: Int) { blocks.add(terms, at: start) }

  mutating func add(_ terms: UnsafeBufferPointer<Double>, at start: Int) {
    blocks.add(terms, at: start)
  }

  /// Adds a whole block, which begins at a multiple of the block length.
  mutating func add(_ block: BlockMoments, at start: Int) { blocks.add(block, at: start) }

  mutating func merge(_ other: Moments) { blocks.merge(other.blocks) }

  /// What is known when all terms have been added.
  var total: TotalMoments { TotalMoments(blocks.summaries) }
}

/// The moments of one block.
struct BlockMoments: BlockSummary {
  /// Squares that add up to less may have lost parts to underflow; then distances are multiplied by
  /// `magnification` before they are squared, with which even the smallest number's square is one.
  private static let tinySquares = 0x1p-800
  static let magnification = 0x1p537

  let count: Double
  /// The first term.
  let center: Double
  /// Σ(x−center)
  let distances: Double
  /// Σ(x−center)²
  let squares: Double
  /// The same of magnified distances; infinite if those are not tiny.
  let magnifiedSquares: Double

  init(_ terms: UnsafeBufferPointer<Double>) {
    self.init(count: terms.count, center: terms.first ?? 0) { body in
      Lanes.forEach(terms, fill: terms.first ?? 0, body)
    }
  }

  /// The moments of the differences second − first of a whole block.
  init(
    differences first: UnsafeBufferPointer<Double>, _ second: UnsafeBufferPointer<Double>
  ) {
    // Lanes beyond the end would be filled with zeros.
    precondition(first.count == BlockSum.blockLength && second.count == first.count)
    self.init(count: first.count, center: second[0] - first[0]) { body in
      Lanes.forEach(first, second) { body($1 - $0) }
    }
  }

  @inline(__always)
  private init(count: Int, center: Double, _ forEach: ((SIMD8<Double>) -> Void) -> Void) {
    self.count = Double(count)
    self.center = center
    var distances = SIMD8<Double>.zero
    var squares = SIMD8<Double>.zero
    forEach {
      let distance = $0 - center
      distances += distance
      squares += distance * distance
    }
    self.distances = distances.sum()
    self.squares = squares.sum()
    guard self.squares < Self.tinySquares else {
      magnifiedSquares = .infinity
      return
    }
    squares = .zero
    forEach {
      let distance = ($0 - center) * Self.magnification
      squares += distance * distance
    }
    magnifiedSquares = squares.sum()
  }

  /// Whether all terms are the same.
  var isConstant: Bool { magnifiedSquares == 0 }
}

/// The moments of a whole sequence.
struct TotalMoments: Sendable {
  private let blocks: [BlockMoments]
  let count: Double
  let mean: Double
  /// The term that all are, if they are.
  let constant: Double?

  fileprivate init(_ blocks: [BlockMoments]) {
    self.blocks = blocks
    var sum = CompensatedSum()
    for block in blocks {
      sum.add(block.count * block.center)
      sum.add(block.distances)
    }
    count = blocks.reduce(0) { $0 + $1.count }
    let first = blocks.first?.center ?? 0
    let isConstant = blocks.allSatisfy { $0.isConstant && $0.center == first }
    constant = isConstant ? first : nil
    mean = isConstant ? first : sum.value / count
  }

  /// Whether all terms are so near to a value that their squared distances must be magnified.
  func isTiny(around center: Double) -> Bool {
    blocks.allSatisfy {
      $0.magnifiedSquares < .infinity
        && ($0.center - center).magnitude < 1 / BlockMoments.magnification
    }
  }

  /// Σ(x−c)²: exactly zero if all terms are `center`. On demand magnified by the square of
  /// `BlockMoments.magnification`.
  func squares(around center: Double, magnified: Bool = false) -> Double {
    if constant == center { return 0 }
    let factor = magnified ? BlockMoments.magnification : 1
    var total = CompensatedSum()
    for block in blocks {
      let distance = (block.center - center) * factor
      total.add(magnified ? block.magnifiedSquares : block.squares)
      total.add(2 * distance * (block.distances * factor))
      total.add(block.count * distance * distance)
    }
    return total.value
  }
}
