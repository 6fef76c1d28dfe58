/// Why an input or a parameter cannot be scored. Nothing was computed.
///
/// `name` is the stable part that programs act on; `place` and `message` are for people.
public struct MetricError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The stable names of errors.
  public enum Name: String, Sendable, CaseIterable {
    case invalidParameter, unsupportedInput, missingField, missingSigmas, duplicateClass
    case lengthMismatch, emptyInput, shapeMismatch, mixedLabelTypes, nonFinite, unknownLabel
    case invalidProbability, invalidBox, invalidMask, invalidValue, invalidNormalizer
    case missingPrediction, emptyMask, requiresBinary
    /// The catalogue has no such row.
    case unknownMetric
  }

  public let name: Name
  /// The field and index at fault, such as `y_pred[3]`; empty if it is the whole input.
  public let place: String
  /// What was wrong and what was expected.
  public let message: String

  public init(_ name: Name, at place: String = "", _ message: String) {
    self.name = name
    self.place = place
    self.message = message
  }

  /// Whether the fault is in the truth, whose rows and values are nobody's to see who predicts.
  public var concernsTruth: Bool {
    let fields = ["y_true", ".gt", ".true", "time", "event", "history"]
    return fields.contains { place.contains($0) } && !place.contains("predicted_event")
  }

  public var description: String {
    place.isEmpty ? "\(name.rawValue): \(message)" : "\(name.rawValue) at \(place): \(message)"
  }
}

/// Why a metric has no value on a valid input. Such a result is shown and never ranked.
public enum UndefinedReason: String, Sendable, CaseIterable {
  case singleClass, noPositives, noVariation, zeroDenominator, zeroActual, tooFewSamples
  case tooFewPoints, noObjects, noGroundTruth, noPairs, noValidPixels, noForeground, noClasses
  case noLabelledKeypoints, noComparablePairs, noEvaluableSubjects, overflow

  /// The reason in words.
  public var explanation: String {
    switch self {
    case .singleClass: "the truth holds only one class"
    case .noPositives: "the truth holds no positive sample"
    case .noVariation: "truth and prediction do not vary"
    case .zeroDenominator: "the denominator is zero"
    case .zeroActual: "an actual value is zero"
    case .tooFewSamples: "there are too few samples"
    case .tooFewPoints: "no series has enough points"
    case .noObjects: "there are neither true nor predicted objects"
    case .noGroundTruth: "no category has a true object"
    case .noPairs: "no detection and truth share an image and a category"
    case .noValidPixels: "every pixel is ignored"
    case .noForeground: "no considered class occurs"
    case .noClasses: "no class is left to average over"
    case .noLabelledKeypoints: "no keypoint is labelled"
    case .noComparablePairs: "no pair of subjects can be compared"
    case .noEvaluableSubjects: "no subject can be evaluated at the horizon"
    case .overflow: "the value exceeds the range of 64-bit floating point"
    }
  }
}

/// The result of evaluating one metric on a valid input.
public enum MetricOutcome: Sendable, Equatable {
  /// A finite number.
  case value(Double)
  /// One entry per class (nil: undefined for that class), and their mean if the row ranks by it.
  case values([Double?], mean: Double?)
  /// The input is valid, but the metric has no value on it.
  case undefined(UndefinedReason)

  /// The number by which the outcome ranks, if it may be ranked.
  public var rankValue: Double? {
    switch self {
    case .value(let value): value
    case .values(_, let mean): mean
    case .undefined: nil
    }
  }

  /// The value if it is finite, and `undefined overflow` otherwise: no result is ever infinite.
  static func finite(_ value: Double) -> MetricOutcome {
    value.isFinite ? .value(value) : .undefined(.overflow)
  }
}
