/// A ratio of one-vs-rest counts.
enum Ratio: Sendable {
  case precision, recall, jaccard, specificity, negativePredictiveValue
  case fBeta(Double)

  /// The ratio; `zeroDivision` if its denominator is zero.
  func value(_ counts: ClassCounts, zeroDivision: Double) -> Double {
    let (numerator, denominator) = parts(counts)
    return denominator == 0 ? zeroDivision : numerator / denominator
  }

  func parts(_ counts: ClassCounts) -> (numerator: Double, denominator: Double) {
    let hits = Double(counts.hits)
    switch self {
    case .precision: return (hits, Double(counts.predicted))
    case .recall: return (hits, Double(counts.positives))
    case .jaccard: return (hits, Double(counts.positives + counts.predicted - counts.hits))
    case .specificity:
      return (Double(counts.trueNegatives), Double(counts.total - counts.positives))
    case .negativePredictiveValue:
      return (Double(counts.trueNegatives), Double(counts.total - counts.predicted))
    case .fBeta(let beta):
      let square = beta * beta
      let numerator = (1 + square) * hits
      let misses = Double(counts.falseNegatives)
      return (numerator, numerator + square * misses + Double(counts.falsePositives))
    }
  }
}

/// How ratios of classes become one number.
struct Averaging: Sendable {
  /// `binary`, `macro`, `micro`, `weighted` or `none`.
  let average: String
  let zeroDivision: Double
  /// Whether macro runs over all declared classes or those that occur.
  let overDeclared: Bool

  func value(
    _ ratio: Ratio, _ classes: [ClassCounts], positive: Int?
  ) throws(MetricError) -> MetricOutcome {
    let ratios = classes.map { ratio.value($0, zeroDivision: zeroDivision) }
    switch average {
    case "none": return .values(ratios, mean: nil)
    case "micro":
      var sum = ClassCounts()
      for counts in classes { sum += counts }
      return .finite(ratio.value(sum, zeroDivision: zeroDivision))
    case "weighted": return .finite(weighted(ratios, classes))
    case "macro":
      let chosen = classes.indices.filter { overDeclared || classes[$0].occurs }
      return .finite(BlockSum.mean(chosen.map { ratios[$0] }))
    default:
      guard let positive else {
        throw MetricError(
          .requiresBinary, at: "positive_label",
          "a binary average over \(classes.count) classes needs a positive_label")
      }
      return .finite(ratios[positive])
    }
  }

  private func weighted(_ ratios: [Double], _ classes: [ClassCounts]) -> Double {
    let support = classes.reduce(0) { $0 + $1.positives }
    guard support > 0 else { return zeroDivision }
    let terms = zip(ratios, classes).map { $0 * Double($1.positives) }
    return BlockSum.sum(terms) / Double(support)
  }
}
