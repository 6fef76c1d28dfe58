/// Metrics of how well scores order the samples.
enum Ranking {
  /// The scores of the positives and of the negatives, each as sorted keys.
  struct Split {
    let positives: [UInt64]
    let negatives: [UInt64]

    init(count: Int, isPositive: (Int) -> Bool, score: (Int) -> Double) {
      var positives: [UInt64] = []
      var negatives: [UInt64] = []
      for index in 0..<count {
        let key = SortKey.ascending(score(index))
        if isPositive(index) { positives.append(key) } else { negatives.append(key) }
      }
      SortKey.radixSort(&positives)
      SortKey.radixSort(&negatives)
      self.positives = positives
      self.negatives = negatives
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

  /// The positive class of a two-class input, or the given one.
  static func positiveClass(
    _ classes: [Label], _ parameters: MetricParameters
  ) throws(MetricError) -> Int {
    if let given = try parameters.positiveClass(in: classes) { return given }
    guard classes.count <= 2 else {
      throw MetricError(
        .requiresBinary, at: "positive_label",
        "\(classes.count) classes need a positive_label that is set against the rest")
    }
    return classes.count - 1
  }

  /// Truth and scores of one class against the rest.
  static func oneVersusRest(_ input: MetricInput, positive: Int) -> Split {
    switch input {
    case .probabilities(let columns), .logits(let columns):
      let width = columns.width
      return Split(
        count: columns.count, isPositive: { columns.truth[$0] == Int32(positive) },
        score: { columns.scores[$0 * width + positive] })
    case .binaryScores(let columns):
      let sign = positive == 1 ? 1.0 : -1.0
      return Split(
        count: columns.count, isPositive: { columns.truth[$0] == Int32(positive) },
        score: { sign * columns.scores[$0] })
    case .multilabelScores(let columns):
      let width = columns.width
      return Split(
        count: columns.count, isPositive: { columns.truth[$0 * width + positive] == 1 },
        score: { columns.scores[$0 * width + positive] })
    default: preconditionFailure("ranking needs scores")
    }
  }

  /// Every cell of samples × classes as one decision.
  static func allCells(_ input: MetricInput) -> Split {
    switch input {
    case .probabilities(let columns), .logits(let columns):
      let width = columns.width
      return Split(
        count: columns.scores.count,
        isPositive: { Int(columns.truth[$0 / width]) == $0 % width },
        score: { columns.scores[$0] })
    case .multilabelScores(let columns):
      return Split(
        count: columns.scores.count, isPositive: { columns.truth[$0] == 1 },
        score: { columns.scores[$0] })
    default: preconditionFailure("only matrices have cells")
    }
  }

  /// The classes of a scored input and how many columns of scores stand for them.
  static func classes(_ input: MetricInput) -> (labels: [Label], columns: Int) {
    switch input {
    case .probabilities(let columns), .logits(let columns): (columns.classes, columns.width)
    case .binaryScores(let columns): (columns.classes, 2)
    case .multilabelScores(let columns): ([], columns.width)
    default: preconditionFailure("ranking needs scores")
    }
  }
}
