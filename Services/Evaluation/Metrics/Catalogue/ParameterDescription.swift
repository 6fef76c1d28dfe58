/// A parameter's value as it comes from a record, a request or a command line.
public enum ParameterValue: Sendable, Hashable, CustomStringConvertible {
  case flag(Bool)
  case integer(Int64)
  case number(Double)
  case text(String)
  case list([ParameterValue])

  public var description: String {
    switch self {
    case .flag(let value): String(value)
    case .integer(let value): String(value)
    case .number(let value):
      value == value.rounded() && value.magnitude < 1e6
        ? String(Int64(value)) : String(value)
    case .text(let value): value
    case .list(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
    }
  }

  /// The number, if this is one; integers are numbers too.
  var asNumber: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The integer, if this is one; `3.0` is an integer, `3.5` is not.
  var asInteger: Int64? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int64(exactly: value)
    default: nil
    }
  }
}

/// The numbers that a parameter may take.
public struct NumberLimits: Sendable, Hashable, CustomStringConvertible {
  public let minimum: Double?
  public let maximum: Double?
  public let excludesMinimum: Bool
  public let excludesMaximum: Bool

  public init(
    from minimum: Double? = nil, above excludedMinimum: Double? = nil,
    through maximum: Double? = nil, below excludedMaximum: Double? = nil
  ) {
    self.minimum = excludedMinimum ?? minimum
    self.maximum = excludedMaximum ?? maximum
    excludesMinimum = excludedMinimum != nil
    excludesMaximum = excludedMaximum != nil
  }

  func allows(_ value: Double) -> Bool {
    guard value.isFinite else { return false }
    if let minimum, excludesMinimum ? value <= minimum : value < minimum { return false }
    if let maximum, excludesMaximum ? value >= maximum : value > maximum { return false }
    return true
  }

  public var description: String {
    let low = minimum.map {
      (excludesMinimum ? "> " : "≥ ") + ParameterValue.number($0).description
    }
    let high = maximum.map {
      (excludesMaximum ? "< " : "≤ ") + ParameterValue.number($0).description
    }
    let parts = [low, high].compactMap { $0 }
    return parts.isEmpty ? "any finite number" : parts.joined(separator: " and ")
  }
}

/// What values a parameter takes.
public enum ParameterKind: Sendable, Hashable {
  case choice([String])
  case flag
  /// `true`, `false` or `auto`.
  case flagOrAuto
  case number(NumberLimits)
  case integer(ClosedRange<Int64>)
  /// A list of numbers, with the lengths it may have.
  case numbers(NumberLimits, count: ClosedRange<Int>)
  /// Two numbers, the first not above the second.
  case interval(NumberLimits)
  case integers(ClosedRange<Int64>, count: ClosedRange<Int>)
  case zeroOrOne
  case label
}

/// One parameter of a metric.
public struct ParameterDescription: Sendable, Hashable {
  public let name: String
  public let summary: String
  public let kind: ParameterKind
  /// The value if none is given; nil means that the parameter is then absent.
  public let defaultValue: ParameterValue?

  public init(
    _ name: String, _ kind: ParameterKind, default defaultValue: ParameterValue? = nil,
    _ summary: String
  ) {
    self.name = name
    self.kind = kind
    self.defaultValue = defaultValue
    self.summary = summary
  }

  /// The longest list that a parameter may be.
  public static let maximumListLength = 10_000

  /// What is accepted, in words.
  public var expectation: String {
    switch kind {
    case .choice(let choices): "one of " + choices.joined(separator: ", ")
    case .flag: "true or false"
    case .flagOrAuto: "auto, true or false"
    case .number(let limits): limits == NumberLimits() ? "any finite number" : "a number, \(limits)"
    case .integer(let range): "an integer, " + Self.text(range)
    case .numbers(let limits, _): "a list of numbers, each \(limits)"
    case .interval(let limits): "two rising numbers, each \(limits)"
    case .integers(let range, _): "a list of integers, each " + Self.text(range)
    case .zeroOrOne: "0 or 1"
    case .label: "one of the classes"
    }
  }

  /// Checks a value and brings it into the form that the metric reads.
  func checked(_ value: ParameterValue) throws(MetricError) -> ParameterValue {
    if let result = accepted(value) { return result }
    throw MetricError(
      .invalidParameter, at: name, "expected \(expectation), got \(value)")
  }

  /// Parses what someone typed.
  func parsed(_ text: String) throws(MetricError) -> ParameterValue {
    try checked(Self.parsedValue(text, kind))
  }

  private func accepted(_ value: ParameterValue) -> ParameterValue? {
    switch kind {
    case .choice(let choices):
      guard case .text(let text) = value, choices.contains(text) else { return nil }
      return value
    case .flag:
      guard case .flag = value else { return nil }
      return value
    case .flagOrAuto:
      if case .flag = value { return value }
      return value == .text("auto") ? value : nil
    case .number(let limits):
      return value.asNumber.flatMap { limits.allows($0) ? .number($0) : nil }
    case .integer(let range):
      return value.asInteger.flatMap { range.contains($0) ? .integer($0) : nil }
    case .zeroOrOne:
      return value.asNumber.flatMap { $0 == 0 || $0 == 1 ? .number($0) : nil }
    case .label:
      switch value {
      case .integer, .text: return value
      default: return nil
      }
    case .numbers, .interval, .integers:
      return acceptedList(value)
    }
  }

  private func acceptedList(_ value: ParameterValue) -> ParameterValue? {
    guard case .list(let entries) = value else { return nil }
    switch kind {
    case .numbers(let limits, let count):
      let numbers = entries.compactMap(\.asNumber).filter(limits.allows)
      guard numbers.count == entries.count, count.contains(numbers.count) else { return nil }
      return .list(numbers.map(ParameterValue.number))
    case .interval(let limits):
      let numbers = entries.compactMap(\.asNumber).filter(limits.allows)
      guard entries.count == 2, numbers.count == 2, numbers[0] <= numbers[1] else { return nil }
      return .list(numbers.map(ParameterValue.number))
    case .integers(let range, let count):
      let integers = entries.compactMap(\.asInteger).filter(range.contains)
      guard integers.count == entries.count, count.contains(integers.count) else { return nil }
      return .list(integers.map(ParameterValue.integer))
    default:
      return nil
    }
  }

  private static func parsedValue(_ text: String, _ kind: ParameterKind) -> ParameterValue {
    switch kind {
    case .choice, .label: .text(text)
    case .flag, .flagOrAuto:
      text == "true" ? .flag(true) : text == "false" ? .flag(false) : .text(text)
    case .number, .integer, .zeroOrOne: parsedNumber(text)
    case .numbers, .interval, .integers:
      .list(
        text.split(whereSeparator: { ", []".contains($0) }).map { parsedNumber(String($0)) })
    }
  }

  private static func parsedNumber(_ text: String) -> ParameterValue {
    if let value = Int64(text) { return .integer(value) }
    if let value = Double(text) { return .number(value) }
    return .text(text)
  }

  private static func text(_ range: ClosedRange<Int64>) -> String {
    range.upperBound == .max
      ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
  }
}
