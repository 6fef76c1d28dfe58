import Metrics

/// Which order the classes have.
public enum ClassOrder: Sendable, Equatable {
  /// The declared order, or the sorted labels of the truth.
  case truth
  /// The order of the class columns of the predictions, unless classes were declared.
  case predictionColumns
}

/// Predictions for a dataset, checked and in the order of its rows.
public struct Predictions: Sendable {
  /// The predicted values, one per row of the truth.
  enum Values: Sendable {
    case classes(ClassPredictions)
    case multilabel(MultilabelPredictions)
    /// Numbers of a regression or forecast.
    case numbers([Double])
    case survival(SurvivalPredictions)
    case objects(COCOTruth.Objects)
    /// Label maps, or scores of each pixel and class.
    case maps(NPYArray)
    case array(NPYArray)
    /// What a model says of itself, batch by batch.
    case reportedLoss(values: [Double], counts: [Int64]?)
  }

  /// Predicted labels, and scores of several kinds.
  struct ClassPredictions: Sendable {
    /// The class order of the evaluation.
    let classes: [String]
    /// Class indices in that order.
    let labels: [Int32]?
    /// Row-major, rows × classes, in that order.
    let probabilities: [Double]?
    /// Likewise.
    let logits: [Double]?
    /// Of the second of two classes.
    let scores: [Double]?
    let binaryLogits: [Double]?
  }

  /// Row-major, rows × labels.
  struct MultilabelPredictions: Sendable {
    let labels: [UInt8]?
    let scores: [Double]?
    let logits: [Double]?
  }

  /// Predicted risks, events or probabilities of the event.
  struct SurvivalPredictions: Sendable {
    let risk: [Double]?
    let event: [Bool]?
    let probability: [Double]?
  }

  let values: Values
  /// Whether scores in arrays are logits.
  var areLogits = false

  public var hasLabels: Bool {
    if case .classes(let predictions) = values { predictions.labels != nil } else { false }
  }

  public var hasProbabilities: Bool {
    if case .classes(let predictions) = values { predictions.probabilities != nil } else { false }
  }

  /// The classes in the order of the evaluation; empty for other tasks.
  public var classes: [String] {
    if case .classes(let predictions) = values { predictions.classes } else { [] }
  }
}
