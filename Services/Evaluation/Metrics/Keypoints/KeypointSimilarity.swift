import Glibc

/// Object keypoint similarity (OKS) as COCO's evaluator computes it.
enum KeypointSimilarity {
  /// COCO's fall-off constants of its 17 keypoints.
  static let cocoSigmas = [
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107,
    0.087, 0.087, 0.089, 0.089,
  ]

  static let parameter = ParameterDescription(
    "sigmas", .numbers(NumberLimits(above: 0), count: 1...ParameterDescription.maximumListLength),
    "Fall-off constant of each keypoint; default COCO's if there are 17")

  /// The constants for a number of keypoints.
  static func sigmas(
    _ given: [Double]?, keypoints: Int
  ) throws(MetricError) -> [Double] {
    if let given {
      guard given.count == keypoints else {
        throw MetricError(
          .invalidParameter, at: "sigmas", "expected \(keypoints) numbers, got \(given.count)")
      }
      guard given.allSatisfy({ $0 > 0 && $0.isFinite }) else {
        throw MetricError(.invalidParameter, at: "sigmas", "expected positive numbers")
      }
      return given
    }
    guard keypoints == cocoSigmas.count else {
      throw MetricError(
        .missingSigmas, at: "sigmas", "\(keypoints) keypoints have no default sigmas")
    }
    return cocoSigmas
  }

  /// The similarity of two objects; a truth without labelled keypoints is compared by its box.
  static func value(
    prediction: [Double], truth: KeypointObject, area: Double, sigmas: [Double]
  ) -> Double {
    let isLabelled = truth.isLabelled
    var sum = CompensatedSum()
    var count = 0
    for keypoint in sigmas.indices
    where !isLabelled || truth.keypoints[keypoint * 3 + 2] > 0 {
      let x = prediction[keypoint * 3]
      let y = prediction[keypoint * 3 + 1]
      var dx = x - truth.keypoints[keypoint * 3]
      var dy = y - truth.keypoints[keypoint * 3 + 1]
      if !isLabelled, let box = truth.box {
        dx = outside(x, box.x, box.width)
        dy = outside(y, box.y, box.height)
      }
      sum.add(term(dx * dx + dy * dy, area: area, sigma: sigmas[keypoint]))
      count += 1
    }
    return sum.value / Double(count)
  }

  /// The similarity of one keypoint at a squared distance.
  static func term(_ squaredDistance: Double, area: Double, sigma: Double) -> Double {
    let variance = (2 * sigma) * (2 * sigma)
    return exp(-(squaredDistance / variance / (area + 0x1p-52) / 2))
  }

  /// How far a coordinate lies outside a box that is widened by its own size on each side.
  private static func outside(_ value: Double, _ start: Double, _ size: Double) -> Double {
    max(0, (start - size) - value) + max(0, value - (start + 2 * size))
  }
}
