/// How a row is computed from one kind of input.
///
/// The cases differ in what has to be kept while chunks arrive: counts, sums, or the samples.
enum Computation: Sendable {
  typealias Whole =
    @Sendable (MetricInput, MetricParameters, Workers) throws(MetricError) -> MetricOutcome

  /// From the confusion counts of hard labels, or of scores reduced to labels.
  case confusion(
    @Sendable (ConfusionCounts, MetricParameters) throws(MetricError) -> MetricOutcome)
  /// From the counts of each label of multilabel samples.
  case multilabel(MultilabelRule)
  /// From sums of one term per sample.
  case sums(SumRule)
  /// From what each image contributes.
  case units(UnitRule)
  /// From all samples together.
  case whole(Whole)
}

/// A metric that is a function of sums over the samples.
struct SumRule: Sendable {
  typealias Terms =
    @Sendable (MetricInput, Range<Int>, MetricParameters) throws(MetricError) -> [[Double]]
  typealias Finish = @Sendable ([Double], Int, MetricParameters) -> MetricOutcome

  /// The terms of a range of samples: one list per sum, each the same number of terms per sample.
  let terms: Terms
  /// The value, from the sums and the number of terms of each.
  let finish: Finish

  init(terms: @escaping Terms, finish: @escaping Finish = SumRule.mean) {
    self.terms = terms
    self.finish = finish
  }

  /// The mean of the first list of terms.
  static let mean: Finish = { sums, count, _ in .finite(sums[0] / Double(count)) }

  /// Evaluates samples that are all at hand.
  func evaluate(
    _ input: MetricInput, _ parameters: MetricParameters
  ) throws(MetricError) -> MetricOutcome {
    let lists = try terms(input, 0..<input.count, parameters)
    return finish(lists.map(BlockSum.sum), lists[0].count, parameters)
  }
}

/// One row: its description and its computations by kind of input.
struct MetricRow: Sendable {
  let description: MetricDescription
  let computations: [InputKind: Computation]
  /// Checks combinations of parameters that are each valid.
  let check: @Sendable (MetricParameters) throws(MetricError) -> Void

  init(
    _ task: MetricTask, _ id: String, _ title: String, _ summary: String,
    _ direction: MetricDirection, _ range: MetricRange,
    parameters: [ParameterDescription] = [], computations: [InputKind: Computation],
    ranking: String? = nil,
    check: @escaping @Sendable (MetricParameters) throws(MetricError) -> Void = { _ in }
  ) {
    description = MetricDescription(
      task: task, id: id, title: title, summary: summary, direction: direction, range: range,
      parameters: parameters, inputs: InputKind.allCases.filter { computations[$0] != nil },
      ranking: ranking ?? Self.ranking(direction), version: 1)
    self.computations = computations
    self.check = check
  }

  func computation(for kind: InputKind) throws(MetricError) -> Computation {
    if let computation = computations[kind] { return computation }
    let accepted = description.inputs.map(\.rawValue).joined(separator: ", ")
    throw MetricError(
      .unsupportedInput,
      "\(description.id) cannot be computed from \(kind.rawValue); it takes \(accepted)")
  }

  private static func ranking(_ direction: MetricDirection) -> String {
    switch direction {
    case .higher: "the highest value is best"
    case .lower: "the lowest value is best"
    case .lowerAbsolute: "the value nearest to zero is best"
    }
  }
}
