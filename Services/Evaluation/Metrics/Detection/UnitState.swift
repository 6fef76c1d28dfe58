/// What consecutive images contribute to a metric.
enum UnitPartial: Sendable {
  /// Per category, by index: right, wrong and missed objects of all the images.
  case counts([ObjectCounts])
  /// What average precision ranks.
  case detections(DetectionTable)
  /// Sums of each image.
  case sums([[Double]])
  /// For each image, per class the counts of pixels.
  case pixels([[ClassCounts]])
  /// For each image, per class a numerator and a denominator, or a value and 1.
  case ratios([[PixelRatio?]])
}

/// What all units of an evaluation have in common.
struct UnitContext: Sendable, Equatable {
  /// The number of categories or classes.
  let classCount: Int
  let categories: [Label]

  init(classCount: Int = 0, categories: [Label] = []) {
    self.classCount = classCount
    self.categories = categories
  }

  init(_ input: MetricInput) {
    switch input {
    case .detection(let set): self.init(set.categories)
    case .instances(let set): self.init(set.categories)
    case .keypointDetection(let set): self.init(set.objects.categories)
    case .segmentation(let maps): self.init(classCount: maps.classCount)
    default: preconditionFailure("\(input.kind) has no units")
    }
  }

  private init(_ categories: [Label]) {
    self.init(classCount: categories.count, categories: categories)
  }
}

/// A metric that is computed image by image and then over the images in their order.
struct UnitRule: Sendable {
  typealias Partial =
    @Sendable (MetricInput, Range<Int>, MetricParameters, Workers) throws(MetricError) ->
    UnitPartial
  typealias Finish =
    @Sendable ([UnitPartial], UnitContext, MetricParameters, Workers) -> MetricOutcome

  /// What a range of images contributes. There are several workers only for images that are too
  /// few to be shared among them.
  let partial: Partial
  /// The value, from the contributions in the order of their images.
  let finish: Finish
}

/// The contributions of images while chunks arrive.
struct UnitState: Sendable {
  private var partials: [(position: Int, partial: UnitPartial)] = []
  private var context: UnitContext?

  mutating func add(
    _ input: MetricInput, _ range: Range<Int>, at offset: Int, _ rule: UnitRule,
    _ parameters: MetricParameters, _ workers: Workers
  ) throws(MetricError) {
    try accept(UnitContext(input))
    guard !range.isEmpty else { return }
    append(try rule.partial(input, range, parameters, workers), at: offset)
  }

  /// Counts of objects have no order: they are kept as one sum.
  private mutating func append(_ partial: UnitPartial, at position: Int) {
    guard case .counts(let added) = partial, case .counts(var sum)? = partials.first?.partial else {
      return partials.append((position, partial))
    }
    partials.removeAll()
    for category in sum.indices { sum[category] += added[category] }
    partials.append((position, .counts(sum)))
  }

  mutating func merge(_ other: UnitState) throws(MetricError) {
    guard let theirs = other.context else { return }
    try accept(theirs)
    for (position, partial) in other.partials { append(partial, at: position) }
  }

  func outcome(
    _ rule: UnitRule, _ parameters: MetricParameters, _ workers: Workers
  ) -> MetricOutcome {
    let ordered = partials.sorted { $0.position < $1.position }.map(\.partial)
    return rule.finish(ordered, context ?? UnitContext(), parameters, workers)
  }

  private mutating func accept(_ next: UnitContext) throws(MetricError) {
    if let context, context != next { throw ClassScores.otherClasses }
    context = next
  }
}
