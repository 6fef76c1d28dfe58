import Foundation
import Metrics
import Testing

/// Rows that no reference library has, worked by hand from where they are defined.
@Suite("Worked formulas")
struct WorkedFormulaTests {
  // MARK: Forecasts

  static func forecast(_ truth: [Double], _ prediction: [Double]) -> MetricInput {
    .series([ForecastSeries(truth: truth, prediction: prediction)])
  }

  /// Hyndman and Koehler, "Another look at measures of forecast accuracy" (2006).
  @Test("MdAPE: the median of errors of 10 %, 5 % and 60 %")
  func medianPercentage() throws {
    let input = Self.forecast([100, 200, 50], [110, 190, 80])
    try MetricTask.timeSeriesForecasting.expect("mdape", input, is: 0.1)
    try MetricTask.timeSeriesForecasting.expect("mdape", input, ["percent": .flag(true)], is: 10)
  }

  /// Makridakis, "Accuracy measures: theoretical and practical concerns" (1993), in M4's form.
  @Test("SMAPE is bounded, and nothing against nothing is no error")
  func symmetricPercentage() throws {
    let input = Self.forecast([0, 0, 3], [0, 5, 1])
    try MetricTask.timeSeriesForecasting.expect("smape", input, is: (0 + 2 + 2 * 2 / 4.0) / 3)
    try MetricTask.timeSeriesForecasting.expect("smape", input, ["form": .text("half")], is: 0.5)
  }

  /// `forecast::accuracy` of R; Theil, "Applied Economic Forecasting" (1966).
  @Test("Theil's U2: errors of 5 % and 0 against growth of 10 % twice")
  func theil() throws {
    let task = MetricTask.timeSeriesForecasting
    let input = Self.forecast([100, 110, 121], [0, 115, 121])
    try task.expect("theil_u2", input, is: (0.05 * 0.05 / 0.02).squareRoot())
    try task.expect("theil_u2", input, ["form": .text("level")], is: 5 / 221.0.squareRoot())
    let naive = Self.forecast([100, 110, 121, 90], [7, 100, 110, 121])
    try task.expect("theil_u2", naive, is: 1)
  }

  /// Blaskowitz and Herwartz, "On economic evaluation of directional forecasts" (2009);
  /// `fabletools::MDA` compares with the last actual value, too.
  @Test("direction accuracy: up, up, down, one of them foreseen wrongly")
  func direction() throws {
    let task = MetricTask.timeSeriesForecasting
    let input = Self.forecast([1, 2, 3, 2], [3, 1.5, 1.9, 2.5])
    try task.expect("direction_accuracy", input, is: 2 / 3.0)
    try task.expect(
      "direction_accuracy", input, ["reference": .text("previous_prediction")], is: 1 / 3.0)
    let flat = Self.forecast([1, 1, 2], [1, 1, 1])
    try task.expect("direction_accuracy", flat, is: 0.5)
    try task.expect("direction_accuracy", flat, ["skip_flat": .flag(true)], is: 0)
  }

  // MARK: Classification

  /// The metric of Kaggle's insurance competitions (Porto Seguro, 2017).
  @Test("Normalized Gini: three of four pairs in order; equal scores keep the order of the rows")
  func normalizedGini() throws {
    func scores(_ truth: [Int32], _ values: [Double]) throws -> MetricInput {
      .binaryScores(
        try BinaryScores(classes: [.integer(0), .integer(1)], truth: truth, scores: values))
    }
    let task = MetricTask.tabularClassification
    let input = try scores([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1])
    // Areas of 0.125 and, in perfect order, 0.25.
    try task.expect("normalized_gini", input, is: 0.5)
    try task.expect("gini", input, is: 0.5)
    let tied = try scores([0, 1], [0.5, 0.5])
    try task.expect("normalized_gini", tied, is: -1)
    try task.expect("normalized_gini", tied, ["ties": .text("average")], is: 0)
  }

  @Test("a reported loss is the mean over samples, not over batches")
  func reportedLoss() throws {
    let input = MetricInput.reportedLoss(ReportedLoss(values: [1, 4], counts: [2, 1]))
    for task in [MetricTask.imageClassification, .objectDetection, .keypointDetection] {
      try task.expect("loss", input, is: 2)
    }
  }
}

extension MetricTask {
  /// Expects a row to give a number but for rounding.
  func expect(
    _ metric: String, _ input: MetricInput, _ parameters: [String: ParameterValue] = [:],
    is expected: Double, at location: SourceLocation = #_sourceLocation
  ) throws {
    let got = try WorkedExampleTests.value(self, metric, input, parameters)
    #expect(
      (got - expected).magnitude <= 1e-14 * max(1, expected.magnitude),
      "\(metric) is \(got), not \(expected)", sourceLocation: location)
  }
}
