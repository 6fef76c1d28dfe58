import Metrics

/// Takes objects into columns, one after another, with their images and categories as indices.
struct COCOAssembler {
  private let task: MetricTask
  private let images: [COCOImage]
  private let imageIndex: IDTable
  private let categoryIndex: IDTable
  private let isTruth: Bool
  var decoder = COCODecoder()

  private var boxes = COCOColumns<Box>()
  private var masks = COCOColumns<RunLengthMask>()
  private var annotations = COCOColumns<KeypointAnnotation>()
  private var detected = COCOColumns<KeypointObject>()

  private var annotationIndex: [Int64: Int] = [:]
  private var predictions: [KeypointPrediction?] = []
  /// Whether results of keypoints are predictions for known objects; the first one tells.
  private var arePredictions: Bool?

  init(task: MetricTask, images: [COCOImage], categories: [Int64], isTruth: Bool) {
    self.task = task
    self.images = images
    self.isTruth = isTruth
    imageIndex = IDTable(images.map { $0.id ?? 0 })
    categoryIndex = IDTable(categories)
  }

  /// Annotations that predictions may name.
  mutating func expect(_ annotations: [Int64?]) {
    predictions = [KeypointPrediction?](repeating: nil, count: annotations.count)
    for (position, id) in annotations.enumerated() {
      if let id { annotationIndex[id] = position }
    }
  }

  var objects: COCOTruth.Objects {
    switch task {
    case .objectDetection: .boxes(boxes)
    case .instanceSegmentation: .masks(masks)
    default:
      if isTruth {
        .annotations(annotations, decoder.layout ?? .coco)
      } else if arePredictions == true {
        .predictedKeypoints(predictions)
      } else {
        .detectedKeypoints(detected)
      }
    }
  }

  /// Takes one object, or adds what is wrong with it to the problems.
  mutating func add(
    _ object: COCOObject, _ cursor: JSONCursor, _ problems: inout ProblemList
  ) throws(FormatError) {
    do throws(FormatProblemText) {
      try add(object)
    } catch {
      try problems.add(
        cursor.problem(
          error.kind, at: object.place, field: error.field, error.message,
          expected: error.expected))
    }
  }

  private mutating func add(_ object: COCOObject) throws(FormatProblemText) {
    if task == .keypointDetection, !isTruth, try isPrediction(object) {
      return try addPrediction(object)
    }
    let (image, category) = try place(object)
    switch task {
    case .objectDetection:
      boxes.append(try decoder.box(object), image, category, object, isTruth)
    case .instanceSegmentation:
      let mask = try decoder.mask(object, images[Int(image)])
      masks.append(mask, image, category, object, isTruth)
    default:
      if isTruth {
        annotations.append(try decoder.annotation(object), image, category, object, isTruth)
      } else {
        detected.append(try decoder.detectedKeypoints(object), image, category, object, isTruth)
      }
    }
  }

  /// The image and category of an object, as indices.
  private func place(
    _ object: COCOObject
  ) throws(FormatProblemText) -> (image: Int32, category: Int32) {
    guard let imageID = object.image else { throw .missing("image_id") }
    guard let categoryID = object.category else { throw .missing("category_id") }
    guard let image = imageIndex.position(of: imageID) else {
      throw FormatProblemText(
        .unknownID, "image_id", "image \(imageID) is unknown", "an image of the truth")
    }
    guard let category = categoryIndex.position(of: categoryID) else {
      throw FormatProblemText(
        .unknownLabel, "category_id", "category \(categoryID) is unknown",
        "a category of the truth")
    }
    if !isTruth, object.score == nil { throw .missing("score") }
    if let area = object.area, area < 0 {
      throw FormatProblemText(.outOfRange, "area", "the area is negative", "at least 0")
    }
    return (image, category)
  }

  // MARK: Predictions for known objects

  private mutating func isPrediction(_ object: COCOObject) throws(FormatProblemText) -> Bool {
    let isPrediction = object.annotation != nil
    let areAll = arePredictions ?? isPrediction
    arePredictions = areAll
    guard areAll == isPrediction else {
      throw areAll
        ? .missing("annotation_id")
        : FormatProblemText(
          .wrongType, "annotation_id", "a list of detections has a prediction for an annotation",
          "all results with annotation_id, or none")
    }
    return isPrediction
  }

  private mutating func addPrediction(_ object: COCOObject) throws(FormatProblemText) {
    guard let id = object.annotation, let position = annotationIndex[id] else {
      throw FormatProblemText(
        .unknownID, "annotation_id", "annotation \(object.annotation ?? 0) is unknown",
        "an annotation of the truth")
    }
    guard predictions[position] == nil else {
      throw FormatProblemText(
        .duplicateID, "annotation_id", "annotation \(id) has a second prediction",
        "one prediction for each annotation")
    }
    predictions[position] = try decoder.prediction(object)
  }
}

extension COCOColumns {
  fileprivate mutating func append(
    _ geometry: Geometry, _ image: Int32, _ category: Int32, _ object: COCOObject,
    _ isTruth: Bool
  ) {
    geometries.append(geometry)
    images.append(image)
    categories.append(category)
    if isTruth {
      isCrowd.append(object.isCrowd)
      areas.append(object.area ?? .nan)
    } else {
      scores.append(object.score ?? 0)
    }
  }
}

/// The positions of ids in an ascending list.
private struct IDTable: Sendable {
  private let ids: [Int64]
  /// Where there are as many numbers as ids, the position is told by the number.
  private let isDense: Bool

  init(_ ids: [Int64]) {
    self.ids = ids
    isDense =
      ids.indices.allSatisfy { ids[$0].subtractingReportingOverflow(ids[0]) == (Int64($0), false) }
  }

  func position(of id: Int64) -> Int32? {
    guard let first = ids.first, let last = ids.last, id >= first, id <= last else { return nil }
    if isDense { return Int32(id - first) }
    var low = 0
    var high = ids.count - 1
    while low < high {
      let middle = (low + high) / 2
      if ids[middle] < id { low = middle + 1 } else { high = middle }
    }
    return ids[low] == id ? Int32(low) : nil
  }
}
