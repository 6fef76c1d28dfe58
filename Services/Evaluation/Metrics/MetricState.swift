/// The state of one evaluation while the samples arrive in chunks.
///
/// Chunks may be added in any order, to any number of states on any number of threads, and the
/// states merged in any order: the bits of the outcome depend on the samples alone. Each chunk
/// says where it stands in the whole by the position of its first sample; chunks must not overlap.
/// Count and sum metrics need memory for neither truth nor prediction; metrics that rank or pair
/// samples keep them.
public struct MetricState: Sendable {
  fileprivate enum Storage: Sendable {
    case confusion(ConfusionState)
    case multilabel(MultilabelState)
    case sums(SumState)
    case moments(MomentState)
    case units(UnitState)
    case whole([Part])
  }

  fileprivate struct Part: Sendable {
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
    if let kind, kind != chunk.kind { throw MetricInput.mixedKinds(kind, chunk.kind) }
    try chunk.validate()
    // Some faults show only while terms are computed: a chunk is added as a whole or not at all.
    var added = MetricState(sameAs: self)
    if computation.keepsSamples {
      try added.add(chunk, 0..<chunk.count, at: offset, computation)
    } else {
      for batch in chunk.batches(of: 0..<chunk.count) {
        try added.add(chunk, batch, at: offset + batch.lowerBound, computation)
      }
    }
    try merge(added)
  }

  /// Adds a range of an input whose values have been checked, or that the computation checks. There
  /// are several workers only for samples that are too few to be shared among them. After an error
  /// the state is of no more use.
  mutating func add(
    _ input: MetricInput, _ range: Range<Int>, at offset: Int, _ computation: Computation,
    workers: Workers = .one
  ) throws(MetricError) {
    kind = input.kind
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

  /// Adds what another state of the same evaluation has collected; an error changes nothing.
  public mutating func merge(_ other: MetricState) throws(MetricError) {
    guard let otherKind = other.kind, let theirs = other.storage else { return }
    if let kind, kind != otherKind { throw MetricInput.mixedKinds(kind, otherKind) }
    if var mine = storage {
      // Taken out, so that it grows in place.
      storage = nil
      defer { storage = mine }
      try mine.merge(theirs)
    } else {
      storage = theirs
    }
    kind = otherKind
    count += other.count
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

  /// The samples of all parts in their order.
  private static func joined(_ parts: [Part]) throws(MetricError) -> MetricInput {
    let ordered = parts.sorted { $0.offset < $1.offset }.map(\.input)
    return try joined(ordered[...])
  }

  /// Halves are joined first, so that no sample is copied more often than there are halvings.
  private static func joined(_ inputs: ArraySlice<MetricInput>) throws(MetricError) -> MetricInput {
    guard inputs.count > 1 else { return inputs[inputs.startIndex] }
    let middle = inputs.startIndex + inputs.count / 2
    var whole = try joined(inputs[..<middle])
    let rest = try joined(inputs[middle...])
    if rest.count > 0 { try whole.append(rest) }
    return whole
  }
}

extension MetricState.Storage {
  /// Adds what was collected elsewhere; an error changes nothing.
  fileprivate mutating func merge(_ other: Self) throws(MetricError) {
    // Each payload leaves the enumeration while it grows, or it would be copied.
    switch (self, other) {
    case (.confusion(var mine), .confusion(let theirs)):
      self = .whole([])
      defer { self = .confusion(mine) }
      try mine.merge(theirs)
    case (.multilabel(var mine), .multilabel(let theirs)):
      self = .whole([])
      defer { self = .multilabel(mine) }
      try mine.merge(theirs)
    case (.sums(var mine), .sums(let theirs)):
      self = .whole([])
      mine.merge(theirs)
      self = .sums(mine)
    case (.moments(var mine), .moments(let theirs)):
      self = .whole([])
      mine.merge(theirs)
      self = .moments(mine)
    case (.units(var mine), .units(let theirs)):
      self = .whole([])
      defer { self = .units(mine) }
      try mine.merge(theirs)
    case (.whole(var mine), .whole(let theirs)):
      self = .whole([])
      mine += theirs
      self = .whole(mine)
    default: preconditionFailure("states of one row and kind of input collect the same")
    }
  }
}
