/// True and predicted keypoints of one instance.
public struct KeypointInstance: Sendable, Equatable {
  /// For each keypoint its coordinates and visibility: 0 not labelled, 1 occluded, 2 visible.
  public let truth: [Double]
  /// For each keypoint its coordinates; nil if the instance has no prediction.
  public let prediction: [Double]?
  public let box: Box?
  public let area: Double?
  public let headBox: Box?
  /// Predicted visibility codes.
  public let predictedVisibility: [Double]?
  /// Predicted probability of being visible.
  public let visibilityProbability: [Double]?

  public init(
    truth: [Double], prediction: [Double]?, box: Box? = nil, area: Double? = nil,
    headBox: Box? = nil, predictedVisibility: [Double]? = nil,
    visibilityProbability: [Double]? = nil
  ) {
    self.truth = truth
    self.prediction = prediction
    self.box = box
    self.area = area
    self.headBox = headBox
    self.predictedVisibility = predictedVisibility
    self.visibilityProbability = visibilityProbability
  }
}

/// Instances with one prediction each.
public struct KeypointInstances: InputColumns, Equatable {
  /// The largest number of keypoints of an instance.
  public static let maximumKeypoints = 100_000

  public let keypointCount: Int
  /// 2 or 3.
  public let dimensions: Int
  public let instances: [KeypointInstance]

  public init(keypointCount: Int, dimensions: Int = 2, instances: [KeypointInstance]) {
    self.keypointCount = keypointCount
    self.dimensions = dimensions
    self.instances = instances
  }

  public var count: Int { instances.count }

  func slice(_ range: Range<Int>) -> KeypointInstances {
    KeypointInstances(
      keypointCount: keypointCount, dimensions: dimensions, instances: instances.cut(range))
  }

  func appending(_ other: KeypointInstances) throws(MetricError) -> KeypointInstances {
    guard keypointCount == other.keypointCount, dimensions == other.dimensions else {
      throw MetricError(
        .shapeMismatch, "all parts of an evaluation must have the same number of keypoints")
    }
    return KeypointInstances(
      keypointCount: keypointCount, dimensions: dimensions,
      instances: instances + other.instances)
  }

  func validateShape() throws(MetricError) {
    guard (1...Self.maximumKeypoints).contains(keypointCount), dimensions == 2 || dimensions == 3
    else {
      throw MetricError(
        .shapeMismatch,
        "expected 1 to \(Self.maximumKeypoints) keypoints in 2 or 3 dimensions")
    }
  }

  var valuesPerSample: Int { keypointCount * (2 * dimensions + 1) }

  func validate(_ range: Range<Int>) throws(MetricError) {
    for index in range { try validate(instances[index]) { "instances[\(index)].\($0)" } }
  }

  /// `place` is described only if something is wrong: there are many instances.
  private func validate(
    _ instance: KeypointInstance, _ place: (String) -> String
  ) throws(MetricError) {
    try Self.check(instance.truth, keypointCount * (dimensions + 1)) { place("gt") }
    try Self.check(instance.prediction, keypointCount * dimensions) { place("pred") }
    try Self.check(instance.predictedVisibility, keypointCount) { place("pred_visibility") }
    try Self.check(instance.visibilityProbability, keypointCount) {
      place("visibility_probability")
    }
    try instance.box?.check(place("box"))
    try instance.headBox?.check(place("head_box"))
    if let area = instance.area, !area.isFinite { try Check.finite([area], place("area")) }
    for keypoint in 0..<keypointCount {
      let code = instance.truth[keypoint * (dimensions + 1) + dimensions]
      try Self.checkCode(code, place("gt[\(keypoint)]"))
    }
    for code in instance.predictedVisibility ?? [] {
      try Self.checkCode(code, place("pred_visibility"))
    }
    for value in instance.visibilityProbability ?? [] {
      try Check.probability(value, place("visibility_probability"))
    }
  }

  static func check(
    _ values: [Double]?, _ count: Int, _ place: () -> String
  ) throws(MetricError) {
    guard let values else { return }
    guard values.count == count else {
      throw MetricError(
        .shapeMismatch, at: place(), "expected \(count) numbers, got \(values.count)")
    }
    var residue = 0.0
    for value in values { residue += value - value }
    if residue != 0 { try Check.finite(values, place()) }
  }

  static func checkCode(
    _ code: Double, _ place: @autoclosure () -> String
  ) throws(MetricError) {
    guard code == 0 || code == 1 || code == 2 else {
      throw MetricError(
        .invalidValue, at: place(), "a visibility code is 0, 1 or 2, this one \(code)")
    }
  }
}

/// The keypoints of one object of an image.
public struct KeypointObject: Sendable, Equatable {
  /// For each keypoint x, y and visibility (ignored in detections).
  public let keypoints: [Double]
  /// The object's box; only truths have one.
  public let box: Box?

  public init(keypoints: [Double], box: Box? = nil) {
    self.keypoints = keypoints
    self.box = box
  }

  /// Whether any keypoint has a place.
  var isLabelled: Bool {
    stride(from: 2, to: keypoints.count, by: 3).contains { keypoints[$0] > 0 }
  }

  /// The area of the smallest box around all keypoints.
  var extent: Double {
    guard keypoints.count > 1 else { return 0 }
    var (left, right) = (keypoints[0], keypoints[0])
    var (top, bottom) = (keypoints[1], keypoints[1])
    for index in stride(from: 0, to: keypoints.count - 1, by: 3) {
      left = min(left, keypoints[index])
      right = max(right, keypoints[index])
      top = min(top, keypoints[index + 1])
      bottom = max(bottom, keypoints[index + 1])
    }
    return (right - left) * (bottom - top)
  }
}

/// Images with detected objects that are made of keypoints.
public struct KeypointDetections: InputColumns, Equatable {
  public let keypointCount: Int
  public let objects: ObjectSet<KeypointObject>

  public init(keypointCount: Int, objects: ObjectSet<KeypointObject>) {
    self.keypointCount = keypointCount
    self.objects = objects
  }

  public var count: Int { objects.count }

  func slice(_ range: Range<Int>) -> KeypointDetections {
    KeypointDetections(keypointCount: keypointCount, objects: objects.slice(range))
  }

  func appending(_ other: KeypointDetections) throws(MetricError) -> KeypointDetections {
    KeypointDetections(keypointCount: keypointCount, objects: try objects.appending(other.objects))
  }

  func validateShape() throws(MetricError) {
    guard (1...KeypointInstances.maximumKeypoints).contains(keypointCount) else {
      throw MetricError(
        .shapeMismatch, "expected 1 to \(KeypointInstances.maximumKeypoints) keypoints")
    }
  }

  func validate(_ range: Range<Int>) throws(MetricError) {
    try objects.validateImages(range)
    for index in range {
      let image = objects.images[index]
      for object in image.truths {
        try validate(object, isTruth: true) { "images[\(index)].gt.\($0)" }
      }
      for object in image.predictions {
        try validate(object, isTruth: false) { "images[\(index)].pred.\($0)" }
      }
      guard image.areas != nil || image.truths.isEmpty else {
        throw MetricError(.missingField, at: "images[\(index)].gt.areas", "OKS needs areas")
      }
    }
  }

  private func validate(
    _ object: KeypointObject, isTruth: Bool, _ place: (String) -> String
  ) throws(MetricError) {
    try KeypointInstances.check(object.keypoints, keypointCount * 3) { place("keypoints") }
    guard isTruth else { return }
    guard let box = object.box else {
      throw MetricError(.missingField, at: place("boxes"), "OKS needs the boxes of the truths")
    }
    try box.check(place("boxes"))
    for keypoint in 0..<keypointCount {
      try KeypointInstances.checkCode(object.keypoints[keypoint * 3 + 2], place("keypoints"))
    }
  }
}
