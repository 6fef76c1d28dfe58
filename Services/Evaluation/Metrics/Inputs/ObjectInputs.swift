/// How the four numbers of a box are meant.
public enum BoxFormat: String, Sendable, CaseIterable {
  /// Left, top, width, height.
  case xywh
  /// Left, top, right, bottom.
  case xyxy
  /// Centre, width, height.
  case cxcywh

  /// The format of a name; an unknown one is `invalidParameter`.
  public init(name: String) throws(MetricError) {
    guard let format = BoxFormat(rawValue: name) else {
      throw MetricError(
        .invalidParameter, at: "box_format", "expected xywh, xyxy or cxcywh, got \(name)")
    }
    self = format
  }
}

/// A rectangle by its corner and size.
public struct Box: Sendable, Equatable {
  public let x: Double
  public let y: Double
  public let width: Double
  public let height: Double

  public init(x: Double, y: Double, width: Double, height: Double) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// A box from its four numbers; another count is `shapeMismatch`.
  public init(_ numbers: [Double], format: BoxFormat = .xywh) throws(MetricError) {
    guard numbers.count == 4 else {
      throw MetricError(
        .shapeMismatch, at: "boxes", "a box has 4 numbers, this one \(numbers.count)")
    }
    let (a, b, c, d) = (numbers[0], numbers[1], numbers[2], numbers[3])
    switch format {
    case .xywh: self.init(x: a, y: b, width: c, height: d)
    case .xyxy: self.init(x: a, y: b, width: c - a, height: d - b)
    case .cxcywh: self.init(x: a - c / 2, y: b - d / 2, width: c, height: d)
    }
  }

  /// Width times height.
  public var area: Double { width * height }

  /// The area that two boxes share.
  func intersection(_ other: Box) -> Double {
    let shared = min(x + width, other.x + other.width) - max(x, other.x)
    guard shared > 0 else { return 0 }
    let sharedHeight = min(y + height, other.y + other.height) - max(y, other.y)
    return sharedHeight > 0 ? shared * sharedHeight : 0
  }

  /// Whether all numbers are finite and the size is not negative.
  var isValid: Bool {
    // A finite number minus itself is zero; anything else is NaN.
    let residue = (x - x) + (y - y) + (width - width) + (height - height)
    return residue == 0 && width >= 0 && height >= 0
  }

  func check(_ place: @autoclosure () -> String) throws(MetricError) {
    guard !isValid else { return }
    let place = place()
    for value in [x, y, width, height] where !value.isFinite {
      throw MetricError(.nonFinite, at: place, "expected finite numbers, got \(value)")
    }
    guard width >= 0, height >= 0 else {
      throw MetricError(
        .invalidBox, at: place, "width \(width) and height \(height) must not be negative")
    }
  }
}

/// The objects of one image: truths and detections, each with a geometry.
public struct ObjectImage<Geometry: Sendable & Equatable>: Sendable, Equatable {
  /// The true objects' geometries, categories (indices), crowd flags and areas.
  public let truths: [Geometry]
  public let truthCategories: [Int32]
  public let isCrowd: [Bool]
  public let areas: [Double]?
  /// The detections' geometries, categories (indices) and scores.
  public let predictions: [Geometry]
  public let predictedCategories: [Int32]
  public let scores: [Double]

  /// `isCrowd` nil means none; `areas` nil means those of the geometries.
  public init(
    truths: [Geometry], truthCategories: [Int32], isCrowd: [Bool]? = nil, areas: [Double]? = nil,
    predictions: [Geometry], predictedCategories: [Int32], scores: [Double]
  ) {
    self.truths = truths
    self.truthCategories = truthCategories
    self.isCrowd = isCrowd ?? [Bool](repeating: false, count: truths.count)
    self.areas = areas
    self.predictions = predictions
    self.predictedCategories = predictedCategories
    self.scores = scores
  }

  /// `place` is described only if something is wrong: there are many images.
  func validate(_ place: () -> String, categories: Int) throws(MetricError) {
    let isTruthComplete =
      truths.count == truthCategories.count && truths.count == isCrowd.count
      && truths.count == areas?.count ?? truths.count
    let isPredictionComplete =
      predictions.count == predictedCategories.count && predictions.count == scores.count
    if !isTruthComplete || !isPredictionComplete { try checkLengths(place()) }
    let limit = UInt32(clamping: categories)
    let areNumbersFinite = Self.areFinite(scores) && Self.areFinite(areas ?? [])
    let areCategoriesKnown =
      Self.areBelow(limit, truthCategories) && Self.areBelow(limit, predictedCategories)
    if areNumbersFinite, areCategoriesKnown { return }
    let place = place()
    try Check.finite(scores, "\(place).pred.scores")
    try Check.finite(areas ?? [], "\(place).gt.areas")
    try Check.classIndices(truthCategories, of: categories, "\(place).gt.categories")
    try Check.classIndices(predictedCategories, of: categories, "\(place).pred.categories")
  }

  private func checkLengths(_ place: String) throws(MetricError) {
    try Check.sameLength(
      truths.count, "truths", truthCategories.count, "categories", at: "\(place).gt")
    try Check.sameLength(truths.count, "truths", isCrowd.count, "iscrowd", at: "\(place).gt")
    if let areas {
      try Check.sameLength(truths.count, "truths", areas.count, "areas", at: "\(place).gt")
    }
    try Check.sameLength(
      predictions.count, "detections", predictedCategories.count, "categories",
      at: "\(place).pred")
    try Check.sameLength(
      predictions.count, "detections", scores.count, "scores", at: "\(place).pred")
  }

  private static func areFinite(_ values: [Double]) -> Bool {
    var residue = 0.0
    for value in values { residue += value - value }
    return residue == 0
  }

  private static func areBelow(_ limit: UInt32, _ indices: [Int32]) -> Bool {
    var largest: UInt32 = 0
    for index in indices { largest = max(largest, UInt32(bitPattern: index)) }
    return indices.isEmpty || largest < limit
  }
}

/// A set of images with objects of declared categories.
public struct ObjectSet<Geometry: Sendable & Equatable>: Sendable, Equatable {
  public let categories: [Label]
  public let images: [ObjectImage<Geometry>]

  /// Throws `duplicateClass` for a category declared twice.
  public init(categories: [Label], images: [ObjectImage<Geometry>]) throws(MetricError) {
    self.categories = try ClassIndex(categories).classes
    self.images = images
  }

  private init(checked categories: [Label], images: [ObjectImage<Geometry>]) {
    self.categories = categories
    self.images = images
  }

  var count: Int { images.count }

  func slice(_ range: Range<Int>) -> ObjectSet {
    ObjectSet(checked: categories, images: images.cut(range))
  }

  func appending(_ other: ObjectSet) throws(MetricError) -> ObjectSet {
    guard categories == other.categories else { throw ClassScores.otherClasses }
    return ObjectSet(checked: categories, images: images + other.images)
  }

  func validateImages(_ range: Range<Int>) throws(MetricError) {
    for index in range {
      try images[index].validate({ "images[\(index)]" }, categories: categories.count)
    }
  }
}

/// The indices of category labels in a declared list.
public func categoryIndices(
  _ labels: [Label], in categories: [Label]
) throws(MetricError) -> [Int32] {
  try ClassIndex(categories).encode(labels, field: "categories")
}

extension ObjectSet: InputColumns {
  /// An image has some truths and up to a hundred detections.
  var valuesPerSample: Int { 64 }

  func validateShape() throws(MetricError) {}

  func validate(_ range: Range<Int>) throws(MetricError) {
    try validateImages(range)
    for index in range {
      if let image = images[index] as? ObjectImage<Box> { try Self.check(image, index) }
      if let image = images[index] as? ObjectImage<RunLengthMask> { try Self.check(image, index) }
    }
  }

  private static func check(_ image: ObjectImage<Box>, _ index: Int) throws(MetricError) {
    for (position, box) in image.truths.enumerated() {
      try box.check("images[\(index)].gt.boxes[\(position)]")
    }
    for (position, box) in image.predictions.enumerated() {
      try box.check("images[\(index)].pred.boxes[\(position)]")
    }
  }

  /// All masks of an image have its size.
  private static func check(
    _ image: ObjectImage<RunLengthMask>, _ index: Int
  ) throws(MetricError) {
    guard let first = image.truths.first ?? image.predictions.first else { return }
    for masks in [image.truths, image.predictions] {
      for mask in masks where mask.height != first.height || mask.width != first.width {
        throw MetricError(
          .shapeMismatch, at: "images[\(index)]",
          "a mask is \(mask.height) × \(mask.width), another \(first.height) × \(first.width)")
      }
    }
  }
}
