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

  func check(_ place: String) throws(MetricError) {
    for value in [x, y, width, height] where !value.isFinite {
      throw MetricError(.nonFinite, at: place, "expected finite numbers, got \(value)")
    }
    guard width >= 0, height >= 0 else {
      throw MetricError(
        .invalidBox, at: place, "width \(width) and height \(height) must not be negative")
    }
  }
}

/// A binary mask as COCO's run lengths.
public struct RunLengthMask: Sendable, Equatable {
  public let height: Int
  public let width: Int
  /// The positions, column by column, at which the mask changes between 0 and 1: it is 0 before
  /// the first, 1 up to the second, and so on; the last position is height × width.
  let edges: [Int]
  /// The number of pixels.
  public let area: Int

  /// A mask from alternating runs of 0 and 1, column by column, beginning with 0.
  ///
  /// Throws `invalidMask` for a negative run or runs that do not sum to height × width.
  public init(height: Int, width: Int, runs: [Int64]) throws(MetricError) {
    let (pixels, overflow) = height.multipliedReportingOverflow(by: width)
    guard height >= 0, width >= 0, !overflow else {
      throw MetricError(.shapeMismatch, at: "size", "\(height) × \(width) is no size")
    }
    var edges: [Int] = []
    edges.reserveCapacity(runs.count)
    var position = 0
    var area = 0
    for (index, run) in runs.enumerated() {
      guard run >= 0, run <= pixels - position else {
        throw MetricError(
          .invalidMask, at: "masks", "run \(index) of \(run) does not fit \(height) × \(width)")
      }
      position += Int(run)
      if !index.isMultiple(of: 2) { area += Int(run) }
      edges.append(position)
    }
    guard position == pixels else {
      throw MetricError(
        .invalidMask, at: "masks",
        "the runs sum to \(position), expected \(height) × \(width) = \(pixels)")
    }
    self.height = height
    self.width = width
    self.edges = edges
    self.area = area
  }

  /// The number of pixels in both masks, which must be of the same size.
  func intersection(_ other: RunLengthMask) -> Int {
    var total = 0
    var left = 0
    var right = 0
    // Each mask's run of ones number k lies from edges[2k] to edges[2k + 1].
    while left + 1 < edges.count, right + 1 < other.edges.count {
      let start = max(edges[left], other.edges[right])
      let end = min(edges[left + 1], other.edges[right + 1])
      if end > start { total += end - start }
      if edges[left + 1] <= other.edges[right + 1] { left += 2 } else { right += 2 }
    }
    return total
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

  func validate(_ place: String, categories: Int) throws(MetricError) {
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
    try Check.finite(scores, "\(place).pred.scores")
    try Check.finite(areas ?? [], "\(place).gt.areas")
    try Check.classIndices(truthCategories, of: categories, "\(place).gt.categories")
    try Check.classIndices(predictedCategories, of: categories, "\(place).pred.categories")
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
      try images[index].validate("images[\(index)]", categories: categories.count)
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
  func validateShape() throws(MetricError) {}

  func validate(_ range: Range<Int>) throws(MetricError) {
    try validateImages(range)
    for index in range {
      let image = images[index]
      let place = "images[\(index)]"
      try Self.check(image.truths, "\(place).gt")
      try Self.check(image.predictions, "\(place).pred")
      if let first = image.truths.first ?? image.predictions.first as Geometry? {
        try Self.checkSizes(first, image, place)
      }
    }
  }

  private static func check(_ geometries: [Geometry], _ place: String) throws(MetricError) {
    guard let boxes = geometries as? [Box] else { return }
    for (index, box) in boxes.enumerated() { try box.check("\(place).boxes[\(index)]") }
  }

  /// All masks of an image have its size.
  private static func checkSizes(
    _ first: Geometry, _ image: ObjectImage<Geometry>, _ place: String
  ) throws(MetricError) {
    guard let first = first as? RunLengthMask, let truths = image.truths as? [RunLengthMask],
      let predictions = image.predictions as? [RunLengthMask]
    else { return }
    for mask in truths + predictions
    where mask.height != first.height || mask.width != first.width {
      throw MetricError(
        .shapeMismatch, at: place,
        "a mask is \(mask.height) × \(mask.width), another \(first.height) × \(first.width)")
    }
  }
}
