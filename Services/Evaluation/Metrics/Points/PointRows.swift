/// The rows of tabular regression and time series forecasting.
enum PointRows {
  static let regression: [MetricRow] =
    [
      row("accuracy", "Accuracy", accuracySummary, .higher, share, tolerances, PointRules.accuracy),
      lossRow(.tabularRegression, PointRules.loss.regressionComputation, .regression, []),
    ] + common.map { $0(.tabularRegression) } + [
      row(
        "median_ae", "Median Absolute Error (Median AE)",
        "Median distance of the predictions from the actual values",
        .lower, atLeastZero, [], PointRules.medianError),
      row(
        "explained_variance", "Explained Variance",
        "Share of the variance of the actual values that the errors do not leave over",
        .higher, MetricRange(nil, 1), [], PointRules.explainedVariance),
      row(
        "mbe", "Mean Bias Error (MBE)", "Mean error; positive means that predictions are too high",
        .lowerAbsolute, MetricRange(nil, nil), [], PointRules.bias),
    ]

  static let forecasting: [MetricRow] =
    [
      series(
        "accuracy", "Accuracy", accuracySummary, .higher, share, tolerances, PointRules.accuracy),
      lossRow(
        .timeSeriesForecasting, .series(PointRules.loss), .series, [aggregate]),
    ] + common.map { $0(.timeSeriesForecasting) } + [
      series(
        "mape", "Mean Absolute Percentage Error (MAPE)",
        "Mean error as a fraction of the actual value",
        .lower, atLeastZero, [percent, zeroPolicy], PointRules.percentageError),
      series(
        "smape", "Symmetric Mean Absolute Percentage Error (SMAPE)",
        "Mean error as a fraction of the mean of actual and predicted value",
        .lower, MetricRange(0, 2), [smapeForm, percent], PointRules.symmetricPercentageError),
      series(
        "mdape", "Median Absolute Percentage Error (MdAPE)",
        "Median error as a fraction of the actual value",
        .lower, atLeastZero, [percent, zeroPolicy], PointRules.medianPercentageError),
      steps(
        "theil_u2", "Theil’s U (U2 Statistic)",
        "Error relative to that of repeating an earlier actual value",
        .lower, atLeastZero, [theilForm, seasonality, useHistory], SeriesSteps.theil),
      series(
        "max_error", "Max Error", "Largest distance of a prediction from its actual value",
        .lower, atLeastZero, [], PointRules.maximumError),
      steps(
        "direction_accuracy", "Direction Accuracy",
        "Share of steps whose rise, fall or standstill is predicted",
        .higher, share, [reference, seasonality, useHistory, skipFlat], SeriesSteps.direction),
    ]

  private typealias MakeRow = @Sendable (MetricTask) -> MetricRow

  /// Rows that both tasks have.
  private static let common: [MakeRow] = [
    both(
      "mae", "Mean Absolute Error (MAE)", "Mean distance of the predictions from the actual values",
      .lower, atLeastZero, PointRules.absoluteError),
    both(
      "mse", "Mean Squared Error (MSE)",
      "Mean squared distance of the predictions from the actual values",
      .lower, atLeastZero, PointRules.squaredError),
    both(
      "rmse", "Root Mean Squared Error (RMSE)",
      "Square root of the mean squared error, in the unit of the values",
      .lower, atLeastZero, PointRules.rootSquaredError),
    both(
      "r2", "R² (Coefficient of Determination)",
      "Share of the variation of the actual values that the predictions account for",
      .higher, MetricRange(nil, 1), PointRules.determination),
    both(
      "rmsle", "Root Mean Squared Logarithmic Error (RMSLE)",
      "Root mean squared error of the logarithms of one plus the values",
      .lower, atLeastZero, PointRules.rootSquaredLogError),
  ]

  private static func both(
    _ id: String, _ title: String, _ summary: String, _ direction: MetricDirection,
    _ range: MetricRange, _ rule: PointRule
  ) -> MakeRow {
    { task in
      task == .tabularRegression
        ? row(id, title, summary, direction, range, [], rule)
        : series(id, title, summary, direction, range, [], rule)
    }
  }

  private static func row(
    _ id: String, _ title: String, _ summary: String, _ direction: MetricDirection,
    _ range: MetricRange, _ parameters: [ParameterDescription], _ rule: PointRule
  ) -> MetricRow {
    MetricRow(
      .tabularRegression, id, title, summary, direction, range, parameters: parameters,
      computations: [.regression: rule.regressionComputation])
  }

  private static func series(
    _ id: String, _ title: String, _ summary: String, _ direction: MetricDirection,
    _ range: MetricRange, _ parameters: [ParameterDescription], _ rule: PointRule
  ) -> MetricRow {
    steps(id, title, summary, direction, range, parameters, .series(rule))
  }

  private static func steps(
    _ id: String, _ title: String, _ summary: String, _ direction: MetricDirection,
    _ range: MetricRange, _ parameters: [ParameterDescription], _ computation: Computation
  ) -> MetricRow {
    MetricRow(
      .timeSeriesForecasting, id, title, summary, direction, range,
      parameters: parameters + [aggregate], computations: [.series: computation])
  }

  private static func lossRow(
    _ task: MetricTask, _ computation: Computation, _ kind: InputKind,
    _ further: [ParameterDescription]
  ) -> MetricRow {
    MetricRow(
      task, "loss", "Loss", "Mean loss of the errors (squared by default), or the model's own loss",
      .lower, atLeastZero, parameters: lossParameters + further,
      computations: [kind: computation, .reportedLoss: ProbabilityLosses.reported])
  }

  // MARK: Ranges, texts and parameters

  private static let share = MetricRange(0, 1)
  private static let atLeastZero = MetricRange(0, nil)
  private static let accuracySummary =
    "Share of predictions that equal the actual value, within the tolerances"

  private static let tolerances = [
    ParameterDescription(
      "atol", .number(NumberLimits(from: 0)), default: .number(0),
      "Distance that counts as equal"),
    ParameterDescription(
      "rtol", .number(NumberLimits(from: 0)), default: .number(0),
      "Fraction of the actual value that counts as equal"),
  ]

  private static let lossParameters = [
    ParameterDescription(
      "kind", .choice(["mse", "mae", "huber", "log_cosh", "pinball", "rmse"]),
      default: .text("mse"), "Which loss of an error is averaged"),
    ParameterDescription(
      "delta", .number(NumberLimits(above: 0)), default: .number(1),
      "Error at which the Huber loss turns linear"),
    ParameterDescription(
      "quantile", .number(NumberLimits(above: 0, below: 1)), default: .number(0.5),
      "Quantile that the pinball loss aims at"),
  ]

  private static let aggregate = ParameterDescription(
    "aggregate", .choice(["pooled", "per_series"]), default: .text("pooled"),
    "All points of all series together, or the mean of the series' values")

  private static let percent = ParameterDescription(
    "percent", .flag, default: .flag(false), "Whether the value is multiplied by 100")

  private static let zeroPolicy = ParameterDescription(
    "zero_policy", .choice(["epsilon", "skip", "error"]), default: .text("epsilon"),
    "Actual values of zero: divide by 2^-52, leave the point out, or refuse")

  private static let smapeForm = ParameterDescription(
    "form", .choice(["m4", "half"]), default: .text("m4"),
    "With the factor 2 of the M4 competition, or without")

  private static let theilForm = ParameterDescription(
    "form", .choice(["relative", "level"]), default: .text("relative"),
    "Changes relative to the earlier value, or plain differences")

  private static let seasonality = ParameterDescription(
    "seasonality", .integer(1...Int64(Int32.max)), default: .integer(1),
    "How many steps earlier the compared value is")

  private static let useHistory = ParameterDescription(
    "use_history", .flag, default: .flag(false),
    "Whether values before the first point may be compared with")

  private static let reference = ParameterDescription(
    "reference", .choice(["previous_actual", "previous_prediction"]),
    default: .text("previous_actual"), "What a prediction rises or falls from")

  private static let skipFlat = ParameterDescription(
    "skip_flat", .flag, default: .flag(false), "Whether steps without change are left out")
}
