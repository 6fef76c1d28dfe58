/// Which values of a metric are better.
public enum MetricDirection: String, Sendable, Hashable, CaseIterable {
  case higher
  case lower
  /// The reported value is signed; the smaller magnitude is better.
  case lowerAbsolute = "lower_abs"

  /// A key by which results sort ascending from best to worst.
  public func rankKey(_ value: Double) -> Double {
    switch self {
    case .higher: -value
    case .lower: value
    case .lowerAbsolute: value.magnitude
    }
  }
}

/// The interval in which a metric's values lie; an absent end is unbounded.
public struct MetricRange: Sendable, Hashable, CustomStringConvertible {
  public let minimum: Double?
  public let maximum: Double?

  public init(_ minimum: Double?, _ maximum: Double?) {
    self.minimum = minimum
    self.maximum = maximum
  }

  public var description: String {
    let low = minimum.map { "[" + Self.text($0) } ?? "(-∞"
    let high = maximum.map { Self.text($0) + "]" } ?? "∞)"
    return low + ", " + high
  }

  private static func text(_ value: Double) -> String {
    value == value.rounded() ? String(Int(value)) : String(value)
  }
}

/// One row of the catalogue: everything that is known about a metric except how to compute it.
public struct MetricDescription: Sendable, Equatable {
  public let task: MetricTask
  /// The identifier, unique within its task.
  public let id: String
  /// The title that people read.
  public let title: String
  /// One line that says what the value means.
  public let summary: String
  public let direction: MetricDirection
  public let range: MetricRange
  public let parameters: [ParameterDescription]
  /// The kinds of input that the metric can be computed from.
  public let inputs: [InputKind]
  /// How results rank, in words.
  public let ranking: String
  /// Raised whenever the same input may give another number.
  public let version: Int

  /// The key by which an outcome sorts ascending from best to worst; nil if it must not be ranked.
  public func rankKey(_ outcome: MetricOutcome) -> Double? {
    outcome.rankValue.map(direction.rankKey)
  }

  public func parameter(_ name: String) -> ParameterDescription? {
    parameters.first { $0.name == name }
  }
}
