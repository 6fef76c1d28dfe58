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

  static let theil: Computation = computation { steps, parameters in
    guard !steps.isEmpty else { return .undefined(.tooFewPoints) }
    let isRelative = parameters.text("form") == "relative"
    if isRelative, steps.contains(where: { $0.previousTruth == 0 }) {
      return .undefined(.zeroActual)
    }
    let scales = steps.map { isRelative ? $0.previousTruth : 1 }
    let forecast = zip(steps, scales).map { ($0.prediction - $0.truth) / $1 }
    let naive = zip(steps, scales).map { ($0.truth - $0.previousTruth) / $1 }
    guard naive.contains(where: { $0 != 0 }) else { return .undefined(.zeroDenominator) }
    let numerator = BlockSum.sum(forecast.map { $0 * $0 })
    let denominator = BlockSum.sum(naive.map { $0 * $0 })
    guard numerator.isFinite, denominator.isFinite else { return .undefined(.overflow) }
    guard denominator > 0 else { return .undefined(.zeroDenominator) }
    return .finite((numerator / denominator).squareRoot())
  }

  static let direction: Computation = computation { steps, parameters in
    let followsPrediction = parameters.text("reference") == "previous_prediction"
    var scored = 0
    var hits = 0
    for step in steps {
      let change = step.truth - step.previousTruth
      if change == 0, parameters.flag("skip_flat") { continue }
      guard
        let reference = followsPrediction ? step.previousPrediction : step.previousTruth
      else { continue }
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
    _ value: @escaping @Sendable ([Step], MetricParameters) -> MetricOutcome
  ) -> Computation {
    .whole { input, parameters, workers throws(MetricError) in
      guard case .series(let series) = input else { preconditionFailure("takes series") }
      return try SeriesAggregate.evaluate(series, parameters) { some throws(MetricError) in
        value(some.flatMap { steps($0, parameters) }, parameters)
      }
    }
  }

  private static func steps(_ series: ForecastSeries, _ parameters: MetricParameters) -> [Step] {
    let lag = parameters.integer("seasonality") ?? 1
    let history = parameters.flag("use_history") ? series.history : []
    let actuals = history + series.truth
    return series.truth.indices.compactMap { index in
      let (earlier, isBefore) = (history.count + index).subtractingReportingOverflow(lag)
      guard !isBefore, earlier >= 0 else { return nil }
      return Step(
        truth: series.truth[index], prediction: series.prediction[index],
        previousTruth: actuals[earlier],
        previousPrediction: index >= lag ? series.prediction[index - lag] : nil)
    }
  }
}
