/// One of the ten kinds of prediction task that the catalogue has metrics for.
///
/// The raw value is the identifier of golden cases and stored records (`tabular_classification`);
/// `name` is what people type (`tabular-classification`).
public enum MetricTask: String, CaseIterable, Sendable, Hashable {
  case imageClassification = "image_classification"
  case textClassification = "text_classification"
  case tabularClassification = "tabular_classification"
  case objectDetection = "object_detection"
  case semanticSegmentation = "semantic_segmentation"
  case instanceSegmentation = "instance_segmentation"
  case keypointDetection = "keypoint_detection"
  case tabularRegression = "tabular_regression"
  case timeSeriesForecasting = "time_series_forecasting"
  case timeToEventPrediction = "time_to_event_prediction"

  /// The identifier with dashes, as used on command lines and in APIs.
  public var name: String { Self.replacing("_", with: "-", in: rawValue) }

  /// Parses an identifier written with dashes or with underscores.
  public init?(name: String) {
    self.init(rawValue: Self.replacing("-", with: "_", in: name))
  }

  /// The title that people read.
  public var title: String {
    switch self {
    case .imageClassification: "Image Classification"
    case .textClassification: "Text Classification"
    case .tabularClassification: "Tabular Classification"
    case .objectDetection: "Object Detection"
    case .semanticSegmentation: "Semantic Segmentation"
    case .instanceSegmentation: "Instance Segmentation"
    case .keypointDetection: "Keypoint Detection"
    case .tabularRegression: "Tabular Regression"
    case .timeSeriesForecasting: "Time Series Forecasting"
    case .timeToEventPrediction: "Time-to-Event Prediction"
    }
  }

  private static func replacing(
    _ old: Character, with new: Character, in text: String
  ) -> String {
    String(text.map { $0 == old ? new : $0 })
  }
}
