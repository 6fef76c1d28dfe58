/// The detections of one category in one image, as average precision needs them.
struct CategoryRanking: Sendable {
  let category: Int
  let scores: [Double]
  /// Threshold-major: 1 right, 0 wrong, 2 ignored.
  let verdicts: [UInt8]
  /// Truths that count.
  let positives: Int
}

/// COCO's average precision and recall.
enum AveragePrecision {
  /// COCO's ten thresholds, as its evaluator computes them.
  static let thresholds = [
    0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.8999999999999999, 0.95,
  ]

  enum Summary: Sendable {
    case precision, precisionPerClass, recall
  }

  /// The rankings of one image.
  static func rankings(
    _ image: some MatchableImage, thresholds: [Double], maximum: Int, areas: ClosedRange<Double>?
  ) -> UnitPartial {
    let candidates = Candidates.inImage(image, scoreThreshold: nil, maximum: maximum)
    return .rankings(
      candidates.map { one in
        let matcher = Matcher(one, image, areas: areas)
        var verdicts: [UInt8] = []
        var positives = 0
        for threshold in thresholds {
          let matches = matcher.matches(threshold: threshold)
          positives = matches.positives
          for (index, truth) in matches.truthOf.enumerated() {
            verdicts.append(matches.isPredictionIgnored[index] ? 2 : truth == nil ? 0 : 1)
          }
        }
        return CategoryRanking(
          category: one.category, scores: one.predictions.map { image.scores[$0] },
          verdicts: verdicts, positives: positives)
      })
  }

  /// The value over all images.
  static func finish(
    _ partials: [UnitPartial], _ context: UnitContext, thresholds: Int, _ summary: Summary
  ) -> MetricOutcome {
    var byCategory = [[CategoryRanking]](repeating: [], count: context.classCount)
    for case .rankings(let rankings) in partials {
      for ranking in rankings { byCategory[ranking.category].append(ranking) }
    }
    var values: [[Double]?] = []
    for rankings in byCategory {
      let curve = Curve(rankings, thresholds: thresholds)
      values.append(
        curve.map { curve in
          (0..<thresholds).map { summary == .recall ? curve.recall($0) : curve.precision($0) }
        })
    }
    let defined = values.compactMap { $0 }
    guard !defined.isEmpty else { return .undefined(.noGroundTruth) }
    let mean = BlockSum.mean(defined.flatMap { $0 })
    guard summary == .precisionPerClass else { return .finite(mean) }
    return .values(values.map { $0.map(BlockSum.mean) }, mean: mean)
  }

  /// All detections of one category by falling score.
  private struct Curve {
    private let positives: Int
    /// Threshold-major verdicts in the order of scores.
    private let verdicts: [[UInt8]]

    /// nil if no truth counts.
    init?(_ rankings: [CategoryRanking], thresholds: Int) {
      positives = rankings.reduce(0) { $0 + $1.positives }
      guard positives > 0 else { return nil }
      let scores = rankings.flatMap(\.scores)
      // The sort is stable: equal scores keep the order of images, then that inside an image.
      let order = scores.indices.sorted {
        scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1
      }
      verdicts = (0..<thresholds).map { threshold in
        let joined = rankings.flatMap { ranking in
          let count = ranking.scores.count
          return ranking.verdicts[threshold * count..<(threshold + 1) * count]
        }
        return order.map { joined[$0] }
      }
    }

    /// The recall after the last detection.
    func recall(_ threshold: Int) -> Double {
      let right = verdicts[threshold].reduce(0) { $0 + ($1 == 1 ? 1 : 0) }
      return Double(right) / Double(positives)
    }

    /// The mean of the interpolated precisions at 101 recalls.
    func precision(_ threshold: Int) -> Double {
      var right = 0
      var wrong = 0
      var recalls: [Double] = []
      var precisions: [Double] = []
      for verdict in verdicts[threshold] {
        if verdict == 1 { right += 1 } else if verdict == 0 { wrong += 1 }
        recalls.append(Double(right) / Double(positives))
        precisions.append(Double(right) / (Double(wrong + right) + 0x1p-52))
      }
      for index in precisions.indices.dropLast().reversed() {
        precisions[index] = max(precisions[index], precisions[index + 1])
      }
      var position = 0
      let sampled = (0...100).map { step -> Double in
        while position < recalls.count, recalls[position] < Double(step) * 0.01 { position += 1 }
        return position < recalls.count ? precisions[position] : 0
      }
      return BlockSum.mean(sampled)
    }
  }
}
