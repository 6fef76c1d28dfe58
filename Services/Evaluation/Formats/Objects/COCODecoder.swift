import Metrics

/// A true object made of keypoints, with what else is known about it.
struct KeypointAnnotation: Sendable {
  /// For each keypoint its coordinates and visibility.
  let keypoints: [Double]
  let box: Box?
  let headBox: Box?
}

/// The prediction for one true object: its place is known beforehand.
struct KeypointPrediction: Sendable {
  /// For each keypoint its coordinates.
  let coordinates: [Double]
  let visibility: [Double]?
  let visibilityProbability: [Double]?
}

/// Turns objects of a file into geometries, or says what is wrong with them.
struct COCODecoder: Sendable {
  /// The largest side of an image.
  static let maximumSide: Int64 = 100_000

  var limits = FormatLimits.defaults
  /// How many keypoints an object has.
  var layout: KeypointLayout?

  // MARK: Boxes

  func box(_ object: COCOObject) throws(FormatProblemText) -> Box {
    guard let numbers = object.box else { throw .missing("bbox") }
    return try box(numbers, "bbox")
  }

  private func box(
    _ numbers: COCOObject.BoxNumbers, _ field: String
  ) throws(FormatProblemText) -> Box {
    guard numbers.count == 4 else {
      throw FormatProblemText(
        .wrongType, field, "the box has \(numbers.count) numbers", "[x, y, width, height]")
    }
    let values = numbers.values
    guard values[2] >= 0, values[3] >= 0 else {
      throw FormatProblemText(
        .invalidBox, field, "the box has a negative size", "width and height of at least 0")
    }
    return Box(x: values[0], y: values[1], width: values[2], height: values[3])
  }

  // MARK: Masks

  func mask(
    _ object: COCOObject, _ image: COCOImage
  ) throws(FormatProblemText) -> RunLengthMask {
    guard let mask = object.mask else { throw .missing("segmentation") }
    switch mask {
    case .polygons(let polygons): return try drawn(polygons, image)
    case .runs(let runs, let size):
      let (height, width) = try checked(size, image)
      return try filled(runs, height, width)
    case .compressed(let text, let size):
      let (height, width) = try checked(size, image)
      guard let runs = MaskCodec.runs(compressed: text) else {
        throw FormatProblemText(
          .invalidMask, "segmentation", "the compressed runs are damaged",
          "a string as COCO's tools write it")
      }
      return try filled(runs, height, width)
    case .incomplete:
      throw FormatProblemText(
        .missingField, "counts", "the mask has no counts", "size and counts, or polygons")
    }
  }

  private func checked(
    _ size: [Int64], _ image: COCOImage
  ) throws(FormatProblemText) -> (height: Int, width: Int) {
    let sides = 0...Self.maximumSide
    guard size.count == 2, sides.contains(size[0]), sides.contains(size[1]) else {
      throw FormatProblemText(
        .invalidMask, "size", "the mask has no size of two sides",
        "[height, width] of at most \(Self.maximumSide)")
    }
    if size[0] != image.height ?? size[0] || size[1] != image.width ?? size[1] {
      throw FormatProblemText(
        .shapeMismatch, "segmentation", "the mask is \(size[0]) × \(size[1])",
        "the image's \(image.height ?? size[0]) × \(image.width ?? size[1])")
    }
    return (Int(size[0]), Int(size[1]))
  }

  private func filled(
    _ runs: [Int64], _ height: Int, _ width: Int
  ) throws(FormatProblemText) -> RunLengthMask {
    do {
      return try RunLengthMask(height: height, width: width, runs: runs)
    } catch {
      throw FormatProblemText(
        .invalidMask, "segmentation", error.message,
        "runs of at least 0 that sum to \(height) × \(width)")
    }
  }

  private func drawn(
    _ polygons: [[Double]], _ image: COCOImage
  ) throws(FormatProblemText) -> RunLengthMask {
    guard let height = image.height, let width = image.width else {
      throw FormatProblemText(
        .missingField, "segmentation", "polygons are drawn on an image without size",
        "height and width of the image")
    }
    for polygon in polygons {
      guard polygon.count.isMultiple(of: 2) else {
        throw FormatProblemText(
          .invalidMask, "segmentation", "a polygon has \(polygon.count) numbers",
          "an even count: x and y of each point")
      }
      guard polygon.count >= 6 else {
        throw FormatProblemText(
          .invalidMask, "segmentation", "a polygon has \(polygon.count / 2) points",
          "at least 3 points")
      }
      guard polygon.allSatisfy({ $0.magnitude <= MaskCodec.maximumCoordinate }) else {
        throw FormatProblemText(
          .invalidMask, "segmentation", "a point of a polygon is too far away",
          "coordinates up to \(MaskCodec.maximumCoordinate)")
      }
    }
    let crossings = MaskCodec.crossingCount(polygons: polygons, width: Int(width))
    guard crossings <= limits.maximumCrossings else {
      throw FormatProblemText(
        .limitExceeded, "segmentation", "the polygons cross \(crossings) columns of pixels",
        "at most \(limits.maximumCrossings) for all edges together; run lengths have no such limit")
    }
    let runs = MaskCodec.runs(polygons: polygons, height: Int(height), width: Int(width))
    return try filled(runs, Int(height), Int(width))
  }

  // MARK: Keypoints

  func annotation(_ object: COCOObject) throws(FormatProblemText) -> KeypointAnnotation {
    guard let numbers = object.keypoints else { throw .missing("keypoints") }
    guard let layout, numbers.count == layout.count * (layout.dimensions + 1) else {
      throw wrongCount(numbers)
    }
    for keypoint in 0..<layout.count {
      let code = numbers[(keypoint + 1) * (layout.dimensions + 1) - 1]
      guard code == 0 || code == 1 || code == 2 else {
        throw FormatProblemText(
          .outOfRange, "keypoints", "the visibility of keypoint \(keypoint) is \(code)",
          "0, 1 or 2 as the last number of each keypoint")
      }
    }
    return KeypointAnnotation(
      keypoints: numbers,
      box: try optional(object.box, "bbox"), headBox: try optional(object.headBox, "head_box"))
  }

  private func optional(
    _ numbers: COCOObject.BoxNumbers?, _ field: String
  ) throws(FormatProblemText) -> Box? {
    guard let numbers else { return nil }
    return try box(numbers, field)
  }

  /// The keypoints of a detection: x, y and a number that is not looked at, each.
  func detectedKeypoints(_ object: COCOObject) throws(FormatProblemText) -> KeypointObject {
    guard let numbers = object.keypoints else { throw .missing("keypoints") }
    guard let layout, layout.dimensions == 2 else {
      throw FormatProblemText(
        .shapeMismatch, "keypoints", "the truth has keypoints in three dimensions",
        "annotation_id: objects cannot be detected there")
    }
    guard numbers.count == layout.count * 3 else { throw wrongCount(numbers) }
    return KeypointObject(keypoints: numbers)
  }

  /// The keypoints of a prediction for a known object, with or without a number behind each.
  func prediction(_ object: COCOObject) throws(FormatProblemText) -> KeypointPrediction {
    guard let numbers = object.keypoints else { throw .missing("keypoints") }
    guard let layout else { throw wrongCount(numbers) }
    let (count, dimensions) = (layout.count, layout.dimensions)
    let coordinates: [Double]
    switch numbers.count {
    case count * dimensions: coordinates = numbers
    case count * (dimensions + 1):
      coordinates = numbers.indices.filter { $0 % (dimensions + 1) < dimensions }
        .map { numbers[$0] }
    default: throw wrongCount(numbers)
    }
    try check(object.visibility, "pred_visibility", "0, 1 or 2") { [0, 1, 2].contains($0) }
    try check(object.visibilityProbability, "visibility_probability", "0 to 1") {
      (0...1).contains($0)
    }
    return KeypointPrediction(
      coordinates: coordinates, visibility: object.visibility,
      visibilityProbability: object.visibilityProbability)
  }

  /// One number for each keypoint, each of which is allowed.
  private func check(
    _ values: [Double]?, _ field: String, _ expected: String, _ isAllowed: (Double) -> Bool
  ) throws(FormatProblemText) {
    guard let values, let layout else { return }
    guard values.count == layout.count else {
      throw FormatProblemText(
        .shapeMismatch, field, "there are \(values.count) numbers",
        "\(layout.count), one for each keypoint")
    }
    guard let wrong = values.first(where: { !isAllowed($0) }) else { return }
    throw FormatProblemText(.outOfRange, field, "there is a \(wrong)", expected)
  }

  private func wrongCount(_ numbers: [Double]) -> FormatProblemText {
    let expected =
      layout.map { "\($0.count) × \($0.dimensions + 1) of them, as in the truth" }
      ?? "x, y and visibility of each keypoint"
    return FormatProblemText(
      .shapeMismatch, "keypoints", "there are \(numbers.count) numbers", expected)
  }
}

/// How the keypoints of every object of a file are written.
struct KeypointLayout: Sendable, Equatable {
  /// The keypoints of a person in COCO, in two dimensions.
  static let coco = KeypointLayout(count: 17, dimensions: 2)

  let count: Int
  let dimensions: Int

  init(count: Int, dimensions: Int) {
    self.count = count
    self.dimensions = dimensions
  }

  /// From the names that a category lists and the numbers of an object: each keypoint has one
  /// number more than dimensions. Without names there are two dimensions.
  init?(named: Int?, numbers: Int) {
    let width = named.map { $0 > 0 ? numbers / $0 : 0 } ?? 3
    guard width == 3 || width == 4, numbers > 0, numbers % width == 0 else { return nil }
    self.init(count: numbers / width, dimensions: width - 1)
  }
}
