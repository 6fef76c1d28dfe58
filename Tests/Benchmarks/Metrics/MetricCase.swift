import Foundation
import Metrics

/// One thing to measure: a metric, or several on the same input, on a generated set.
struct MetricCase {
  /// A row of the catalogue with parameters.
  struct Row {
    let metric: String
    var parameters: [String: ParameterValue] = [:]
  }

  let name: String
  let set: String
  let task: MetricTask
  let rows: [Row]
  /// Makes the input of the set's arrays; not measured.
  let load: @Sendable (BenchData) throws -> MetricInput

  init(
    _ name: String, _ set: String, _ task: MetricTask, _ rows: [Row],
    _ load: @escaping @Sendable (BenchData) throws -> MetricInput
  ) {
    self.name = name
    self.set = set
    self.task = task
    self.rows = rows
    self.load = load
  }

  /// One row.
  init(
    _ name: String, _ set: String, _ task: MetricTask, _ metric: String,
    parameters: [String: ParameterValue] = [:],
    _ load: @escaping @Sendable (BenchData) throws -> MetricInput
  ) {
    self.init(name, set, task, [Row(metric: metric, parameters: parameters)], load)
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
    MetricCase("coco-box", "coco-box", .objectDetection, COCORows.twelve, BenchInputs.boxes),
    MetricCase(
      "coco-mask", "coco-mask", .instanceSegmentation, COCORows.masks, BenchInputs.runLengths),
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

/// The numbers that COCO's evaluation prints, in its order.
enum COCORows {
  private static let areas: [[Double]] = [[0, 1_024], [1_024, 9_216], [9_216, 1e10]]

  static let twelve: [MetricCase.Row] = precisions("map") + recalls

  /// Masks have no row of recall.
  static let masks: [MetricCase.Row] = precisions("instance_mask_map")

  private static func precisions(_ metric: String) -> [MetricCase.Row] {
    let thresholds: [[String: ParameterValue]] = [
      [:], ["iou_thresholds": .list([.number(0.5)])], ["iou_thresholds": .list([.number(0.75)])],
    ]
    return (thresholds + areas.map { ["area_range": range($0)] })
      .map { MetricCase.Row(metric: metric, parameters: $0) }
  }

  private static let recalls =
    [
      MetricCase.Row(metric: "mar_1"), MetricCase.Row(metric: "mar_10"),
      MetricCase.Row(metric: "mar_10", parameters: ["max_dets": .integer(100)]),
    ]
    + areas.map {
      MetricCase.Row(
        metric: "mar_10", parameters: ["max_dets": .integer(100), "area_range": range($0)])
    }

  private static func range(_ bounds: [Double]) -> ParameterValue {
    .list(bounds.map(ParameterValue.number))
  }
}
