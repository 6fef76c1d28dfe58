/// Sums of terms per sample.
struct SumState: Sendable {
  private var sums: [BlockSum] = []
  /// The number of terms of each sum.
  private var count = 0

  /// Adds samples. With a short cut for whole blocks the values are checked here.
  mutating func add(
    _ input: MetricInput, _ range: Range<Int>, at offset: Int, _ rule: SumRule,
    _ parameters: MetricParameters
  ) throws(MetricError) {
    guard let blockSum = rule.blockSum else {
      add(try rule.terms(input, range, parameters), samples: range.count, at: offset)
      return
    }
    for piece in BlockSum.pieces(of: range, at: offset) {
      let start = offset + piece.lowerBound - range.lowerBound
      guard piece.count == BlockSum.blockLength, let sum = blockSum(input, piece, parameters)
      else {
        try input.validate(piece)
        add(try rule.terms(input, piece, parameters), samples: piece.count, at: start)
        continue
      }
      if !sum.value.isFinite { try input.validate(piece) }
      if sums.isEmpty { sums = [BlockSum()] }
      sums[0].add(sum, at: start)
      count += piece.count
    }
  }

  private mutating func add(_ lists: [[Double]], samples: Int, at offset: Int) {
    guard samples > 0 else { return }
    if sums.isEmpty { sums = lists.map { _ in BlockSum() } }
    let termsPerSample = lists[0].count / samples
    for index in lists.indices { sums[index].add(lists[index], at: offset * termsPerSample) }
    count += lists[0].count
  }

  mutating func merge(_ other: SumState) {
    guard !other.sums.isEmpty else { return }
    guard !sums.isEmpty else {
      self = other
      return
    }
    for index in sums.indices { sums[index].merge(other.sums[index]) }
    count += other.count
  }

  func outcome(_ rule: SumRule, _ parameters: MetricParameters) -> MetricOutcome {
    rule.finish(sums.map(\.value), count, parameters)
  }
}

/// Moments of actual values and of errors.
struct MomentState: Sendable {
  private var truth = Moments()
  private var errors = Moments()

  /// Adds samples, whose values are checked here.
  mutating func add(
    _ input: MetricInput, _ range: Range<Int>, at offset: Int
  ) throws(MetricError) {
    let columns = PointRule.regression(input)
    for piece in BlockSum.pieces(of: range, at: offset) {
      let start = offset + piece.lowerBound - range.lowerBound
      guard piece.count == BlockSum.blockLength else {
        try input.validate(piece)
        columns.withColumns(piece) { truth, _ in self.truth.add(truth, at: start) }
        errors.add(columns.terms(piece) { $1 - $0 }, at: start)
        continue
      }
      let (ofTruth, ofErrors) = columns.withColumns(piece) { truth, prediction in
        (BlockMoments(truth), BlockMoments(differences: truth, prediction))
      }
      if !(ofTruth.squares + ofErrors.squares).isFinite { try input.validate(piece) }
      truth.add(ofTruth, at: start)
      errors.add(ofErrors, at: start)
    }
  }

  mutating func merge(_ other: MomentState) {
    truth.merge(other.truth)
    errors.merge(other.errors)
  }

  func outcome(_ rule: MomentRule) -> MetricOutcome { rule.finish(truth.total, errors.total) }
}
