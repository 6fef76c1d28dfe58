/// Computations on pairs of an actual and a predicted number.
enum PointRule: Sendable {
  typealias Whole =
    @Sendable (RegressionColumns, MetricParameters, Workers) throws(MetricError) -> MetricOutcome

  /// The mean of one term per point, or a function of it.
  case terms(SumRule)
  /// A function of the moments of actual values and errors.
  case moments(MomentRule)
  case whole(Whole)

  /// A mean over the points of a function of actual and predicted values, of eight at a time. It
  /// must not be finite where one of the two is not.
  @inline(__always)
  static func mean(
    finish: @escaping SumRule.Finish = SumRule.mean, _ term: @escaping Term
  ) -> PointRule {
    .terms(sums(finish: finish) { truth, prediction, _ in term(truth, prediction) })
  }

  typealias Term = @Sendable (SIMD8<Double>, SIMD8<Double>) -> SIMD8<Double>

  /// The same with parameters.
  @inline(__always)
  static func sums(
    finish: @escaping SumRule.Finish,
    _ term:
      @escaping @Sendable (SIMD8<Double>, SIMD8<Double>, MetricParameters) -> SIMD8<Double>
  ) -> SumRule {
    SumRule(
      terms: { input, range, parameters throws(MetricError) in
        [regression(input).terms(range) { term($0, $1, parameters) }]
      },
      finish: finish,
      blockSum: { input, range, parameters in
        regression(input).withColumns(range) { truth, prediction in
          CompensatedSum(truth, prediction) { term($0, $1, parameters) }
        }
      })
  }

  /// The square root of a mean.
  static let rootMean: SumRule.Finish = { sums, count, _ in
    .finite((sums[0] / Double(count)).squareRoot())
  }

  /// The rule on regression columns.
  var regressionComputation: Computation {
    switch self {
    case .terms(let rule): .sums(rule)
    case .moments(let rule): .moments(rule)
    case .whole(let compute):
      .whole { input, parameters, workers throws(MetricError) in
        try compute(Self.regression(input), parameters, workers)
      }
    }
  }

  /// The value of series: over all points together, or the mean of the series' values. The values
  /// of the points are checked here.
  func evaluate(
    series input: MetricInput, _ parameters: MetricParameters, _ workers: Workers
  ) throws(MetricError) -> MetricOutcome {
    guard case .series(let series) = input else { preconditionFailure("takes series") }
    for (index, one) in series.enumerated() {
      try Check.finite(one.history, "series[\(index)].history")
    }
    do throws(MetricError) {
      return try SeriesAggregate.evaluate(series, parameters) { some throws(MetricError) in
        try evaluate(Self.points(some), parameters, workers)
      }
    } catch  where error.name == .nonFinite {
      // The same fault with its place in the series.
      try input.validate()
      throw error
    }
  }

  private func evaluate(
    _ columns: RegressionColumns, _ parameters: MetricParameters, _ workers: Workers
  ) throws(MetricError) -> MetricOutcome {
    let input = MetricInput.regression(columns)
    let ranges = workers.ranges(of: columns.count)
    switch self {
    case .terms(let rule):
      let states = try workers.map(ranges.count) { piece throws(MetricError) in
        var state = SumState()
        for batch in input.batches(of: ranges[piece]) {
          if rule.blockSum == nil { try input.validate(batch) }
          try state.add(input, batch, at: batch.lowerBound, rule, parameters)
        }
        return state
      }
      var total = SumState()
      for state in states { total.merge(state) }
      return total.outcome(rule, parameters)
    case .moments(let rule):
      let states = try workers.map(ranges.count) { piece throws(MetricError) in
        var state = MomentState()
        try state.add(input, ranges[piece], at: ranges[piece].lowerBound)
        return state
      }
      var total = MomentState()
      for state in states { total.merge(state) }
      return total.outcome(rule)
    case .whole(let compute):
      _ = try workers.map(ranges.count) { piece throws(MetricError) in
        try input.validate(ranges[piece])
      }
      return try compute(columns, parameters, workers)
    }
  }

  /// The points of all series behind one another.
  private static func points(_ series: [ForecastSeries]) -> RegressionColumns {
    if series.count == 1 {
      return RegressionColumns(truth: series[0].truth, prediction: series[0].prediction)
    }
    var truth: [Double] = []
    var prediction: [Double] = []
    for one in series {
      truth += one.truth
      prediction += one.prediction
    }
    return RegressionColumns(truth: truth, prediction: prediction)
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
