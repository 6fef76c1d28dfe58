import Glibc

/// Losses of scored pixels.
enum SegmentationLoss {
  /// Per image: the sum of losses, the sum of weights, and the number of valid pixels.
  static let rule = SumRule(
    terms: { input, range, parameters throws(MetricError) in
      guard case .segmentationScores(let set) = input else { preconditionFailure("takes scores") }
      let weights = parameters.numbers("class_weights")
      if let weights, weights.count != set.classCount {
        throw MetricError(
          .invalidParameter, at: "class_weights",
          "expected \(set.classCount) weights, one per class, got \(weights.count)")
      }
      var lists: [[Double]] = [[], [], []]
      for index in range {
        let image = Pixels(set.images[index], classCount: set.classCount, set.ignoreIndex)
        let (sum, weight) =
          parameters.text("kind") == "soft_dice"
          ? image.softDice(smooth: parameters.required("smooth"))
          : image.crossEntropy(weights: weights)
        for (list, value) in [sum, weight, Double(image.valid.count)].enumerated() {
          lists[list].append(value)
        }
      }
      return lists
    },
    finish: { sums, _, _ in
      sums[2] > 0 ? .finite(sums[0] / sums[1]) : .undefined(.noValidPixels)
    })

  private struct Pixels {
    let image: ScoredImage
    let classCount: Int
    /// The positions of the pixels that count.
    let valid: [Int]

    init(_ image: ScoredImage, classCount: Int, _ ignoreIndex: Int32?) {
      self.image = image
      self.classCount = classCount
      valid = image.truth.indices.filter { image.truth[$0] != ignoreIndex }
    }

    private func score(_ label: Int, _ pixel: Int) -> Double {
      image.scores[label * image.truth.count + pixel]
    }

    func crossEntropy(weights: [Double]?) -> (sum: Double, weight: Double) {
      var sum = CompensatedSum()
      var total = CompensatedSum()
      for pixel in valid {
        let truth = Int(image.truth[pixel])
        let weight = weights?[truth] ?? 1
        let loss =
          image.areProbabilities
          ? ProbabilityLosses.negativeLog(score(truth, pixel))
          : normalizer(pixel).logarithm - (score(truth, pixel) - normalizer(pixel).maximum)
        sum.add(weight * loss)
        total.add(weight)
      }
      return (sum.value, total.value)
    }

    /// One minus the soft Dice coefficient, summed over the classes.
    func softDice(smooth: Double) -> (sum: Double, weight: Double) {
      guard !valid.isEmpty else { return (0, 0) }
      var overlap = [CompensatedSum](repeating: CompensatedSum(), count: classCount)
      var predicted = overlap
      var truths = [Double](repeating: 0, count: classCount)
      for pixel in valid {
        let truth = Int(image.truth[pixel])
        truths[truth] += 1
        let (maximum, logarithm) = image.areProbabilities ? (0, 0) : normalizer(pixel)
        for label in 0..<classCount {
          let raw = score(label, pixel)
          let probability = image.areProbabilities ? raw : exp(raw - maximum - logarithm)
          predicted[label].add(probability)
          if label == truth { overlap[label].add(probability) }
        }
      }
      var sum = CompensatedSum()
      for label in 0..<classCount {
        let numerator = 2 * overlap[label].value + smooth
        let denominator = predicted[label].value + truths[label] + smooth
        sum.add(denominator == 0 ? 0 : 1 - numerator / denominator)
      }
      return (sum.value, Double(classCount))
    }

    /// The largest logit of a pixel, and the logarithm of the sum of exponentials below it.
    private func normalizer(_ pixel: Int) -> (maximum: Double, logarithm: Double) {
      var maximum = score(0, pixel)
      for label in 1..<max(1, classCount) { maximum = max(maximum, score(label, pixel)) }
      var sum = CompensatedSum()
      for label in 0..<classCount { sum.add(exp(score(label, pixel) - maximum)) }
      return (maximum, log(sum.value))
    }
  }
}
