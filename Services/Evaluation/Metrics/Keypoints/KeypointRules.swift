/// Computations on instances with one prediction each.
///
/// Each instance gives a sum and a count; they are combined in the order of the instances.
enum KeypointRules {
  /// Which keypoints of an instance count, and how far their predictions are off.
  struct Counting {
    let set: KeypointInstances
    let visibleOnly: Bool

    init(_ set: KeypointInstances, _ parameters: MetricParameters) {
      self.set = set
      visibleOnly = parameters.flag("visible_only")
    }

    func code(_ instance: KeypointInstance, _ keypoint: Int) -> Double {
      instance.truth[(keypoint + 1) * (set.dimensions + 1) - 1]
    }

    func isCounted(_ instance: KeypointInstance, _ keypoint: Int) -> Bool {
      let code = code(instance, keypoint)
      return visibleOnly ? code == 2 : code > 0
    }

    func count(_ instance: KeypointInstance) -> Int {
      var count = 0
      for keypoint in 0..<set.keypointCount where isCounted(instance, keypoint) { count += 1 }
      return count
    }

    /// Predicted minus true coordinate.
    func error(
      _ instance: KeypointInstance, _ prediction: [Double], _ keypoint: Int, _ axis: Int
    ) -> Double {
      prediction[keypoint * set.dimensions + axis]
        - instance.truth[keypoint * (set.dimensions + 1) + axis]
    }

    func squaredDistance(
      _ instance: KeypointInstance, _ prediction: [Double], _ keypoint: Int
    ) -> Double {
      var sum = 0.0
      for axis in 0..<set.dimensions {
        let error = error(instance, prediction, keypoint, axis)
        sum += error * error
      }
      return sum
    }
  }

  private typealias Pair = (sum: Double, count: Int)
  private typealias Instance = (KeypointInstance, Int) throws(MetricError) -> Pair
  private typealias Setup =
    @Sendable (Counting, MetricParameters) throws(MetricError) -> Instance

  private static func set(_ input: MetricInput) -> KeypointInstances {
    guard case .keypoints(let set) = input else { preconditionFailure("takes keypoints") }
    return set
  }

  /// A rule whose instances give one sum and count each. `setup` reads the parameters, once for
  /// many instances.
  private static func rule(_ setup: @escaping Setup) -> SumRule {
    SumRule(
      terms: { input, range, parameters throws(MetricError) in
        let counting = Counting(set(input), parameters)
        let pair = try setup(counting, parameters)
        var sums: [Double] = []
        var counts: [Double] = []
        sums.reserveCapacity(range.count)
        counts.reserveCapacity(range.count)
        for index in range {
          let (sum, count) = try pair(counting.set.instances[index], index)
          sums.append(sum)
          counts.append(Double(count))
        }
        return [sums, counts]
      },
      finish: { sums, _, _ in
        sums[1] > 0 ? .finite(sums[0] / sums[1]) : .undefined(.noLabelledKeypoints)
      })
  }

  /// The prediction of an instance; nil if it has none and such are to be left out.
  private static func prediction(
    _ instance: KeypointInstance, _ index: Int, _ counting: Counting, skips: Bool
  ) throws(MetricError) -> [Double]? {
    if let prediction = instance.prediction { return prediction }
    if skips || counting.count(instance) == 0 { return nil }
    throw MetricError(
      .missingPrediction, at: "instances[\(index)].pred", "the instance has no prediction")
  }

  // MARK: Coordinates

  static let absoluteError = rule { counting, parameters in
    coordinates(counting, parameters) { $0.magnitude }
  }

  static let loss = rule { counting, parameters throws(MetricError) in
    if parameters.text("kind") == "oks" {
      let similarity = try similarities(counting, parameters)
      return { instance, index throws(MetricError) in
        let (sum, count) = try similarity(instance, index)
        return (Double(count) - sum, count)
      }
    }
    let beta = parameters.required("beta")
    switch parameters.text("kind") {
    case "mae": return coordinates(counting, parameters) { $0.magnitude }
    case "smooth_l1":
      return coordinates(counting, parameters) {
        $0.magnitude < beta ? $0 * $0 / (2 * beta) : $0.magnitude - beta / 2
      }
    default: return coordinates(counting, parameters) { $0 * $0 }
    }
  }

  /// The sum of a function of the errors of all coordinates.
  private static func coordinates(
    _ counting: Counting, _ parameters: MetricParameters, _ term: @escaping (Double) -> Double
  ) -> Instance {
    let skips = parameters.text("missing") == "skip"
    return { instance, index throws(MetricError) in
      guard let prediction = try prediction(instance, index, counting, skips: skips) else {
        return (0, 0)
      }
      var sum = CompensatedSum()
      var count = 0
      for keypoint in 0..<counting.set.keypointCount where counting.isCounted(instance, keypoint) {
        for axis in 0..<counting.set.dimensions {
          sum.add(term(counting.error(instance, prediction, keypoint, axis)))
        }
        count += counting.set.dimensions
      }
      return (sum.value, count)
    }
  }

  // MARK: Distances

  static let meanDistance = rule { counting, parameters throws(MetricError) in
    let skips = parameters.text("missing") == "skip"
    let root = parameters.integer("root_index")
    if let root, root >= counting.set.keypointCount {
      throw MetricError(
        .invalidParameter, at: "root_index",
        "expected a keypoint below \(counting.set.keypointCount), got \(root)")
    }
    return { instance, index throws(MetricError) in
      if let root, counting.code(instance, root) == 0 { return (0, 0) }
      guard let prediction = try prediction(instance, index, counting, skips: skips) else {
        return (0, 0)
      }
      var sum = CompensatedSum()
      var count = 0
      for keypoint in 0..<counting.set.keypointCount where counting.isCounted(instance, keypoint) {
        var squared = 0.0
        for axis in 0..<counting.set.dimensions {
          let shift = root.map { counting.error(instance, prediction, $0, axis) } ?? 0
          let error = counting.error(instance, prediction, keypoint, axis) - shift
          squared += error * error
        }
        sum.add(squared.squareRoot())
        count += 1
      }
      return (sum.value, count)
    }
  }

  /// Percentage of correct keypoints: a sum and a count for each keypoint type.
  static let correctKeypoints = SumRule(
    terms: { input, range, parameters throws(MetricError) in
      let counting = Counting(set(input), parameters)
      let reference = ReferenceLength(counting, parameters)
      let threshold = parameters.required("threshold")
      let keypoints = counting.set.keypointCount
      var lists = [[Double]](
        repeating: [Double](repeating: 0, count: range.count), count: 2 * keypoints)
      for (position, index) in range.enumerated() {
        let instance = counting.set.instances[index]
        guard counting.count(instance) > 0 else { continue }
        let bound = threshold * (try reference.value(instance, index))
        for keypoint in 0..<keypoints where counting.isCounted(instance, keypoint) {
          lists[2 * keypoint + 1][position] = 1
          guard let prediction = instance.prediction else { continue }
          let squared = counting.squaredDistance(instance, prediction, keypoint)
          if squared.squareRoot() <= bound { lists[2 * keypoint][position] = 1 }
        }
      }
      return lists
    },
    finish: { sums, _, parameters in
      let keypoints = stride(from: 0, to: sums.count, by: 2).filter { sums[$0 + 1] > 0 }
      guard !keypoints.isEmpty else { return .undefined(.noLabelledKeypoints) }
      if parameters.text("average") == "per_joint" {
        return .finite(BlockSum.mean(keypoints.map { sums[$0] / sums[$0 + 1] }))
      }
      let right = keypoints.reduce(0) { $0 + sums[$1] }
      return .finite(right / keypoints.reduce(0) { $0 + sums[$1 + 1] })
    })

  // MARK: Similarity and visibility

  static let similarity = rule { counting, parameters throws(MetricError) in
    try similarities(counting, parameters)
  }

  private static func similarities(
    _ counting: Counting, _ parameters: MetricParameters
  ) throws(MetricError) -> Instance {
    let sigmas = try KeypointSimilarity.sigmas(
      parameters.numbers("sigmas"), keypoints: counting.set.keypointCount)
    // A loss may leave out what has no prediction, or refuse it; the similarity counts it as 0.
    let isLoss = parameters["missing"] != nil
    let skips = parameters.text("missing") == "skip"
    return { instance, index throws(MetricError) in
      guard let area = instance.area else {
        throw MetricError(.missingField, at: "instances[\(index)].area", "OKS needs the area")
      }
      let count = counting.count(instance)
      guard count > 0 else { return (0, 0) }
      guard let prediction = instance.prediction else {
        guard isLoss else { return (0, 1) }
        _ = try Self.prediction(instance, index, counting, skips: skips)
        return (0, 0)
      }
      var sum = CompensatedSum()
      for keypoint in 0..<counting.set.keypointCount where counting.isCounted(instance, keypoint) {
        let squared = counting.squaredDistance(instance, prediction, keypoint)
        sum.add(KeypointSimilarity.term(squared, area: area, sigma: sigmas[keypoint]))
      }
      return (sum.value / Double(count), 1)
    }
  }

  static let visibility = rule { counting, parameters in
    let isExact = parameters.text("mode") == "exact"
    let threshold = parameters.required("threshold")
    return { instance, index throws(MetricError) in
      var hits = 0
      var count = 0
      let codes = instance.predictedVisibility
      let probabilities = isExact ? nil : instance.visibilityProbability
      if codes == nil, probabilities == nil, instance.prediction != nil {
        throw MetricError(
          .missingField, at: "instances[\(index)].pred_visibility",
          isExact
            ? "the exact mode needs visibility codes"
            : "the binary mode needs visibility codes or probabilities")
      }
      for keypoint in 0..<counting.set.keypointCount {
        let code = counting.code(instance, keypoint)
        if !isExact, code == 0 { continue }
        count += 1
        if let probabilities {
          hits += (probabilities[keypoint] > threshold) == (code == 2) ? 1 : 0
        } else if let codes {
          let isHit = isExact ? codes[keypoint] == code : (codes[keypoint] == 2) == (code == 2)
          hits += isHit ? 1 : 0
        }
      }
      return (Double(hits), count)
    }
  }
}
