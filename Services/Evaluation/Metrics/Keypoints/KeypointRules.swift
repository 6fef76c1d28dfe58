/// Computations on instances with one prediction each.
///
/// Each instance gives a sum and a count; they are combined in the order of the instances.
enum KeypointRules {
  /// The keypoints of an instance that count.
  private struct Counted {
    let instance: KeypointInstance
    let dimensions: Int
    let indices: [Int]

    init(_ set: KeypointInstances, _ index: Int, visibleOnly: Bool) {
      let instance = set.instances[index]
      let width = set.dimensions + 1
      self.instance = instance
      dimensions = set.dimensions
      indices = (0..<set.keypointCount).filter {
        let code = instance.truth[$0 * width + width - 1]
        return visibleOnly ? code == 2 : code > 0
      }
    }

    /// The coordinates of a true keypoint.
    func truth(_ keypoint: Int) -> ArraySlice<Double> {
      instance.truth[keypoint * (dimensions + 1)..<keypoint * (dimensions + 1) + dimensions]
    }

    /// Predicted minus true coordinates.
    func errors(_ keypoint: Int, _ prediction: [Double]) -> [Double] {
      zip(prediction[keypoint * dimensions..<(keypoint + 1) * dimensions], truth(keypoint))
        .map { $0 - $1 }
    }
  }

  static func length(_ vector: [Double]) -> Double {
    vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  private static func set(_ input: MetricInput) -> KeypointInstances {
    guard case .keypoints(let set) = input else { preconditionFailure("takes keypoints") }
    return set
  }

  /// A rule whose instances each give a list of (sum, count) pairs.
  private static func rule(
    pairs:
      @escaping @Sendable (MetricInput, Int, MetricParameters) throws(MetricError) -> [(
        sum: Double, count: Int
      )],
    finish: @escaping SumRule.Finish = pooled
  ) -> SumRule {
    SumRule(
      terms: { input, range, parameters throws(MetricError) in
        var lists: [[Double]] = []
        for index in range {
          let values = try pairs(input, index, parameters).flatMap { [$0.sum, Double($0.count)] }
          if lists.isEmpty { lists = values.map { _ in [] } }
          for (list, value) in values.enumerated() { lists[list].append(value) }
        }
        return lists
      }, finish: finish)
  }

  /// The mean over everything counted.
  private static let pooled: SumRule.Finish = { sums, _, _ in
    sums[1] > 0 ? .finite(sums[0] / sums[1]) : .undefined(.noLabelledKeypoints)
  }

  /// The prediction of an instance; nil if it has none and such are to be left out.
  private static func prediction(
    _ counted: Counted, _ index: Int, _ parameters: MetricParameters
  ) throws(MetricError) -> [Double]? {
    if let prediction = counted.instance.prediction { return prediction }
    if counted.indices.isEmpty || parameters.text("missing") == "skip" { return nil }
    throw MetricError(
      .missingPrediction, at: "instances[\(index)].pred", "the instance has no prediction")
  }

  // MARK: Coordinates

  static let absoluteError = coordinates { _ in { $0.magnitude } }

  static let loss = rule { input, index, parameters throws(MetricError) in
    if parameters.text("kind") == "oks" {
      return try similarityPairs(input, index, parameters).map {
        (Double($0.count) - $0.sum, $0.count)
      }
    }
    return try coordinatePairs(input, index, parameters, lossTerm(parameters))
  }

  private static func coordinates(
    _ term: @escaping @Sendable (MetricParameters) -> (Double) -> Double
  ) -> SumRule {
    rule { input, index, parameters throws(MetricError) in
      try coordinatePairs(input, index, parameters, term(parameters))
    }
  }

  private static func coordinatePairs(
    _ input: MetricInput, _ index: Int, _ parameters: MetricParameters,
    _ term: (Double) -> Double
  ) throws(MetricError) -> [(sum: Double, count: Int)] {
    let set = set(input)
    let counted = Counted(set, index, visibleOnly: parameters.flag("visible_only"))
    guard let prediction = try prediction(counted, index, parameters) else { return [(0, 0)] }
    var sum = CompensatedSum()
    for keypoint in counted.indices {
      for error in counted.errors(keypoint, prediction) { sum.add(term(error)) }
    }
    return [(sum.value, counted.indices.count * set.dimensions)]
  }

  private static func lossTerm(_ parameters: MetricParameters) -> (Double) -> Double {
    let beta = parameters.required("beta")
    switch parameters.text("kind") {
    case "mae": return { $0.magnitude }
    case "smooth_l1":
      return { $0.magnitude < beta ? $0 * $0 / (2 * beta) : $0.magnitude - beta / 2 }
    default: return { $0 * $0 }
    }
  }

  // MARK: Distances

  static let meanDistance = rule { input, index, parameters throws(MetricError) in
    let set = set(input)
    let counted = Counted(set, index, visibleOnly: parameters.flag("visible_only"))
    let root = parameters.integer("root_index")
    if let root {
      guard root < set.keypointCount else {
        throw MetricError(
          .invalidParameter, at: "root_index",
          "expected a keypoint below \(set.keypointCount), got \(root)")
      }
      let code = counted.instance.truth[root * (set.dimensions + 1) + set.dimensions]
      if code == 0 { return [(0, 0)] }
    }
    guard let prediction = try prediction(counted, index, parameters) else { return [(0, 0)] }
    let shift = root.map { counted.errors($0, prediction) }
    var sum = CompensatedSum()
    for keypoint in counted.indices {
      var errors = counted.errors(keypoint, prediction)
      if let shift { errors = zip(errors, shift).map { $0 - $1 } }
      sum.add(length(errors))
    }
    return [(sum.value, counted.indices.count)]
  }

  /// Percentage of correct keypoints: one pair per keypoint type.
  static let correctKeypoints = rule(
    pairs: { input, index, parameters throws(MetricError) in
      let set = set(input)
      let counted = Counted(set, index, visibleOnly: parameters.flag("visible_only"))
      var pairs = [(sum: Double, count: Int)](repeating: (0, 0), count: set.keypointCount)
      guard !counted.indices.isEmpty else { return pairs }
      let reference = try referenceLength(counted, index, parameters)
      let bound = parameters.required("threshold") * reference
      for keypoint in counted.indices {
        pairs[keypoint].count = 1
        guard let prediction = counted.instance.prediction else { continue }
        pairs[keypoint].sum = length(counted.errors(keypoint, prediction)) <= bound ? 1 : 0
      }
      return pairs
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

  /// The length that distances of an instance are compared with.
  private static func referenceLength(
    _ counted: Counted, _ index: Int, _ parameters: MetricParameters
  ) throws(MetricError) -> Double {
    let instance = counted.instance
    func require<Value>(_ value: Value?, _ field: String) throws(MetricError) -> Value {
      if let value { return value }
      throw MetricError(
        .missingField, at: "instances[\(index)].\(field)", "the normalizer needs \(field)")
    }
    let value: Double
    switch parameters.text("normalizer") {
    case "bbox_max":
      let box = try require(instance.box, "box")
      value = max(box.width, box.height)
    case "bbox_diagonal":
      let box = try require(instance.box, "box")
      value = length([box.width, box.height])
    case "head":
      let box = try require(instance.headBox, "head_box")
      value = 0.6 * length([box.width, box.height])
    case "area_sqrt": value = max(0, try require(instance.area, "area")).squareRoot()
    case "constant": value = parameters.number("constant") ?? 0
    default: value = try torsoLength(counted, parameters)
    }
    if value > 0 { return value }
    throw MetricError(
      .invalidNormalizer, at: "instances[\(index)]",
      "expected a reference length above 0, got \(value)")
  }

  /// The distance of two true keypoints; 0 if one of them is not labelled.
  private static func torsoLength(
    _ counted: Counted, _ parameters: MetricParameters
  ) throws(MetricError) -> Double {
    let ends = parameters.integers("torso") ?? []
    let width = counted.dimensions + 1
    let keypoints = counted.instance.truth.count / width
    guard ends.count == 2, ends.allSatisfy({ $0 < keypoints }) else {
      throw MetricError(
        .invalidParameter, at: "torso", "expected two keypoints below \(keypoints)")
    }
    let areLabelled = ends.allSatisfy { counted.instance.truth[$0 * width + width - 1] > 0 }
    guard areLabelled else { return 0 }
    return length(zip(counted.truth(ends[0]), counted.truth(ends[1])).map { $0 - $1 })
  }

  // MARK: Similarity and visibility

  static let similarity = rule { input, index, parameters throws(MetricError) in
    try similarityPairs(input, index, parameters)
  }

  private static func similarityPairs(
    _ input: MetricInput, _ index: Int, _ parameters: MetricParameters
  ) throws(MetricError) -> [(sum: Double, count: Int)] {
    let set = set(input)
    let sigmas = try KeypointSimilarity.sigmas(
      parameters.numbers("sigmas"), keypoints: set.keypointCount)
    let counted = Counted(set, index, visibleOnly: parameters.flag("visible_only"))
    guard let area = counted.instance.area else {
      throw MetricError(.missingField, at: "instances[\(index)].area", "OKS needs the area")
    }
    guard !counted.indices.isEmpty else { return [(0, 0)] }
    guard let prediction = counted.instance.prediction else {
      // A loss may leave out what has no prediction, or refuse it; the similarity counts it as 0.
      if parameters["missing"] != nil {
        _ = try self.prediction(counted, index, parameters)
        return [(0, 0)]
      }
      return [(0, 1)]
    }
    var sum = CompensatedSum()
    for keypoint in counted.indices {
      let squared = counted.errors(keypoint, prediction).reduce(0) { $0 + $1 * $1 }
      sum.add(KeypointSimilarity.term(squared, area: area, sigma: sigmas[keypoint]))
    }
    return [(sum.value / Double(counted.indices.count), 1)]
  }

  static let visibility = rule { input, index, parameters throws(MetricError) in
    let set = set(input)
    let instance = set.instances[index]
    let width = set.dimensions + 1
    let codes = (0..<set.keypointCount).map { instance.truth[$0 * width + width - 1] }
    if parameters.text("mode") == "exact" {
      guard let predicted = instance.predictedVisibility else {
        if instance.prediction == nil { return [(0, codes.count)] }
        throw MetricError(
          .missingField, at: "instances[\(index)].pred_visibility",
          "the exact mode needs visibility codes")
      }
      let hits = zip(codes, predicted).reduce(0) { $0 + ($1.0 == $1.1 ? 1 : 0) }
      return [(Double(hits), codes.count)]
    }
    let labelled = codes.indices.filter { codes[$0] > 0 }
    guard let isVisible = try predictedVisible(instance, index, parameters) else {
      return [(0, labelled.count)]
    }
    let hits = labelled.reduce(0) { $0 + (isVisible[$1] == (codes[$1] == 2) ? 1 : 0) }
    return [(Double(hits), labelled.count)]
  }

  /// Which keypoints are predicted visible; nil if the instance has no prediction.
  private static func predictedVisible(
    _ instance: KeypointInstance, _ index: Int, _ parameters: MetricParameters
  ) throws(MetricError) -> [Bool]? {
    if let probabilities = instance.visibilityProbability {
      return probabilities.map { $0 > parameters.required("threshold") }
    }
    if let codes = instance.predictedVisibility { return codes.map { $0 == 2 } }
    if instance.prediction == nil { return nil }
    throw MetricError(
      .missingField, at: "instances[\(index)].pred_visibility",
      "the binary mode needs visibility codes or probabilities")
  }
}
