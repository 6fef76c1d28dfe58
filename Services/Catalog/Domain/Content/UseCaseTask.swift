/// What models of a use case do; the identifiers are those of the metric catalogue.
public enum UseCaseTask: String, Hashable, Sendable, CaseIterable {
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
}

/// Who may see a published use case.
public enum Privacy: String, Hashable, Sendable, CaseIterable {
  /// Every user of every tenant.
  case `public`
  /// The owning tenant and the invited.
  case `private`
}

/// What a metadataset is for.
public enum Purpose: String, Hashable, Sendable, CaseIterable {
  case train, test
}
