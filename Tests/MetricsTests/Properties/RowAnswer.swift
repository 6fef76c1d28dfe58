import Metrics

/// What a row says about an input: an outcome, or the name of an error.
enum RowAnswer: Equatable, CustomStringConvertible {
  case outcome(MetricOutcome)
  case error(MetricError.Name)

  init(_ evaluate: () throws -> MetricOutcome) throws {
    do {
      self = .outcome(try evaluate())
    } catch let error as MetricError {
      self = .error(error.name)
    }
  }

  var description: String {
    switch self {
    case .outcome(let outcome): "\(outcome)"
    case .error(let name): "error \(name)"
    }
  }

  /// The bits of its numbers: equality that tells -0.0 from 0.0.
  var bits: [UInt64?] { numbers.map { $0?.bitPattern } }

  var numbers: [Double?] {
    switch self {
    case .outcome(.value(let value)): [value]
    case .outcome(.values(let values, let mean)): values + [mean]
    case .outcome(.undefined), .error: []
    }
  }

  func isIdentical(to other: RowAnswer) -> Bool { self == other && bits == other.bits }

  /// Equality of the numbers but for rounding: the tolerance of sums of the specification.
  func isNear(_ other: RowAnswer, _ absolute: Double = 1e-12, _ relative: Double = 1e-10) -> Bool {
    guard numbers.count == other.numbers.count, !numbers.isEmpty else { return self == other }
    return zip(numbers, other.numbers).allSatisfy { got, expected in
      guard let got, let expected else { return (got == nil) == (expected == nil) }
      return (got - expected).magnitude <= absolute + relative * expected.magnitude
    }
  }
}

/// A row, one of the kinds of input that it takes, and parameters.
struct RowUse: CustomStringConvertible {
  let row: MetricDescription
  let kind: InputKind
  var parameters: [String: ParameterValue] = [:]

  var description: String {
    let given = parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    return (["\(row.task.name) \(row.id) of \(kind.rawValue)"] + given).joined(separator: " ")
  }

  /// All rows with every kind of input; a new row is tried by itself.
  static let all: [RowUse] = MetricTask.allCases.flatMap { task in
    MetricsCatalogue.metrics(for: task).flatMap { row in
      row.inputs.map { RowUse(row: row, kind: $0) }
    }
  }

  /// The same row with each value of each parameter that chooses something.
  var variants: [RowUse] {
    row.parameters.flatMap { parameter -> [RowUse] in
      let values: [ParameterValue]
      switch parameter.kind {
      case .choice(let choices): values = choices.map(ParameterValue.text)
      case .flag, .flagOrAuto: values = [.flag(true), .flag(false)]
      default: values = []
      }
      return values.filter { $0 != parameter.defaultValue }.map {
        RowUse(row: row, kind: kind, parameters: [parameter.name: $0])
      }
    }
  }

  func evaluate(_ input: MetricInput, workers: Int = 1) throws -> RowAnswer {
    try RowAnswer {
      try MetricsCatalogue.evaluate(
        task: row.task, metric: row.id, input: input, parameters: parameters, workers: workers)
    }
  }

  func makeState() throws -> MetricState {
    try MetricsCatalogue.makeState(
      task: row.task, metric: row.id, parameters: MetricParameters(parameters, for: row))
  }
}
