/// Chance-corrected agreement of truth and prediction.
///
/// All sums are exact integers of 128 bits; only the last division rounds.
enum Agreement {
  /// Cohen's kappa (1960) with weight 1 for every disagreement.
  static func kappa(_ counts: ConfusionCounts) -> MetricOutcome {
    var disagreements: Int128 = 0
    counts.forEachCell { truth, prediction, count in
      disagreements += truth == prediction ? 0 : Int128(count)
    }
    var expected = Int128(counts.total) * Int128(counts.total)
    for one in counts.margins() { expected -= Int128(one.positives) * Int128(one.predicted) }
    return corrected(disagreements, expected, total: counts.total)
  }

  /// Cohen's kappa (1968) weighted by the squared distance of the class positions.
  static func quadraticKappa(_ counts: ConfusionCounts) -> MetricOutcome {
    var observed: Int128 = 0
    counts.forEachCell { truth, prediction, count in
      let distance = Int128(truth - prediction)
      observed += distance * distance * Int128(count)
    }
    var squares: Int128 = 0
    var trueSum: Int128 = 0
    var predictedSum: Int128 = 0
    for (index, one) in counts.margins().enumerated() {
      let position = Int128(index)
      squares += position * position * Int128(one.positives + one.predicted)
      trueSum += position * Int128(one.positives)
      predictedSum += position * Int128(one.predicted)
    }
    // Σ(i−j)²·r·c = n·Σi²(r+c) − 2·Σi·r·Σj·c
    let expected = Int128(counts.total) * squares - 2 * trueSum * predictedSum
    return corrected(observed, expected, total: counts.total)
  }

  /// Matthews correlation coefficient in Gorodkin's form (2004) for any number of classes.
  static func matthews(_ counts: ConfusionCounts) -> MetricOutcome {
    let total = Int128(counts.total)
    var hits: Int128 = 0
    var products: Int128 = 0
    var predictedSquares: Int128 = 0
    var trueSquares: Int128 = 0
    for one in counts.margins() {
      hits += Int128(one.hits)
      products += Int128(one.positives) * Int128(one.predicted)
      predictedSquares += Int128(one.predicted) * Int128(one.predicted)
      trueSquares += Int128(one.positives) * Int128(one.positives)
    }
    let spread = Double(total * total - predictedSquares) * Double(total * total - trueSquares)
    guard spread > 0 else { return .value(0) }
    return .finite(Double(hits * total - products) / spread.squareRoot())
  }

  private static func corrected(
    _ observed: Int128, _ expected: Int128, total: Int64
  ) -> MetricOutcome {
    guard expected != 0 else { return .undefined(.noVariation) }
    return .finite(1 - Double(Int128(total) * observed) / Double(expected))
  }
}
