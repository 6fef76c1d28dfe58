import Metrics

/// An annotation or a result of a COCO file, before it is matched with its image.
struct COCOObject: Sendable {
  /// A mask as it is written.
  enum Mask: Sendable {
    case polygons([[Double]])
    /// A size is what was written, if it is two numbers.
    case runs([Int64], size: [Int64])
    case compressed(String, size: [Int64])
    case incomplete
  }

  /// The numbers of a box, however many there are.
  struct BoxNumbers: Sendable {
    var values = SIMD4<Double>.zero
    var count = 0
  }

  /// Where the object begins in the file.
  var place = 0
  var id: Int64?
  /// The annotation that a result of keypoints is the prediction for.
  var annotation: Int64?
  var image: Int64?
  var category: Int64?
  var box: BoxNumbers?
  var headBox: BoxNumbers?
  var mask: Mask?
  var keypoints: [Double]?
  var visibility: [Double]?
  var visibilityProbability: [Double]?
  var area: Double?
  var isCrowd = false
  var score: Double?

  /// Reads one object; fields that the task does not need are skipped.
  init(_ cursor: inout JSONCursor, task: MetricTask) throws(FormatError) {
    _ = cursor.peek()
    place = cursor.position
    try cursor.object { cursor, name throws(FormatError) in
      if try cursor.takeNull() { return }
      switch name {
      case "image_id": image = try cursor.integer()
      case "category_id": category = try cursor.integer()
      case "bbox" where task != .instanceSegmentation: box = try Self.box(&cursor)
      case "score": score = try cursor.number()
      case "area": area = try cursor.number()
      case "iscrowd": isCrowd = try cursor.flag()
      case "id": id = try cursor.integer()
      case "segmentation" where task == .instanceSegmentation: mask = try Self.mask(&cursor)
      default: try readKeypoints(&cursor, name, task)
      }
    }
  }

  private mutating func readKeypoints(
    _ cursor: inout JSONCursor, _ name: JSONName, _ task: MetricTask
  ) throws(FormatError) {
    guard task == .keypointDetection else { return try cursor.skip() }
    switch name {
    case "keypoints": keypoints = try cursor.numbers()
    case "annotation_id": annotation = try cursor.integer()
    case "head_box": headBox = try Self.box(&cursor)
    case "pred_visibility": visibility = try cursor.numbers()
    case "visibility_probability": visibilityProbability = try cursor.numbers()
    default: try cursor.skip()
    }
  }

  private static func box(_ cursor: inout JSONCursor) throws(FormatError) -> BoxNumbers {
    var box = BoxNumbers()
    try cursor.array { cursor throws(FormatError) in
      let number = try cursor.number()
      if box.count < 4 { box.values[box.count] = number }
      box.count += 1
    }
    return box
  }

  private static func mask(_ cursor: inout JSONCursor) throws(FormatError) -> Mask {
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
      case "size": size = try integers(&cursor)
      case "counts" where cursor.peek() == UInt8(ascii: "\""): text = try cursor.string()
      case "counts": runs = try integers(&cursor)
      default: try cursor.skip()
      }
    }
    if let runs { return .runs(runs, size: size) }
    return text.map { .compressed($0, size: size) } ?? .incomplete
  }

  private static func integers(_ cursor: inout JSONCursor) throws(FormatError) -> [Int64] {
    var list: [Int64] = []
    try cursor.array { cursor throws(FormatError) in list.append(try cursor.integer()) }
    return list
  }
}

/// An image of a COCO file.
struct COCOImage: Sendable, Equatable {
  var place = 0
  var id: Int64?
  var height: Int64?
  var width: Int64?

  init(_ cursor: inout JSONCursor) throws(FormatError) {
    _ = cursor.peek()
    place = cursor.position
    try cursor.object { cursor, name throws(FormatError) in
      if try cursor.takeNull() { return }
      switch name {
      case "id": id = try cursor.integer()
      case "height": height = try cursor.integer()
      case "width": width = try cursor.integer()
      default: try cursor.skip()
      }
    }
  }
}

/// A category of a COCO file.
struct COCOCategory: Sendable, Equatable {
  var place = 0
  var id: Int64?
  var name: String?
  /// How many keypoints an object has, if their names are listed.
  var keypointCount: Int?

  init(_ cursor: inout JSONCursor) throws(FormatError) {
    _ = cursor.peek()
    place = cursor.position
    try cursor.object { cursor, field throws(FormatError) in
      if try cursor.takeNull() { return }
      switch field {
      case "id": id = try cursor.integer()
      case "name": name = try cursor.string()
      case "keypoints":
        var count = 0
        try cursor.array { cursor throws(FormatError) in
          try cursor.skip()
          count += 1
        }
        keypointCount = count
      default: try cursor.skip()
      }
    }
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
