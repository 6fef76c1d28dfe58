import Glibc

/// Losses of probabilities and logits.
enum ProbabilityLosses {
  /// Probabilities are kept this far from 0 and 1 under a logarithm.
  static let clip = 0x1p-52

  @inline(__always)
  static func negativeLog(_ probability: Double) -> Double {
    -log(min(max(probability, clip), 1 - clip))
  }

  /// Minus the logarithm of the probability given to the true class.
  static let logLoss = SumRule(terms: { input, range, _ throws(MetricError) in
    switch input {
    case .probabilities(let columns):
      return [columns.forEachRow(range) { scores, truth in negativeLog(scores[truth]) }]
    case .binaryScores(let columns):
      try requireProbabilities(columns, range)
      return [
        range.map { row in
          negativeLog(columns.truth[row] == 1 ? columns.scores[row] : 1 - columns.scores[row])
        }
      ]
    default: preconditionFailure("log loss takes probabilities")
    }
  })

  /// The squared distance between the row of probabilities and the indicator of the true class.
  static let brier = SumRule(
    terms: { input, range, parameters throws(MetricError) in
      switch input {
      case .probabilities(let columns):
        let half = isHalved(parameters, classCount: columns.width) ? 0.5 : 1
        return [columns.forEachRow(range) { half * squaredDistance($0, truth: $1) }]
      case .binaryScores(let columns):
        try requireProbabilities(columns, range)
        let factor = isHalved(parameters, classCount: 2) ? 1.0 : 2.0
        return [
          range.map { row in
            let error = columns.scores[row] - Double(columns.truth[row])
            return factor * error * error
          }
        ]
      default: preconditionFailure("the Brier score takes probabilities")
      }
    })

  /// Softmax cross-entropy with smoothed targets and class weights.
  static let softmax = SumRule(
    terms: { input, range, parameters throws(MetricError) in
      guard case .logits(let columns) = input else { preconditionFailure("takes logits") }
      let smoothing = parameters.required("label_smoothing")
      let weights = parameters.numbers("class_weights")
      if let weights, weights.count != columns.width {
        throw MetricError(
          .invalidParameter, at: "class_weights",
          "expected \(columns.width) weights, one per class, got \(weights.count)")
      }
      let losses = columns.forEachRow(range) { scores, truth in
        (weights?[truth] ?? 1) * crossEntropy(scores, truth: truth, smoothing: smoothing)
      }
      return [losses, range.map { weights?[Int(columns.truth[$0])] ?? 1 }]
    },
    finish: { sums, _, _ in .finite(sums[0] / sums[1]) })

  /// Cross-entropy of logits of yes-or-no decisions.
  static let sigmoid = SumRule(terms: { input, range, _ throws(MetricError) in
    switch input {
    case .binaryLogits(let columns):
      return [range.map { logistic(columns.scores[$0], Double(columns.truth[$0])) }]
    case .multilabelLogits(let columns):
      let cells = range.lowerBound * columns.width..<range.upperBound * columns.width
      return [cells.map { logistic(columns.scores[$0], Double(columns.truth[$0])) }]
    default: preconditionFailure("takes logits")
    }
  })

  /// The mean of reported losses, weighted by batch size.
  static let reported: Computation = .sums(
    SumRule(
      terms: { input, range, _ throws(MetricError) in
        guard case .reportedLoss(let losses) = input else {
          preconditionFailure("takes reported losses")
        }
        let sizes = losses.counts
        return [
          range.map { losses.values[$0] * Double(sizes?[$0] ?? 1) },
          range.map { Double(sizes?[$0] ?? 1) },
        ]
      },
      finish: { sums, _, _ in .finite(sums[0] / sums[1]) }))

  private static func logistic(_ logit: Double, _ target: Double) -> Double {
    max(logit, 0) - logit * target + log1p(exp(-logit.magnitude))
  }

  private static func crossEntropy(
    _ scores: UnsafeBufferPointer<Double>, truth: Int, smoothing: Double
  ) -> Double {
    let maximum = scores[ClassScores.best(scores)]
    var sum = CompensatedSum()
    for score in scores { sum.add(exp(score - maximum)) }
    let normalizer = log(sum.value)
    let loss = normalizer - (scores[truth] - maximum)
    guard smoothing > 0 else { return loss }
    var spread = CompensatedSum()
    for score in scores { spread.add(normalizer - (score - maximum)) }
    return (1 - smoothing) * loss + smoothing * spread.value / Double(scores.count)
  }

  /// The squared distance between a row and the indicator of its true class.
  @inline(__always)
  private static func squaredDistance(
    _ scores: UnsafeBufferPointer<Double>, truth: Int
  ) -> Double {
    Lanes.sumOfSquares(scores, replacing: truth, with: scores[truth] - 1)
  }

  private static func isHalved(_ parameters: MetricParameters, classCount: Int) -> Bool {
    parameters.flag("scale_by_half")
      || (parameters["scale_by_half"] == .text("auto") && classCount == 2)
  }

  private static func requireProbabilities(
    _ columns: BinaryScores, _ range: Range<Int>
  ) throws(MetricError) {
    for row in range { try Check.probability(columns.scores[row], "scores[\(row)]") }
  }
}
