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
  /// From mean, spread and ends of the actual values and of the errors.
  case moments(MomentRule)
  /// From what each image contributes.
  case units(UnitRule)
  /// From the points of series.
  case series(PointRule)
  /// From all samples together.
  case whole(Whole)

  /// Whether the values of samples are checked while they are computed, and not before.
  func checksValues(of kind: InputKind) -> Bool {
    switch self {
    case .confusion: kind == .labels
    case .sums(let rule): rule.blockSum != nil
    case .moments, .series: true
    case .multilabel, .units, .whole: false
    }
  }

  /// Whether what is kept of a few samples may be large: up to 8 MiB of confusion counts.
  var isLarge: Bool {
    if case .confusion = self { true } else { false }
  }

  /// Whether all samples are kept until the end.
  var keepsSamples: Bool {
    switch self {
    case .series, .whole: true
    case .confusion, .multilabel, .sums, .moments, .units: false
    }
  }
}

/// A metric that is a function of sums over the samples.
struct SumRule: Sendable {
  typealias Terms =
    @Sendable (MetricInput, Range<Int>, MetricParameters) throws(MetricError) -> [[Double]]
  typealias Finish = @Sendable ([Double], Int, MetricParameters) -> MetricOutcome
  typealias BlockTerms = @Sendable (MetricInput, Range<Int>, MetricParameters) -> CompensatedSum?

  /// The terms of a range of samples: one list per sum, each the same number of terms per sample.
  let terms: Terms
  /// The value, from the sums and the number of terms of each.
  let finish: Finish
  /// A short cut for a rule of one sum with a term a sample: the sum of a whole block, with the
  /// bits that its terms would give, and not finite if a value of the block is not; nil if the
  /// parameters do not allow it.
  let blockSum: BlockTerms?

  init(
    terms: @escaping Terms, finish: @escaping Finish = SumRule.mean, blockSum: BlockTerms? = nil
  ) {
    self.terms = terms
    self.finish = finish
    self.blockSum = blockSum
  }

  /// The mean of the first list of terms.
  static let mean: Finish = { sums, count, _ in .finite(sums[0] / Double(count)) }

}

/// A metric that is a function of the moments of actual values and of errors.
struct MomentRule: Sendable {
  let finish: @Sendable (_ truth: TotalMoments, _ errors: TotalMoments) -> MetricOutcome
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
