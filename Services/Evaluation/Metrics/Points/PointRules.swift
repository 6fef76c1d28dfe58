import Glibc

/// The rules of regression and forecasting rows.
enum PointRules {
  static let absoluteError = PointRule.mean { Lanes.magnitudes($1 - $0) }
  static let squaredError = PointRule.mean { ($1 - $0) * ($1 - $0) }
  static let rootSquaredError = PointRule.mean(finish: PointRule.rootMean) { ($1 - $0) * ($1 - $0) }
  static let bias = PointRule.mean { $1 - $0 }

  static let rootSquaredLogError = PointRule.terms(
    SumRule(
      terms: { input, range, _ throws(MetricError) in
        let columns = PointRule.regression(input)
        for row in range where !(columns.truth[row] > -1 && columns.prediction[row] > -1) {
          throw MetricError(
            .invalidValue, at: columns.truth[row] > -1 ? "y_pred[\(row)]" : "y_true[\(row)]",
            "expected a value above -1")
        }
        return [
          columns.scalarTerms(range) { truth, prediction in
            let error = log1p(prediction) - log1p(truth)
            return error * error
          }
        ]
      },
      finish: PointRule.rootMean))

  static let accuracy = PointRule.terms(
    SumRule(terms: { input, range, parameters throws(MetricError) in
      let absolute = parameters.required("atol")
      let relative = parameters.required("rtol")
      return [
        PointRule.regression(input).terms(range) { truth, prediction in
          let tolerance = absolute + relative * Lanes.magnitudes(truth)
          return SIMD8<Double>.zero.replacing(
            with: 1, where: Lanes.magnitudes(prediction - truth) .<= tolerance)
        }
      ]
    }))

  static let loss = PointRule.terms(
    SumRule(
      terms: { input, range, parameters throws(MetricError) in
        let term = lossTerm(parameters)
        return [PointRule.regression(input).scalarTerms(range) { term($1 - $0) }]
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

  static let medianError = PointRule.whole { columns, _, workers throws(MetricError) in
    median(of: columns.count, workers) { range in
      columns.terms(range) { Lanes.magnitudes($1 - $0) }
    }
  }

  private static func median(
    of count: Int, _ workers: Workers, _ values: @escaping @Sendable (Range<Int>) -> [Double]
  ) -> MetricOutcome {
    Selection.median(of: count, workers, values).map(MetricOutcome.finite) ?? .undefined(.overflow)
  }

  static let maximumError = PointRule.whole { columns, _, workers throws(MetricError) in
    let ranges = workers.ranges(of: columns.count)
    let largest = workers.map(ranges.count) { piece in
      var largest = SIMD8<Double>.zero
      columns.withColumns(ranges[piece]) { truth, prediction in
        Lanes.forEach(truth, prediction) {
          let errors = Lanes.magnitudes($1 - $0)
          largest.replace(with: errors, where: errors .> largest)
        }
      }
      return largest.max()
    }
    return .finite(largest.max() ?? 0)
  }

  // MARK: Explained variation

  static let determination = PointRule.moments(
    MomentRule { truth, errors in
      guard truth.count >= 2 else { return .undefined(.tooFewSamples) }
      return explained(truth, errors, around: 0)
    })

  static let explainedVariance = PointRule.moments(
    MomentRule { truth, errors in explained(truth, errors, around: errors.mean) })

  /// 1 − Σ(e−c)² / Σ(y−ȳ)².
  private static func explained(
    _ truth: TotalMoments, _ errors: TotalMoments, around center: Double
  ) -> MetricOutcome {
    let isTiny = truth.isTiny(around: truth.mean) && errors.isTiny(around: center)
    let unexplained = errors.squares(around: center, magnified: isTiny)
    let total = truth.squares(around: truth.mean, magnified: isTiny)
    guard unexplained.isFinite, total.isFinite else { return .undefined(.overflow) }
    guard total > 0 else { return .value(unexplained == 0 ? 1 : 0) }
    return .finite(1 - unexplained / total)
  }

  // MARK: Percentage errors

  static let percentageError = PointRule.terms(
    SumRule(
      terms: { input, range, parameters throws(MetricError) in
        let columns = PointRule.regression(input)
        try checkZeros(columns, range, parameters)
        let terms = columns.terms(range, fractions)
        guard parameters.text("zero_policy") == "skip" else { return [terms] }
        // A sum of its own counts what was not left out.
        return [
          zip(columns.truth[range], terms).map { $0 == 0 ? 0 : $1 },
          columns.truth[range].map { $0 == 0 ? 0 : 1 },
        ]
      },
      finish: { sums, count, parameters in
        let counted = sums.count > 1 ? sums[1] : Double(count)
        guard counted > 0 else { return .undefined(.zeroActual) }
        return .finite(sums[0] / counted * percentFactor(parameters))
      },
      blockSum: { input, range, parameters in
        guard parameters.text("zero_policy") == "epsilon" else { return nil }
        return PointRule.regression(input).withColumns(range) { truth, prediction in
          CompensatedSum(truth, prediction, fractions)
        }
      }))

  static let medianPercentageError = PointRule.whole {
    columns, parameters, workers throws(MetricError) in
    try checkZeros(columns, 0..<columns.count, parameters)
    var columns = columns
    if parameters.text("zero_policy") == "skip" {
      let kept = columns.truth.indices.filter { columns.truth[$0] != 0 }
      guard !kept.isEmpty else { return .undefined(.zeroActual) }
      columns = RegressionColumns(
        truth: kept.map { columns.truth[$0] }, prediction: kept.map { columns.prediction[$0] })
    }
    let factor = percentFactor(parameters)
    return median(of: columns.count, workers) { [columns] range in
      columns.terms(range) { fractions($0, $1) * factor }
    }
  }

  static let symmetricPercentageError = PointRule.terms(
    SumRule(
      terms: { input, range, parameters throws(MetricError) in
        let factor = parameters.text("form") == "half" ? 1.0 : 2.0
        return [
          PointRule.regression(input).terms(range) { truth, prediction in
            let errors = Lanes.magnitudes(prediction - truth)
            let sizes = Lanes.magnitudes(truth) + Lanes.magnitudes(prediction)
            return (factor * (errors / sizes)).replacing(with: 0, where: errors .== 0)
          }
        ]
      },
      finish: { sums, count, parameters in
        .finite(sums[0] / Double(count) * percentFactor(parameters))
      }))

  @inline(__always)
  private static func fractions(
    _ truth: SIMD8<Double>, _ prediction: SIMD8<Double>
  ) -> SIMD8<Double> {
    let sizes = Lanes.magnitudes(truth)
    return Lanes.magnitudes(prediction - truth)
      / sizes.replacing(with: 0x1p-52, where: sizes .< 0x1p-52)
  }

  private static func checkZeros(
    _ columns: RegressionColumns, _ range: Range<Int>, _ parameters: MetricParameters
  ) throws(MetricError) {
    guard parameters.text("zero_policy") == "error",
      let row = columns.truth[range].firstIndex(of: 0)
    else { return }
    throw MetricError(
      .invalidValue, at: "y_true[\(row)]", "an actual value of zero has no percentage error")
  }

  private static func percentFactor(_ parameters: MetricParameters) -> Double {
    parameters.flag("percent") ? 100 : 1
  }
}
