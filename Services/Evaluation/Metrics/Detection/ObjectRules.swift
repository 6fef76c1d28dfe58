import Glibc

/// Computations of rows that match detections with truths.
enum ObjectRules {
  /// How an image of an input is compared.
  typealias WithImage =
    @Sendable (MetricInput, Int, MetricParameters) throws(MetricError) -> any MatchableImage

  static let boxes: WithImage = { input, index, _ in
    guard case .detection(let set) = input else { preconditionFailure("takes boxes") }
    return BoxImage(image: set.images[index])
  }

  static let masks: WithImage = { input, index, _ in
    guard case .instances(let set) = input else { preconditionFailure("takes masks") }
    return MaskImage(image: set.images[index])
  }

  static let keypoints: WithImage = { input, index, parameters throws(MetricError) in
    guard case .keypointDetection(let set) = input else { preconditionFailure("takes keypoints") }
    let sigmas = try KeypointSimilarity.sigmas(parameters, keypoints: set.keypointCount)
    return KeypointImage(image: set.objects.images[index], sigmas: sigmas)
  }

  // MARK: Counts

  enum CountRatio: Sendable {
    case accuracy, precision, recall, f1

    func parts(_ counts: ObjectCounts, overPredictions: Bool) -> (Int64, Int64) {
      switch self {
      case .accuracy:
        (counts.right, overPredictions ? counts.right + counts.wrong : counts.total)
      case .precision: (counts.right, counts.right + counts.wrong)
      case .recall: (counts.right, counts.right + counts.missed)
      case .f1: (2 * counts.right, 2 * counts.right + counts.wrong + counts.missed)
      }
    }
  }

  static func counted(
    _ ratio: CountRatio, threshold: String, _ image: @escaping WithImage
  ) -> Computation {
    .units(
      UnitRule(
        partial: { input, index, parameters throws(MetricError) in
          let image = try image(input, index, parameters)
          return counts(image, threshold: parameters.required(threshold), parameters)
        },
        finish: { partials, _, parameters in finish(ratio, partials, parameters) }))
  }

  private static func counts(
    _ image: some MatchableImage, threshold: Double, _ parameters: MetricParameters
  ) -> UnitPartial {
    var counts: [Int: ObjectCounts] = [:]
    for candidates in self.candidates(image, parameters) {
      let matches = Matcher(candidates, image, areas: nil).matches(threshold: threshold)
      counts[candidates.category, default: ObjectCounts()] += matches.counts
    }
    return .counts(counts)
  }

  private static func finish(
    _ ratio: CountRatio, _ partials: [UnitPartial], _ parameters: MetricParameters
  ) -> MetricOutcome {
    var byCategory: [Int: ObjectCounts] = [:]
    for case .counts(let counts) in partials {
      for (category, count) in counts { byCategory[category, default: ObjectCounts()] += count }
    }
    let occurring = byCategory.sorted { $0.key < $1.key }.map(\.value).filter { $0.total > 0 }
    guard !occurring.isEmpty else { return .undefined(.noObjects) }
    let overPredictions = parameters.text("denominator") == "predictions"
    func value(_ counts: ObjectCounts) -> Double {
      let (numerator, denominator) = ratio.parts(counts, overPredictions: overPredictions)
      guard denominator > 0 else { return parameters.required("zero_division") }
      return Double(numerator) / Double(denominator)
    }
    if parameters.text("average") == "macro" {
      return .finite(BlockSum.mean(occurring.map(value)))
    }
    return .finite(value(occurring.reduce(into: ObjectCounts()) { $0 += $1 }))
  }

  private static func candidates(
    _ image: some MatchableImage, _ parameters: MetricParameters
  ) -> [Candidates] {
    Candidates.inImage(
      image, scoreThreshold: parameters.required("score_threshold"),
      maximum: parameters.integer("max_dets") ?? Int.max)
  }

  // MARK: Average precision and recall

  static func averaged(
    _ summary: AveragePrecision.Summary, thresholds name: String, _ image: @escaping WithImage
  ) -> Computation {
    .units(averagedRule(summary, thresholds: name, image))
  }

  static func averagedRule(
    _ summary: AveragePrecision.Summary, thresholds name: String, _ image: @escaping WithImage
  ) -> UnitRule {
    UnitRule(
      partial: { input, index, parameters throws(MetricError) in
        let image = try image(input, index, parameters)
        let areas = parameters.numbers("area_range").map { $0[0]...$0[1] }
        return rankings(image, parameters, name, areas)
      },
      finish: { partials, context, parameters in
        let count = parameters.numbers(name)?.count ?? 0
        return AveragePrecision.finish(partials, context, thresholds: count, summary)
      })
  }

  private static func rankings(
    _ image: some MatchableImage, _ parameters: MetricParameters, _ name: String,
    _ areas: ClosedRange<Double>?
  ) -> UnitPartial {
    AveragePrecision.rankings(
      image, thresholds: parameters.numbers(name) ?? [],
      maximum: parameters.integer("max_dets") ?? Int.max, areas: areas)
  }

  // MARK: Assignment

  /// Mean gain per truth of the best assignment, or over all pairs. `missing` is what a truth
  /// without detection counts.
  static func assigned(
    isGeneralized: Bool, missing: Double, otherwise: UndefinedReason = .noGroundTruth,
    _ image: @escaping WithImage
  ) -> UnitRule {
    UnitRule(
      partial: { input, index, parameters throws(MetricError) in
        let image = try image(input, index, parameters)
        return assignment(image, parameters, isGeneralized: isGeneralized, missing: missing)
      },
      finish: { partials, _, parameters in
        let (sum, count) = totals(partials)
        guard count > 0 else {
          return .undefined(parameters.text("pairing") == "all_pairs" ? .noPairs : otherwise)
        }
        return .finite(sum / count)
      })
  }

  /// The sum of gains of an image, and what it is divided by.
  private static func assignment(
    _ image: some MatchableImage, _ parameters: MetricParameters, isGeneralized: Bool,
    missing: Double
  ) -> UnitPartial {
    var sum = CompensatedSum()
    var count = 0
    for candidates in self.candidates(image, parameters) {
      let truths = candidates.truths.filter { !image.isCrowd[$0] && !image.isUnscored(truth: $0) }
      let predictions = candidates.predictions
      let gain = predictions.flatMap { prediction in
        truths.map {
          isGeneralized ? image.generalized(prediction, $0) : image.similarity(prediction, $0)
        }
      }
      if parameters.text("pairing") == "all_pairs" {
        for value in gain { sum.add(value) }
        count += gain.count
        continue
      }
      let partners = Assignment.best(
        gain: gain, rows: predictions.count, columns: truths.count)
      for (row, column) in partners.enumerated() {
        if let column { sum.add(gain[row * truths.count + column]) }
      }
      let penalizesExtra = parameters.flag("penalize_extra")
      let places = penalizesExtra ? max(truths.count, predictions.count) : truths.count
      for _ in min(
        truths.count, predictions.count)..<max(places, min(truths.count, predictions.count))
      {
        sum.add(missing)
      }
      count += places
    }
    return .sums([sum.value, Double(count)])
  }

  private static func totals(_ partials: [UnitPartial]) -> (Double, Double) {
    var sums: [Double] = []
    var counts: [Double] = []
    for case .sums(let values) in partials {
      sums.append(values[0])
      counts.append(values[1])
    }
    return (BlockSum.sum(sums), BlockSum.sum(counts))
  }

  // MARK: Set loss

  /// Classification and localization loss after matching, per truth.
  static func loss(_ image: @escaping WithImage) -> Computation {
    .units(
      UnitRule(
        partial: { input, index, parameters throws(MetricError) in
          let image = try image(input, index, parameters)
          for (position, score) in image.scores.enumerated() {
            try Check.probability(score, "images[\(index)].pred.scores[\(position)]")
          }
          return losses(image, parameters)
        },
        finish: { partials, _, parameters in
          let parts = partials.compactMap { partial -> [Double]? in
            if case .sums(let values) = partial { values } else { nil }
          }
          let classification = BlockSum.sum(parts.map { $0[0] })
          let localization = BlockSum.sum(parts.map { $0[1] })
          let truths = BlockSum.sum(parts.map { $0[2] })
          let total =
            parameters.required("class_weight") * classification
            + parameters.required("box_weight") * localization
          return .finite(total / max(1, truths))
        }))
  }

  private static func losses(
    _ image: some MatchableImage, _ parameters: MetricParameters
  ) -> UnitPartial {
    let epsilon = parameters.required("epsilon")
    var classification = CompensatedSum()
    var localization = CompensatedSum()
    var truths = 0
    for candidates in self.candidates(image, parameters) {
      let matches = Matcher(candidates, image, areas: nil)
        .matches(threshold: parameters.required("iou_threshold"))
      for (index, prediction) in candidates.predictions.enumerated()
      where !matches.isPredictionIgnored[index] {
        let score = min(max(image.scores[prediction], epsilon), 1 - epsilon)
        if let truth = matches.truthOf[index] {
          classification.add(-log(score))
          localization.add(1 - image.generalized(prediction, candidates.truths[truth]))
        } else {
          classification.add(-log(1 - score))
        }
      }
      for (index, isMatched) in matches.isTruthMatched.enumerated()
      where !isMatched && !matches.isTruthIgnored[index] {
        classification.add(-log(epsilon))
        localization.add(1)
      }
      truths += matches.positives
    }
    return .sums([classification.value, localization.value, Double(truths)])
  }
}
