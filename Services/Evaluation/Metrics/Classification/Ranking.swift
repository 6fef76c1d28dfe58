/// Samples of which some are positive and all have a score.
protocol RankingQuestion: Sendable {
  var count: Int { get }
  func isPositive(_ index: Int) -> Bool
  func score(_ index: Int) -> Double
}

/// Metrics of how well scores order the samples.
enum Ranking {
  /// The scores of the positives and of the negatives, each as sorted keys.
  struct Split: Sendable {
    let positives: [UInt64]
    let negatives: [UInt64]

    /// Sorts keys that are apart already, each in parts of any length.
    init(positives: [[UInt64]], negatives: [[UInt64]], _ workers: Workers = .one) {
      self.positives = RadixSort.sorted(positives, workers)
      self.negatives = RadixSort.sorted(negatives, workers)
    }

    /// Separates and sorts samples.
    init<Question: RankingQuestion>(_ question: Question, _ workers: Workers) {
      let ranges = workers.ranges(of: question.count)
      let parts = workers.map(ranges.count) { Self.separated(question, ranges[$0]) }
      self.init(
        positives: parts.map(\.positives), negatives: parts.map(\.negatives), workers)
    }

    private static func separated<Question: RankingQuestion>(
      _ question: Question, _ range: Range<Int>
    ) -> (positives: [UInt64], negatives: [UInt64]) {
      var positives: [UInt64] = []
      let negatives = [UInt64](unsafeUninitializedCapacity: range.count) { negatives, count in
        for index in range {
          let key = SortKey.ascending(question.score(index))
          if question.isPositive(index) {
            positives.append(key)
          } else {
            negatives.initializeElement(at: count, to: key)
            count += 1
          }
        }
      }
      return (positives, negatives)
    }
  }

  /// The share of pairs of a positive and a negative that the scores order rightly, ties one half
  /// (Mann–Whitney); nil if one of the classes is empty.
  static func areaUnderROC(_ split: Split) -> Double? {
    guard !split.positives.isEmpty, !split.negatives.isEmpty else { return nil }
    let negatives = split.negatives
    var below = 0
    var notAbove = 0
    // Twice the number of rightly ordered pairs, so that ties stay whole numbers.
    var doubled: Int128 = 0
    for key in split.positives {
      while below < negatives.count, negatives[below] < key { below += 1 }
      notAbove = max(notAbove, below)
      while notAbove < negatives.count, negatives[notAbove] == key { notAbove += 1 }
      doubled += Int128(below + notAbove)
    }
    let pairs = Double(split.positives.count) * Double(negatives.count)
    return Double(doubled) / 2 / pairs
  }

  /// The area under the precision-recall curve, as steps (average precision) or by straight lines;
  /// nil without positives.
  static func areaUnderPrecisionRecall(_ split: Split, trapezoid: Bool) -> Double? {
    guard !split.positives.isEmpty else { return nil }
    var positive = split.positives.count
    var negative = split.negatives.count
    var hits = 0
    var previous = 1.0
    var terms: [Double] = []
    while positive > 0 || negative > 0 {
      let key = max(
        positive > 0 ? split.positives[positive - 1] : 0,
        negative > 0 ? split.negatives[negative - 1] : 0)
      let before = hits
      while positive > 0, split.positives[positive - 1] == key {
        positive -= 1
        hits += 1
      }
      while negative > 0, split.negatives[negative - 1] == key { negative -= 1 }
      let seen = hits + split.negatives.count - negative
      let precision = Double(hits) / Double(seen)
      let height = trapezoid ? (precision + previous) / 2 : precision
      if hits > before { terms.append(Double(hits - before) * height) }
      previous = precision
    }
    return BlockSum.sum(terms) / Double(split.positives.count)
  }
}
