/// The Gini of the predicted order over the Gini of the perfect order.
///
/// The definition is that of Kaggle's Allstate and Porto Seguro competitions.
enum NormalizedGini {
  static let rule: Computation.Whole = { input, parameters, _ throws(MetricError) in
    let (targets, scores) = try columns(input, parameters)
    let perfect = gini(targets, by: targets, averagesTies: false)
    guard let perfect, perfect != 0 else { return .undefined(.zeroDenominator) }
    let averages = parameters.text("ties") == "average"
    guard let actual = gini(targets, by: scores, averagesTies: averages) else {
      return .undefined(.zeroDenominator)
    }
    return .finite(actual / perfect)
  }

  private static func columns(
    _ input: MetricInput, _ parameters: MetricParameters
  ) throws(MetricError) -> (targets: [Double], scores: [Double]) {
    if case .regression(let columns) = input {
      if let row = columns.truth.firstIndex(where: { $0 < 0 }) {
        throw MetricError(
          .invalidValue, at: "y_true[\(row)]",
          "expected a target of at least 0, got \(columns.truth[row])")
      }
      return (columns.truth, columns.prediction)
    }
    let positive = try Ranking.positiveClass(Ranking.classes(input).labels, parameters)
    switch input {
    case .probabilities(let columns), .logits(let columns):
      return (columns.truth.map { $0 == Int32(positive) ? 1 : 0 }, columns.column(positive))
    case .binaryScores(let columns):
      let sign = positive == 1 ? 1.0 : -1.0
      return (
        columns.truth.map { $0 == Int32(positive) ? 1 : 0 }, columns.scores.map { sign * $0 }
      )
    default: preconditionFailure("the Gini needs scores")
    }
  }

  /// nil if all targets are equal, for then no order is better than another.
  private static func gini(
    _ targets: [Double], by scores: [Double], averagesTies: Bool
  ) -> Double? {
    guard let first = targets.first, targets.contains(where: { $0 != first }) else { return nil }
    // By falling score, equal ones in the order of their rows.
    let order = SortKey.order(scores.map { -$0 })
    var ordered = order.map { targets[$0] }
    if averagesTies { average(&ordered, tiesOf: order.map { SortKey.ascending(scores[$0]) }) }
    var running = CompensatedSum()
    var total = CompensatedSum()
    for target in ordered {
      running.add(target)
      total.add(running.value)
    }
    let count = Double(targets.count)
    return (total.value / running.value - (count + 1) / 2) / count
  }

  private static func average(_ targets: inout [Double], tiesOf keys: [UInt64]) {
    var start = 0
    while start < keys.count {
      var end = start + 1
      while end < keys.count, keys[end] == keys[start] { end += 1 }
      let mean = BlockSum.mean(Array(targets[start..<end]))
      for index in start..<end { targets[index] = mean }
      start = end
    }
  }
}
