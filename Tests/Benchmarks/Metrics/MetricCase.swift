import Foundation
import Metrics

/// One thing to measure on a generated set: a metric, or the numbers that COCO's evaluation prints.
struct MetricCase {
  typealias Evaluate =
    @Sendable (_ input: MetricInput, _ workers: Int) throws -> [MetricOutcome]

  let name: String
  let set: String
  /// Makes the input of the set's arrays; not measured.
  let load: @Sendable (BenchData) throws -> MetricInput
  let evaluate: Evaluate

  /// The first numbers of COCO's summary.
  init(
    _ name: String, _ set: String, cocoNumbers: Int,
    _ load: @escaping @Sendable (BenchData) throws -> MetricInput
  ) {
    self.name = name
    self.set = set
    self.load = load
    evaluate = { input, workers in
      try COCOSummary(input, workers: workers).entries.prefix(cocoNumbers).map(\.outcome)
    }
  }

  /// One row.
  init(
    _ name: String, _ set: String, _ task: MetricTask, _ metric: String,
    parameters: [String: ParameterValue] = [:],
    _ load: @escaping @Sendable (BenchData) throws -> MetricInput
  ) {
    self.name = name
    self.set = set
    self.load = load
    evaluate = { input, workers in
      [
        try MetricsCatalogue.evaluate(
          task: task, metric: metric, input: input, parameters: parameters, workers: workers)
      ]
    }
  }
}

/// All cases in memory, in the order in which they are measured.
extension MetricCase {
  static let all: [MetricCase] = [labels, maps, scores, numbers, objects, masks, survival]
    .flatMap { $0 }

  private static let labels = [
    MetricCase("accuracy", "binary", .tabularClassification, "accuracy", BenchInputs.labels(2)),
    MetricCase(
      "f1-macro", "binary", .tabularClassification, "f1",
      parameters: ["average": .text("macro")],
      BenchInputs.labels(2)),
    MetricCase("mcc", "binary", .tabularClassification, "mcc", BenchInputs.labels(2)),
    MetricCase("kappa", "binary", .tabularClassification, "cohen_kappa", BenchInputs.labels(2)),
    MetricCase("qwk", "ratings", .tabularClassification, "qwk", BenchInputs.labels(5)),
  ]

  private static let maps = [
    MetricCase("miou", "maps", .semanticSegmentation, "miou", BenchInputs.maps),
    MetricCase("fw-iou", "maps", .semanticSegmentation, "fw_iou", BenchInputs.maps),
    MetricCase(
      "pixel-accuracy", "maps", .semanticSegmentation, "pixel_accuracy", BenchInputs.maps),
  ]

  private static let scores = [
    MetricCase(
      "logloss-100", "classes100", .tabularClassification, "log_loss", BenchInputs.classes100),
    MetricCase(
      "brier-100", "classes100", .tabularClassification, "brier", BenchInputs.classes100),
    MetricCase(
      "top5-100", "classes100", .imageClassification, "top5_accuracy", BenchInputs.classes100),
    MetricCase("auc", "binary", .tabularClassification, "auc", BenchInputs.binaryScores),
    MetricCase("auc-pr", "binary", .tabularClassification, "auc_pr", BenchInputs.binaryScores),
    MetricCase("gini", "binary", .tabularClassification, "gini", BenchInputs.binaryScores),
    MetricCase(
      "auc-ovr-100", "classes100", .tabularClassification, "auc_roc", BenchInputs.classes100),
  ]

  private static let numbers = [
    MetricCase("mae", "regression", .tabularRegression, "mae", BenchInputs.regression),
    MetricCase("mse", "regression", .tabularRegression, "mse", BenchInputs.regression),
    MetricCase("r2", "regression", .tabularRegression, "r2", BenchInputs.regression),
    MetricCase(
      "explained-variance", "regression", .tabularRegression, "explained_variance",
      BenchInputs.regression),
    MetricCase("mape", "regression", .timeSeriesForecasting, "mape", BenchInputs.series),
    MetricCase("median-ae", "regression", .tabularRegression, "median_ae", BenchInputs.regression),
  ]

  private static let objects = [
    MetricCase("coco-box", "coco-box", cocoNumbers: 12, BenchInputs.boxes),
    // The reference computes all twelve, too, and reports the first six.
    MetricCase("coco-mask", "coco-mask", cocoNumbers: 6, BenchInputs.runLengths),
  ]

  private static let masks = [
    MetricCase("hausdorff", "masks512", .semanticSegmentation, "hausdorff", BenchInputs.masks),
    MetricCase("asd", "masks512", .semanticSegmentation, "asd", BenchInputs.masks),
    MetricCase("boundary-f1", "masks512", .semanticSegmentation, "boundary_f1", BenchInputs.masks),
    MetricCase(
      "boundary-iou", "masks512", .semanticSegmentation, "boundary_iou", BenchInputs.masks),
  ]

  private static let survival = [
    MetricCase("c-index", "survival", .timeToEventPrediction, "c_index", BenchInputs.survival)
  ]
}
