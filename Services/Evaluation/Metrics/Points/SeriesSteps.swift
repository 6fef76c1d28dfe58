/// Metrics of the change from an earlier value of the same series.
enum SeriesSteps {
  /// One scored step: the actual and predicted value, and the values they are compared with.
  private struct Step {
    let truth: Double
    let prediction: Double
    let previousTruth: Double
    /// The prediction as many steps earlier, if it exists.
    let previousPrediction: Double?
  }

  static let theil: Computation = computation { series, parameters in
    let isRelative = parameters.text("form") == "relative"
    var errors: [Double] = []
    var changes: [Double] = []
    var hasZero = false
    forEachStep(series, parameters) { step in
      let scale = isRelative ? step.previousTruth : 1
      hasZero = hasZero || scale == 0
      errors.append((step.prediction - step.truth) / scale)
      changes.append((step.truth - step.previousTruth) / scale)
    }
    guard !errors.isEmpty else { return .undefined(.tooFewPoints) }
    if hasZero { return .undefined(.zeroActual) }
    guard changes.contains(where: { $0 != 0 }) else { return .undefined(.zeroDenominator) }
    let numerator = BlockSum.sum(errors.map { $0 * $0 })
    let denominator = BlockSum.sum(changes.map { $0 * $0 })
    guard numerator.isFinite, denominator.isFinite else { return .undefined(.overflow) }
    guard denominator > 0 else { return .undefined(.zeroDenominator) }
    return .finite((numerator / denominator).squareRoot())
  }

  static let direction: Computation = computation { series, parameters in
    let followsPrediction = parameters.text("reference") == "previous_prediction"
    let skipsFlat = parameters.flag("skip_flat")
    var scored = 0
    var hits = 0
    forEachStep(series, parameters) { step in
      if step.truth == step.previousTruth, skipsFlat { return }
      guard
        let reference = followsPrediction ? step.previousPrediction : step.previousTruth
      else { return }
      scored += 1
      hits += sign(step.truth, step.previousTruth) == sign(step.prediction, reference) ? 1 : 0
    }
    guard scored > 0 else { return .undefined(.tooFewPoints) }
    return .finite(Double(hits) / Double(scored))
  }

  private static func sign(_ value: Double, _ reference: Double) -> Int {
    value > reference ? 1 : value < reference ? -1 : 0
  }

  private static func computation(
    _ value: @escaping @Sendable ([ForecastSeries], MetricParameters) -> MetricOutcome
  ) -> Computation {
    .whole { input, parameters, _ throws(MetricError) in
      guard case .series(let series) = input else { preconditionFailure("takes series") }
      return try SeriesAggregate.evaluate(series, parameters) { some throws(MetricError) in
        value(some, parameters)
      }
    }
  }

  /// Calls back for each step that has an earlier value.
  @inline(__always)
  private static func forEachStep(
    _ series: [ForecastSeries], _ parameters: MetricParameters, _ body: (Step) -> Void
  ) {
    let lag = parameters.integer("seasonality") ?? 1
    for one in series {
      let history = parameters.flag("use_history") ? one.history : []
      let first = max(0, lag - history.count)
      guard first < one.truth.count else { continue }
      for index in first..<one.truth.count {
        let isInHistory = index < lag
        body(
          Step(
            truth: one.truth[index], prediction: one.prediction[index],
            previousTruth: isInHistory
              ? history[history.count + index - lag] : one.truth[index - lag],
            previousPrediction: isInHistory ? nil : one.prediction[index - lag]))
      }
    }
  }
}
