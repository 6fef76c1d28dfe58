/// What one image contributes to a metric.
enum UnitPartial: Sendable {
  /// Per category, by index: right, wrong and missed objects.
  case counts([Int: ObjectCounts])
  /// Per category and threshold what average precision needs.
  case rankings([CategoryRanking])
  /// Sums of an image.
  case sums([Double])
  /// Per class the counts of pixels.
  case pixels([ClassCounts])
  /// Per class a numerator and a denominator, or a value and 1.
  case ratios([PixelRatio?])
}

/// What all units of an evaluation have in common.
struct UnitContext: Sendable, Equatable {
  /// The number of categories or classes.
  let classCount: Int
  let categories: [Label]
}

/// A metric that is computed image by image and then over the images in their order.
struct UnitRule: Sendable {
  let partial: @Sendable (MetricInput, Int, MetricParameters) throws(MetricError) -> UnitPartial
  let finish: @Sendable ([UnitPartial], UnitContext, MetricParameters) -> MetricOutcome
}

/// The contributions of images while chunks arrive.
struct UnitState: Sendable {
  private var partials: [(position: Int, partial: UnitPartial)] = []
  private var context: UnitContext?

  mutating func add(
    _ input: MetricInput, _ range: Range<Int>, at offset: Int, _ rule: UnitRule,
    _ parameters: MetricParameters
  ) throws(MetricError) {
    try accept(Self.context(input))
    for (index, unit) in range.enumerated() {
      partials.append((offset + index, try rule.partial(input, unit, parameters)))
    }
  }

  mutating func merge(_ other: UnitState) throws(MetricError) {
    guard let theirs = other.context else { return }
    try accept(theirs)
    partials += other.partials
  }

  func outcome(_ rule: UnitRule, _ parameters: MetricParameters) -> MetricOutcome {
    let ordered = partials.sorted { $0.position < $1.position }.map(\.partial)
    let none = UnitContext(classCount: 0, categories: [])
    return rule.finish(ordered, context ?? none, parameters)
  }

  private mutating func accept(_ next: UnitContext) throws(MetricError) {
    if let context, context != next { throw ClassScores.otherClasses }
    context = next
  }

  private static func context(_ input: MetricInput) -> UnitContext {
    switch input {
    case .detection(let set):
      UnitContext(classCount: set.categories.count, categories: set.categories)
    case .instances(let set):
      UnitContext(classCount: set.categories.count, categories: set.categories)
    case .keypointDetection(let set):
      UnitContext(classCount: set.objects.categories.count, categories: set.objects.categories)
    case .segmentation(let maps): UnitContext(classCount: maps.classCount, categories: [])
    default: preconditionFailure("\(input.kind) has no units")
    }
  }
}
