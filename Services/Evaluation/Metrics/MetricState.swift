/// The state of one evaluation while the samples arrive in chunks.
///
/// Chunks may be added in any order, to any number of states on any number of threads, and the
/// states merged in any order: the bits of the outcome depend on the samples alone. Each chunk
/// says where it stands in the whole by the position of its first sample; chunks must not overlap.
/// Count and sum metrics need memory for neither truth nor prediction; metrics that rank or pair
/// samples keep them.
public struct MetricState: Sendable {
  private enum Storage: Sendable {
    case confusion(ConfusionState)
    case multilabel(MultilabelState)
    case sums(SumState)
    case moments(MomentState)
    case units(UnitState)
    case whole([Part])
  }

  private struct Part: Sendable {
    let offset: Int
    let input: MetricInput
  }

  private let row: MetricRow
  private let parameters: MetricParameters
  private var kind: InputKind?
  private var storage: Storage?
  private var count = 0

  init(row: MetricRow, parameters: MetricParameters) throws(MetricError) {
    try row.check(parameters)
    self.row = row
    self.parameters = parameters
  }

  /// An empty state of the same evaluation.
  private init(sameAs other: MetricState) {
    row = other.row
    parameters = other.parameters
  }

  /// The number of samples added so far.
  public var sampleCount: Int { count }

  /// Adds samples that stand at `offset`, `offset + 1`, … of the whole.
  public mutating func add(_ chunk: MetricInput, at offset: Int) throws(MetricError) {
    let computation = try row.computation(for: chunk.kind)
    try accept(chunk.kind)
    // All of it is checked before any of it is added: a bad chunk leaves the state as it was.
    try chunk.validate()
    if computation.keepsSamples {
      try add(chunk, 0..<chunk.count, at: offset, computation)
    } else if case .units = computation {
      // Images are also checked while they are computed.
      var added = MetricState(sameAs: self)
      for batch in chunk.batches(of: 0..<chunk.count) {
        try added.add(chunk, batch, at: offset + batch.lowerBound, computation)
      }
      try merge(added)
    } else {
      for batch in chunk.batches(of: 0..<chunk.count) {
        try add(chunk, batch, at: offset + batch.lowerBound, computation)
      }
    }
  }

  /// Adds a range of an input whose values have been checked, or that the computation checks. There
  /// are several workers only for samples that are too few to be shared among them.
  mutating func add(
    _ input: MetricInput, _ range: Range<Int>, at offset: Int, _ computation: Computation,
    workers: Workers = .one
  ) throws(MetricError) {
    try accept(input.kind)
    count += range.count
    switch computation {
    case .confusion:
      guard case .confusion(var state) = storage ?? .confusion(ConfusionState()) else { return }
      storage = nil
      try state.add(input, range, parameters)
      storage = .confusion(state)
    case .multilabel(let rule):
      guard case .multilabel(var state) = storage ?? .multilabel(MultilabelState()) else { return }
      storage = nil
      try state.add(input, range, at: offset, rule, parameters)
      storage = .multilabel(state)
    case .sums(let rule):
      guard case .sums(var state) = storage ?? .sums(SumState()) else { return }
      storage = nil
      try state.add(input, range, at: offset, rule, parameters)
      storage = .sums(state)
    case .moments:
      guard case .moments(var state) = storage ?? .moments(MomentState()) else { return }
      storage = nil
      try state.add(input, range, at: offset)
      storage = .moments(state)
    case .units(let rule):
      guard case .units(var state) = storage ?? .units(UnitState()) else { return }
      storage = nil
      try state.add(input, range, at: offset, rule, parameters, workers)
      storage = .units(state)
    case .series, .whole:
      guard case .whole(var parts) = storage ?? .whole([]) else { return }
      storage = nil
      let isAll = range.count == input.count
      parts.append(Part(offset: offset, input: isAll ? input : input.slice(range)))
      storage = .whole(parts)
    }
  }

  /// Adds what another state of the same evaluation has collected.
  public mutating func merge(_ other: MetricState) throws(MetricError) {
    guard let otherKind = other.kind, let theirs = other.storage else { return }
    try accept(otherKind)
    count += other.count
    switch (storage, theirs) {
    case (nil, _): storage = theirs
    case (.confusion(var a), .confusion(let b)):
      try a.merge(b)
      storage = .confusion(a)
    case (.multilabel(var a), .multilabel(let b)):
      try a.merge(b)
      storage = .multilabel(a)
    case (.sums(var a), .sums(let b)):
      a.merge(b)
      storage = .sums(a)
    case (.moments(var a), .moments(let b)):
      a.merge(b)
      storage = .moments(a)
    case (.units(var a), .units(let b)):
      try a.merge(b)
      storage = .units(a)
    case (.whole(let a), .whole(let b)): storage = .whole(a + b)
    default: throw MetricInput.mixedKinds(kind ?? otherKind, otherKind)
    }
  }

  /// The outcome over everything added so far.
  ///
  /// `workers` bounds the threads used; the outcome's bits do not depend on it.
  public func outcome(workers: Workers = .one) throws(MetricError) -> MetricOutcome {
    guard let kind, let storage, count > 0 else {
      throw MetricError(.emptyInput, "there are no samples")
    }
    switch (storage, try row.computation(for: kind)) {
    case (.confusion(let state), .confusion(let finish)):
      return try finish(state.counts, parameters)
    case (.multilabel(let state), .multilabel(let rule)):
      return try rule.finish(state.counts, parameters)
    case (.sums(let state), .sums(let rule)):
      return state.outcome(rule, parameters)
    case (.moments(let state), .moments(let rule)):
      return state.outcome(rule)
    case (.units(let state), .units(let rule)):
      return state.outcome(rule, parameters, workers)
    case (.whole(let parts), .series(let rule)):
      return try rule.evaluate(series: Self.joined(parts), parameters, workers)
    case (.whole(let parts), .whole(let compute)):
      return try compute(Self.joined(parts), parameters, workers)
    default:
      preconditionFailure("storage is made by the computation of the same kind of input")
    }
  }

  private mutating func accept(_ next: InputKind) throws(MetricError) {
    if let kind, kind != next { throw MetricInput.mixedKinds(kind, next) }
    kind = next
  }

  private static func joined(_ parts: [Part]) throws(MetricError) -> MetricInput {
    let ordered = parts.sorted { $0.offset < $1.offset }
    var whole = ordered[0].input
    for part in ordered.dropFirst() where part.input.count > 0 { try whole.append(part.input) }
    return whole
  }
}
