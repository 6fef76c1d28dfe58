/// The parameters of one evaluation: checked, and complete with the defaults of the row.
public struct MetricParameters: Sendable, Equatable {
  private let values: [String: ParameterValue]
  /// Labels that were typed have no type; they match a class by its text.
  private let areTyped: Bool

  /// Checks values against a row; absent ones get their defaults.
  ///
  /// Throws `invalidParameter` for an unknown name or a value of wrong type or range.
  public init(
    _ given: [String: ParameterValue] = [:], for metric: MetricDescription
  ) throws(MetricError) {
    var values = try Self.defaults(metric)
    for (name, value) in given.sorted(by: { $0.key < $1.key }) {
      values[name] = try Self.parameter(name, of: metric).checked(value)
    }
    self.values = values
    areTyped = false
  }

  /// Checks values that someone typed: `["average": "macro", "iou_thresholds": "0.5,0.75"]`.
  public init(
    text given: [String: String], for metric: MetricDescription
  ) throws(MetricError) {
    var values = try Self.defaults(metric)
    for (name, text) in given.sorted(by: { $0.key < $1.key }) {
      values[name] = try Self.parameter(name, of: metric).parsed(text)
    }
    self.values = values
    areTyped = true
  }

  private static func defaults(
    _ metric: MetricDescription
  ) throws(MetricError) -> [String: ParameterValue] {
    var values: [String: ParameterValue] = [:]
    for parameter in metric.parameters {
      guard let value = parameter.defaultValue else { continue }
      values[parameter.name] = try parameter.checked(value)
    }
    return values
  }

  private static func parameter(
    _ name: String, of metric: MetricDescription
  ) throws(MetricError) -> ParameterDescription {
    if let parameter = metric.parameter(name) { return parameter }
    let known = metric.parameters.map(\.name).joined(separator: ", ")
    throw MetricError(
      .invalidParameter, at: name,
      "\(metric.id) has no such parameter; it has \(known.isEmpty ? "none" : known)")
  }

  /// The value of a parameter, if it was given or has a default.
  public subscript(name: String) -> ParameterValue? { values[name] }

  func text(_ name: String) -> String {
    guard case .text(let text)? = values[name] else { return "" }
    return text
  }

  func flag(_ name: String) -> Bool { values[name] == .flag(true) }

  func number(_ name: String) -> Double? { values[name]?.asNumber }

  func integer(_ name: String) -> Int? { values[name]?.asInteger.flatMap { Int(exactly: $0) } }

  func numbers(_ name: String) -> [Double]? {
    guard case .list(let entries)? = values[name] else { return nil }
    return entries.compactMap(\.asNumber)
  }

  func integers(_ name: String) -> [Int]? {
    guard case .list(let entries)? = values[name] else { return nil }
    return entries.compactMap { $0.asInteger.flatMap { Int(exactly: $0) } }
  }

  /// The value of a numeric parameter that has a default.
  func required(_ name: String) -> Double {
    guard let value = number(name) else {
      preconditionFailure("the catalogue gives \(name) no default")
    }
    return value
  }

  /// The position of the given positive class; nil if none was given.
  func positiveClass(in classes: [Label]) throws(MetricError) -> Int? {
    guard let value = values["positive_label"] else { return nil }
    let index: Int?
    switch value {
    case .text(let text) where areTyped:
      index =
        classes.firstIndex { $0 == .text(text) }
        ?? classes.firstIndex {
          $0.description.utf8.elementsEqual(text.utf8)
        }
    case .text(let text): index = classes.firstIndex(of: .text(text))
    case .integer(let number): index = classes.firstIndex(of: .integer(number))
    default: index = nil
    }
    if let index { return index }
    throw MetricError(
      .unknownLabel, at: "positive_label", "\"\(value)\" is not a declared class")
  }
}
