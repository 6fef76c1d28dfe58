import Metrics

/// An annotation or a result of a COCO file, before it is matched with its image.
struct COCOObject: Sendable {
  /// A mask as it is written.
  enum Mask: Sendable {
    case polygons([[Double]])
    case runs([Int64], height: Int, width: Int)
    case compressed(String, height: Int, width: Int)
  }

  /// Where the object begins in the file.
  var place = 0
  var image: Int64?
  var category: Int64?
  var box: [Double]?
  var mask: Mask?
  var keypoints: [Double]?
  var area: Double?
  var isCrowd = false
  var score: Double?

  /// Reads one object; fields that no metric needs are skipped.
  static func read(_ cursor: inout JSONCursor) throws(FormatError) -> COCOObject {
    var object = COCOObject()
    _ = cursor.peek()
    object.place = cursor.position
    try cursor.object { cursor, name throws(FormatError) in
      if try cursor.takeNull() { return }
      switch name {
      case "image_id": object.image = try cursor.integer()
      case "category_id": object.category = try cursor.integer()
      case "bbox": object.box = try cursor.numbers()
      case "segmentation": object.mask = try mask(&cursor)
      case "keypoints": object.keypoints = try cursor.numbers()
      case "area": object.area = try cursor.number()
      case "iscrowd": object.isCrowd = try cursor.flag()
      case "score": object.score = try cursor.number()
      default: try cursor.skip()
      }
    }
    return object
  }

  private static func mask(_ cursor: inout JSONCursor) throws(FormatError) -> Mask? {
    if cursor.peek() == UInt8(ascii: "[") {
      var polygons: [[Double]] = []
      try cursor.array { cursor throws(FormatError) in polygons.append(try cursor.numbers()) }
      return .polygons(polygons)
    }
    var size: [Int64] = []
    var runs: [Int64]?
    var text: String?
    try cursor.object { cursor, name throws(FormatError) in
      switch name {
      case "size":
        try cursor.array { cursor throws(FormatError) in size.append(try cursor.integer()) }
      case "counts" where cursor.peek() == UInt8(ascii: "\""): text = try cursor.string()
      case "counts":
        var list: [Int64] = []
        try cursor.array { cursor throws(FormatError) in list.append(try cursor.integer()) }
        runs = list
      default: try cursor.skip()
      }
    }
    guard size.count == 2, let height = Int(exactly: size[0]), let width = Int(exactly: size[1])
    else { return nil }
    if let runs { return .runs(runs, height: height, width: width) }
    return text.map { .compressed($0, height: height, width: width) }
  }
}

/// An image of a COCO file.
struct COCOImage: Sendable, Equatable {
  var place = 0
  var id: Int64?
  var height: Int64?
  var width: Int64?

  static func read(_ cursor: inout JSONCursor) throws(FormatError) -> COCOImage {
    var image = COCOImage()
    _ = cursor.peek()
    image.place = cursor.position
    try cursor.object { cursor, name throws(FormatError) in
      switch name {
      case "id": image.id = try cursor.integer()
      case "height": image.height = try cursor.integer()
      case "width": image.width = try cursor.integer()
      default: try cursor.skip()
      }
    }
    return image
  }
}

/// Turns objects of a file into geometries, or says what is wrong with them.
struct COCODecoder {
  /// The largest side of an image.
  static let maximumSide: Int64 = 100_000

  let task: MetricTask
  /// Keypoints per object; the first object with any decides.
  var keypointCount: Int?

  func box(_ object: COCOObject) -> Result<Box, FormatProblemText> {
    guard let numbers = object.box else { return .failure(.missing("bbox")) }
    guard numbers.count == 4, let box = try? Box(numbers) else {
      return .failure(.init(.wrongType, "bbox", "a box has 4 numbers", "[x, y, width, height]"))
    }
    guard box.width >= 0, box.height >= 0 else {
      return .failure(
        .init(.invalidBox, "bbox", "the box has a negative size", "width and height of at least 0"))
    }
    return .success(box)
  }

  func mask(_ object: COCOObject, _ image: COCOImage) -> Result<RunLengthMask, FormatProblemText> {
    guard let mask = object.mask else { return .failure(.missing("segmentation")) }
    let runs: [Int64]?
    var (height, width) = (Int(image.height ?? 0), Int(image.width ?? 0))
    switch mask {
    case .polygons(let polygons):
      let isUsable = polygons.allSatisfy { polygon in
        polygon.count >= 6 && polygon.count.isMultiple(of: 2)
          && polygon.allSatisfy { $0.magnitude <= MaskCodec.maximumCoordinate }
      }
      guard height > 0, width > 0, isUsable else {
        return .failure(
          .init(
            .invalidMask, "segmentation", "the polygons cannot be drawn",
            "at least 3 points each, and an image with height and width"))
      }
      runs = MaskCodec.runs(polygons: polygons, height: height, width: width)
    case .runs(let list, let rows, let columns): (runs, height, width) = (list, rows, columns)
    case .compressed(let text, let rows, let columns):
      (runs, height, width) = (MaskCodec.runs(compressed: text), rows, columns)
    }
    if let imageHeight = image.height, let imageWidth = image.width,
      (Int64(height), Int64(width)) != (imageHeight, imageWidth)
    {
      return .failure(
        .init(
          .shapeMismatch, "segmentation", "the mask is \(height) × \(width)",
          "the image's \(imageHeight) × \(imageWidth)"))
    }
    guard let runs, height <= Self.maximumSide, width <= Self.maximumSide,
      let mask = try? RunLengthMask(height: height, width: width, runs: runs)
    else {
      return .failure(
        .init(
          .invalidMask, "segmentation", "the runs do not fill the mask",
          "runs of at least 0 that sum to \(height) × \(width)"))
    }
    return .success(mask)
  }

  mutating func keypoints(
    _ object: COCOObject, isTruth: Bool
  ) -> Result<KeypointObject, FormatProblemText> {
    guard let numbers = object.keypoints else { return .failure(.missing("keypoints")) }
    let count = keypointCount ?? numbers.count / 3
    guard numbers.count == count * 3, count > 0 else {
      return .failure(
        .init(
          .shapeMismatch, "keypoints", "there are \(numbers.count) numbers", "\(count) × 3"))
    }
    keypointCount = count
    let codes = stride(from: 2, to: numbers.count, by: 3).map { numbers[$0] }
    if isTruth, !codes.allSatisfy([0, 1, 2].contains) {
      return .failure(
        .init(.outOfRange, "keypoints", "a visibility is none of 0, 1 and 2", "0, 1 or 2"))
    }
    guard isTruth else { return .success(KeypointObject(keypoints: numbers)) }
    return box(object).map { KeypointObject(keypoints: numbers, box: $0) }
  }
}

/// What is wrong with an object, without its place.
struct FormatProblemText: Error {
  let kind: FormatProblem.Kind
  let field: String
  let message: String
  let expected: String

  init(_ kind: FormatProblem.Kind, _ field: String, _ message: String, _ expected: String) {
    self.kind = kind
    self.field = field
    self.message = message
    self.expected = expected
  }

  static func missing(_ field: String) -> FormatProblemText {
    FormatProblemText(.missingField, field, "the object has no \(field)", "the field \(field)")
  }
}
