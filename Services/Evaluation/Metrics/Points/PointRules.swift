import Glibc

/// Computations on pairs of an actual and a predicted number.
enum PointRule: Sendable {
  /// The mean of one term per point, or a function of it.
  case terms(SumRule)
  case whole(
    @Sendable (RegressionColumns, MetricParameters) throws(MetricError) -> MetricOutcome)

  /// A mean over the points of a function of actual and predicted value.
  static func mean(
    _ term: @escaping @Sendable (_ truth: Double, _ prediction: Double) -> Double
  ) -> PointRule {
    .terms(
      SumRule(terms: { input, range, _ throws(MetricError) in
        let columns = regression(input)
        return [range.map { term(columns.truth[$0], columns.prediction[$0]) }]
      }))
  }

  /// The square root of a mean of squares.
  static func rootMean(
    _ terms: @escaping SumRule.Terms
  ) -> PointRule {
    .terms(
      SumRule(
        terms: terms,
        finish: { sums, count, _ in .finite((sums[0] / Double(count)).squareRoot()) }))
  }

  func evaluate(
    _ columns: RegressionColumns, _ parameters: MetricParameters
  ) throws(MetricError) -> MetricOutcome {
    switch self {
    case .terms(let rule): try rule.evaluate(.regression(columns), parameters)
    case .whole(let compute): try compute(columns, parameters)
    }
  }

  /// The rule on regression columns.
  var regressionComputation: Computation {
    switch self {
    case .terms(let rule): .sums(rule)
    case .whole(let compute):
      .whole { input, parameters, workers throws(MetricError) in
        try compute(Self.regression(input), parameters)
      }
    }
  }

  /// The rule on series: over all points together, or the mean of the series' values.
  var seriesComputation: Computation {
    .whole { input, parameters, workers throws(MetricError) in
      guard case .series(let series) = input else { preconditionFailure("takes series") }
      return try SeriesAggregate.evaluate(series, parameters) { some throws(MetricError) in
        let points = RegressionColumns(
          truth: some.flatMap(\.truth), prediction: some.flatMap(\.prediction))
        return try evaluate(points, parameters)
      }
    }
  }

  static func regression(_ input: MetricInput) -> RegressionColumns {
    guard case .regression(let columns) = input else {
      preconditionFailure("point metrics take regression columns")
    }
    return columns
  }
}

/// How several series become one value.
enum SeriesAggregate {
  static func evaluate(
    _ series: [ForecastSeries], _ parameters: MetricParameters,
    _ value: ([ForecastSeries]) throws(MetricError) -> MetricOutcome
  ) throws(MetricError) -> MetricOutcome {
    guard parameters.text("aggregate") == "per_series" else { return try value(series) }
    var values: [Double] = []
    for one in series {
      switch try value([one]) {
      case .value(let number): values.append(number)
      case let other: return other
      }
    }
    return .finite(BlockSum.mean(values))
  }
}

/// The rules of regression and forecasting rows.
enum PointRules {
  static let absoluteError = PointRule.mean { ($1 - $0).magnitude }
  static let squaredError = PointRule.mean { ($1 - $0) * ($1 - $0) }
  static let bias = PointRule.mean { $1 - $0 }

  static let rootSquaredError = PointRule.rootMean { input, range, _ throws(MetricError) in
    let columns = PointRule.regression(input)
    return [
      range.map {
        let error = columns.prediction[$0] - columns.truth[$0]
        return error * error
      }
    ]
  }

  static let rootSquaredLogError = PointRule.rootMean { input, range, _ throws(MetricError) in
    let columns = PointRule.regression(input)
    var terms: [Double] = []
    terms.reserveCapacity(range.count)
    for row in range {
      let (truth, prediction) = (columns.truth[row], columns.prediction[row])
      guard truth > -1, prediction > -1 else {
        throw MetricError(
          .invalidValue, at: truth > -1 ? "y_pred[\(row)]" : "y_true[\(row)]",
          "expected a value above -1")
      }
      let error = log1p(prediction) - log1p(truth)
      terms.append(error * error)
    }
    return [terms]
  }

  static let accuracy = PointRule.terms(
    SumRule(terms: { input, range, parameters throws(MetricError) in
      let columns = PointRule.regression(input)
      let absolute = parameters.required("atol")
      let relative = parameters.required("rtol")
      return [
        range.map {
          let truth = columns.truth[$0]
          let error = (columns.prediction[$0] - truth).magnitude
          return error <= absolute + relative * truth.magnitude ? 1 : 0
        }
      ]
    }))

  static let loss = PointRule.terms(
    SumRule(
      terms: { input, range, parameters throws(MetricError) in
        let columns = PointRule.regression(input)
        let term = lossTerm(parameters)
        return [range.map { term(columns.prediction[$0] - columns.truth[$0]) }]
      },
      finish: { sums, count, parameters in
        let mean = sums[0] / Double(count)
        return .finite(parameters.text("kind") == "rmse" ? mean.squareRoot() : mean)
      }))

  /// The loss of one error (predicted minus actual).
  private static func lossTerm(_ parameters: MetricParameters) -> (Double) -> Double {
    let delta = parameters.required("delta")
    let quantile = parameters.required("quantile")
    switch parameters.text("kind") {
    case "mae": return { $0.magnitude }
    case "huber":
      return {
        $0.magnitude <= delta ? $0 * $0 / 2 : delta * ($0.magnitude - delta / 2)
      }
    case "log_cosh":
      return { $0.magnitude + log1p(exp(-2 * $0.magnitude)) - M_LN2 }
    case "pinball":
      return { quantile * max(-$0, 0) + (1 - quantile) * max($0, 0) }
    default: return { $0 * $0 }
    }
  }

  static let medianError = PointRule.whole { columns, _ throws(MetricError) in
    let errors = absoluteErrors(columns)
    guard errors.allSatisfy(\.isFinite) else { return .undefined(.overflow) }
    return .finite(median(errors))
  }

  static let maximumError = PointRule.whole { columns, _ throws(MetricError) in
    .finite(absoluteErrors(columns).max() ?? 0)
  }

  private static func absoluteErrors(_ columns: RegressionColumns) -> [Double] {
    zip(columns.truth, columns.prediction).map { ($1 - $0).magnitude }
  }

  // MARK: Explained variation

  static let determination = PointRule.whole { columns, _ throws(MetricError) in
    guard columns.count >= 2 else { return .undefined(.tooFewSamples) }
    return explained(columns, around: 0)
  }

  static let explainedVariance = PointRule.whole { columns, _ throws(MetricError) in
    let errors = zip(columns.truth, columns.prediction).map { $1 - $0 }
    return explained(columns, around: BlockSum.mean(errors))
  }

  /// 1 − Σ(e−c)² / Σ(y−ȳ)².
  ///
  /// Errors and deviations are scaled by a power of two, so that tiny ones do not vanish when
  /// squared; huge ones overflow as they would unscaled.
  private static func explained(
    _ columns: RegressionColumns, around center: Double
  ) -> MetricOutcome {
    let mean = BlockSum.mean(columns.truth)
    let errors = zip(columns.truth, columns.prediction).map { ($1 - $0) - center }
    let deviations = columns.truth.map { $0 - mean }
    guard BlockSum.sum(errors.map { $0 * $0 }).isFinite,
      BlockSum.sum(deviations.map { $0 * $0 }).isFinite
    else { return .undefined(.overflow) }
    let scale = scale(of: errors, deviations)
    let unexplained = BlockSum.sum(errors.map { ($0 * scale) * ($0 * scale) })
    let total = BlockSum.sum(deviations.map { ($0 * scale) * ($0 * scale) })
    guard columns.truth.contains(where: { $0 != columns.truth[0] }), total > 0 else {
      return .value(unexplained == 0 ? 1 : 0)
    }
    return .finite(1 - unexplained / total)
  }

  private static func scale(of errors: [Double], _ deviations: [Double]) -> Double {
    let largest = (errors + deviations).reduce(0) { max($0, $1.magnitude) }
    guard largest > 0, largest < 0x1p-400 else { return 1 }
    return 0x1p500
  }

  // MARK: Percentage errors

  static let percentageError = PointRule.whole { columns, parameters throws(MetricError) in
    let terms = try percentageTerms(columns, parameters)
    guard !terms.isEmpty else { return .undefined(.zeroActual) }
    return .finite(BlockSum.mean(terms) * percentFactor(parameters))
  }

  static let medianPercentageError = PointRule.whole { columns, parameters throws(MetricError) in
    let terms = try percentageTerms(columns, parameters)
    guard !terms.isEmpty else { return .undefined(.zeroActual) }
    guard terms.allSatisfy(\.isFinite) else { return .undefined(.overflow) }
    return .finite(median(terms) * percentFactor(parameters))
  }

  static let symmetricPercentageError = PointRule.terms(
    SumRule(
      terms: { input, range, parameters throws(MetricError) in
        let columns = PointRule.regression(input)
        let factor = parameters.text("form") == "half" ? 1.0 : 2.0
        return [
          range.map {
            let (truth, prediction) = (columns.truth[$0], columns.prediction[$0])
            let error = (prediction - truth).magnitude
            return error == 0 ? 0 : factor * (error / (truth.magnitude + prediction.magnitude))
          }
        ]
      },
      finish: { sums, count, parameters in
        .finite(sums[0] / Double(count) * percentFactor(parameters))
      }))

  private static func percentageTerms(
    _ columns: RegressionColumns, _ parameters: MetricParameters
  ) throws(MetricError) -> [Double] {
    let policy = parameters.text("zero_policy")
    var terms: [Double] = []
    terms.reserveCapacity(columns.count)
    for (row, truth) in columns.truth.enumerated() {
      if truth == 0, policy == "skip" { continue }
      if truth == 0, policy == "error" {
        throw MetricError(
          .invalidValue, at: "y_true[\(row)]", "an actual value of zero has no percentage error")
      }
      terms.append((columns.prediction[row] - truth).magnitude / max(truth.magnitude, 0x1p-52))
    }
    return terms
  }

  private static func percentFactor(_ parameters: MetricParameters) -> Double {
    parameters.flag("percent") ? 100 : 1
  }
}
