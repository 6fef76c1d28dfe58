import API
import Metrics

extension MetricTask {
  /// The task that a message names; nil for one that this version does not know.
  init?(_ task: CatalogTask) {
    switch task {
    case .imageClassification: self = .imageClassification
    case .textClassification: self = .textClassification
    case .tabularClassification: self = .tabularClassification
    case .objectDetection: self = .objectDetection
    case .semanticSegmentation: self = .semanticSegmentation
    case .instanceSegmentation: self = .instanceSegmentation
    case .keypointDetection: self = .keypointDetection
    case .tabularRegression: self = .tabularRegression
    case .timeSeriesForecasting: self = .timeSeriesForecasting
    case .timeToEventPrediction: self = .timeToEventPrediction
    case .unspecified, .unrecognized: return nil
    }
  }
}

extension CatalogTask {
  init(_ task: MetricTask) {
    self =
      switch task {
      case .imageClassification: .imageClassification
      case .textClassification: .textClassification
      case .tabularClassification: .tabularClassification
      case .objectDetection: .objectDetection
      case .semanticSegmentation: .semanticSegmentation
      case .instanceSegmentation: .instanceSegmentation
      case .keypointDetection: .keypointDetection
      case .tabularRegression: .tabularRegression
      case .timeSeriesForecasting: .timeSeriesForecasting
      case .timeToEventPrediction: .timeToEventPrediction
      }
  }
}

extension MetricDirection {
  /// The direction as the schema writes it.
  var wireName: String {
    switch self {
    case .higher: "higher"
    case .lower: "lower"
    case .lowerAbsolute: "lower_absolute"
    }
  }
}
