import Glibc

/// Computations of rows that match detections with truths.
///
/// They are generic over what is compared: boxes, masks or keypoints.
enum ObjectRules {
  /// Detections that count, grouped by category.
  private static func groups(
    _ categories: Int, _ parameters: MetricParameters
  ) -> CategoryGroups {
    CategoryGroups(
      categories: categories, scoreThreshold: parameters.required("score_threshold"),
      maximum: parameters.integer("max_dets") ?? Int.max)
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

  static func counted<Source: ObjectSource>(
    _ ratio: CountRatio, threshold: String, _: Source.Type
  ) -> Computation {
    .units(
      UnitRule(
        partial: { input, range, parameters, _ throws(MetricError) in
          let source = try Source(input, sigmas: parameters.numbers("sigmas"))
          return .counts(
            counts(source, range, threshold: parameters.required(threshold), parameters))
        },
        finish: { partials, context, parameters, _ in
          finish(ratio, partials, context, parameters)
        }))
  }

  private static func counts<Source: ObjectSource>(
    _ source: Source, _ range: Range<Int>, threshold: Double, _ parameters: MetricParameters
  ) -> [ObjectCounts] {
    var counts = [ObjectCounts](repeating: ObjectCounts(), count: source.categoryCount)
    var groups = groups(source.categoryCount, parameters)
    var matcher = Matcher<Source.Image>(thresholds: [threshold])
    for index in range {
      let image = source.image(index)
      groups.fill(image)
      for group in groups.groups {
        let truths = groups.truths[group.truths]
        matcher.begin(image, truths)
        var found = ObjectCounts()
        for position in group.predictions {
          guard matcher.compare(image, groups.predictions[position], truths),
            let truth = matcher.match(area: 0, threshold: 0)
          else {
            found.wrong += 1
            continue
          }
          if !matcher.isIgnored(truth: truth) { found.right += 1 }
        }
        found.missed = Int64(matcher.positives(area: 0)) - found.right
        counts[group.category] += found
      }
    }
    return counts
  }

  private static func finish(
    _ ratio: CountRatio, _ partials: [UnitPartial], _ context: UnitContext,
    _ parameters: MetricParameters
  ) -> MetricOutcome {
    var byCategory = [ObjectCounts](repeating: ObjectCounts(), count: context.classCount)
    for case .counts(let counts) in partials {
      for category in counts.indices { byCategory[category] += counts[category] }
    }
    let occurring = byCategory.filter { $0.total > 0 }
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

  // MARK: Average precision and recall

  static func averaged<Source: ObjectSource>(
    _ summary: AveragePrecision.Summary, thresholds name: String, _: Source.Type
  ) -> Computation {
    .units(averagedRule(summary, thresholds: name, Source.self))
  }

  static func averagedRule<Source: ObjectSource>(
    _ summary: AveragePrecision.Summary, thresholds name: String, _: Source.Type
  ) -> UnitRule {
    @Sendable func layout(_ categories: Int, _ parameters: MetricParameters)
      -> DetectionTable.Layout
    {
      DetectionTable.Layout(
        categoryCount: categories, thresholds: parameters.numbers(name) ?? [],
        areas: [parameters.numbers("area_range").map { $0[0]...$0[1] }],
        maximum: parameters.integer("max_dets") ?? Int.max)
    }
    return UnitRule(
      partial: { input, range, parameters, _ throws(MetricError) in
        let source = try Source(input, sigmas: parameters.numbers("sigmas"))
        return .detections(
          DetectionTable(source, range, layout(source.categoryCount, parameters)))
      },
      finish: { partials, context, parameters, workers in
        let tables = partials.compactMap { partial in
          if case .detections(let table) = partial { table } else { nil }
        }
        let layout = layout(context.classCount, parameters)
        let ranking = AveragePrecision.Ranking(tables, layout, workers)
        return summary.value(ranking.curves(area: 0, maximum: layout.maximum, workers))
      })
  }

  // MARK: Assignment

  /// Mean gain per truth of the best assignment, or over all pairs. `missing` is what a truth
  /// without detection counts.
  static func assigned<Source: ObjectSource>(
    isGeneralized: Bool, missing: Double, _: Source.Type
  ) -> UnitRule {
    UnitRule(
      partial: { input, range, parameters, _ throws(MetricError) in
        let gains = AssignedGains(
          isGeneralized: isGeneralized, missing: missing,
          overAllPairs: parameters.text("pairing") == "all_pairs",
          penalizesExtra: parameters.flag("penalize_extra"))
        let source = try Source(input, sigmas: parameters.numbers("sigmas"))
        var groups = groups(source.categoryCount, parameters)
        return .sums(
          range.map { index in
            let image = source.image(index)
            groups.fill(image)
            return gains.sums(image, groups)
          })
      },
      finish: { partials, _, parameters, _ in
        let sums = sums(partials, 2)
        guard sums[1] > 0 else {
          return .undefined(
            parameters.text("pairing") == "all_pairs" ? .noPairs : .noGroundTruth)
        }
        return .finite(sums[0] / sums[1])
      })
  }

  /// The sums over all images.
  private static func sums(_ partials: [UnitPartial], _ count: Int) -> [Double] {
    var lists = [[Double]](repeating: [], count: count)
    for case .sums(let images) in partials {
      for values in images {
        for (index, value) in values.enumerated() { lists[index].append(value) }
      }
    }
    return lists.map(BlockSum.sum)
  }

  /// How the gains of an image are summed.
  private struct AssignedGains {
    let isGeneralized: Bool
    let missing: Double
    let overAllPairs: Bool
    let penalizesExtra: Bool

    /// The sum of gains of an image, and what it is divided by.
    func sums(_ image: some MatchableImage, _ groups: CategoryGroups) -> [Double] {
      var sum = CompensatedSum()
      var count = 0
      for group in groups.groups {
        let truths = groups.truths[group.truths]
          .filter { !image.isCrowd[$0] && !image.isUnscored(truth: $0) }
        let predictions = groups.predictions[group.predictions]
        var gain: [Double] = []
        gain.reserveCapacity(predictions.count * truths.count)
        for prediction in predictions {
          for truth in truths {
            gain.append(
              isGeneralized
                ? image.generalized(prediction, truth) : image.similarity(prediction, truth))
          }
        }
        if overAllPairs {
          for value in gain { sum.add(value) }
          count += gain.count
          continue
        }
        let partners = Assignment.best(gain: gain, rows: predictions.count, columns: truths.count)
        for (row, column) in partners.enumerated() {
          if let column { sum.add(gain[row * truths.count + column]) }
        }
        let pairs = min(truths.count, predictions.count)
        let places = penalizesExtra ? max(truths.count, predictions.count) : truths.count
        for _ in pairs..<places { sum.add(missing) }
        count += places
      }
      return [sum.value, Double(count)]
    }
  }

  // MARK: Set loss

  /// Classification and localization loss after matching, per truth.
  static func loss<Source: ObjectSource>(_: Source.Type) -> Computation {
    .units(
      UnitRule(
        partial: { input, range, parameters, _ throws(MetricError) in
          let source = try Source(input, sigmas: parameters.numbers("sigmas"))
          for index in range {
            for (position, score) in source.image(index).scores.enumerated() {
              try Check.probability(score, "images[\(index)].pred.scores[\(position)]")
            }
          }
          return .sums(losses(source, range, parameters))
        },
        finish: { partials, _, parameters, _ in
          let sums = sums(partials, 3)
          let total =
            parameters.required("class_weight") * sums[0]
            + parameters.required("box_weight") * sums[1]
          return .finite(total / max(1, sums[2]))
        }))
  }

  /// For each image the losses of scores and of places, and the number of truths.
  private static func losses<Source: ObjectSource>(
    _ source: Source, _ range: Range<Int>, _ parameters: MetricParameters
  ) -> [[Double]] {
    let epsilon = parameters.required("epsilon")
    var groups = groups(source.categoryCount, parameters)
    var matcher = Matcher<Source.Image>(thresholds: [parameters.required("iou_threshold")])
    return range.map { index in
      let image = source.image(index)
      groups.fill(image)
      var classification = CompensatedSum()
      var localization = CompensatedSum()
      var truthCount = 0
      for group in groups.groups {
        let truths = groups.truths[group.truths]
        matcher.begin(image, truths)
        for position in group.predictions {
          let prediction = groups.predictions[position]
          let score = min(max(image.scores[prediction], epsilon), 1 - epsilon)
          guard matcher.compare(image, prediction, truths),
            let truth = matcher.match(area: 0, threshold: 0)
          else {
            classification.add(-log(1 - score))
            continue
          }
          if matcher.isIgnored(truth: truth) { continue }
          classification.add(-log(score))
          localization.add(
            1 - image.generalized(prediction, truths[truths.startIndex + truth]))
        }
        for truth in truths.indices.map({ $0 - truths.startIndex })
        where !matcher.isMatched(truth: truth) && !matcher.isIgnored(truth: truth) {
          classification.add(-log(epsilon))
          localization.add(1)
        }
        truthCount += matcher.positives(area: 0)
      }
      return [classification.value, localization.value, Double(truthCount)]
    }
  }
}
