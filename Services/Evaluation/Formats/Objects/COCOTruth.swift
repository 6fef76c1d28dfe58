import Metrics

/// The true objects of a set of images.
struct COCOTruth: Sendable {
  /// The objects of one kind of task, per image in the order of their ids.
  enum Objects: Sendable {
    case boxes([[Entry<Box>]])
    case masks([[Entry<RunLengthMask>]])
    case keypoints([[Entry<KeypointObject>]], count: Int)
  }

  /// One object and what else is known about it.
  struct Entry<Geometry: Sendable>: Sendable {
    let geometry: Geometry
    let category: Int32
    let isCrowd: Bool
    let area: Double?
    let score: Double
  }

  let images: [COCOImage]
  /// Ids of the categories, ascending, and their names.
  let categories: [Int64]
  let names: [String]
  let objects: Objects
}

/// Reads COCO documents: annotations of a truth, results of a prediction.
struct COCOReader {
  let task: MetricTask
  let limits: FormatLimits

  // MARK: Truth

  func truth(_ bytes: [UInt8]) throws(FormatError) -> COCOTruth {
    try bytes.withUnsafeBufferPointer { buffer throws(FormatError) in
      var cursor = JSONCursor(buffer, maximumDepth: limits.maximumDepth)
      guard cursor.peek() != 0 else { throw Self.empty }
      var images: [COCOImage] = []
      var categories: [(id: Int64, name: String)] = []
      var objects: [COCOObject] = []
      try cursor.object { cursor, name throws(FormatError) in
        switch name {
        case "images":
          try cursor.array { cursor throws(FormatError) in
            images.append(try COCOImage.read(&cursor))
            try checkCount(images.count, cursor, "images")
          }
        case "categories":
          try cursor.array { cursor throws(FormatError) in
            categories.append(try Self.category(&cursor))
            try checkCount(categories.count, cursor, "categories")
          }
        case "annotations":
          try cursor.array { cursor throws(FormatError) in
            objects.append(try COCOObject.read(&cursor))
            try checkCount(objects.count, cursor, "annotations")
          }
        default: try cursor.skip()
        }
      }
      try cursor.end()
      return try joined(images, categories, objects, cursor)
    }
  }

  private static let empty = FormatError(
    FormatProblem(.emptyFile, "the file is empty", expected: "a COCO document"))

  private func checkCount(
    _ count: Int, _ cursor: JSONCursor, _ field: String
  ) throws(FormatError) {
    guard count > limits.maximumRows else { return }
    throw FormatError(
      cursor.problem(
        .limitExceeded, field: field, "there are too many",
        expected: "at most \(limits.maximumRows)"))
  }

  private static func category(
    _ cursor: inout JSONCursor
  ) throws(FormatError) -> (id: Int64, name: String) {
    var id: Int64?
    var name: String?
    _ = cursor.peek()
    let place = cursor.position
    try cursor.object { cursor, field throws(FormatError) in
      switch field {
      case "id": id = try cursor.integer()
      case "name": name = try cursor.string()
      default: try cursor.skip()
      }
    }
    guard let id else {
      throw FormatError(
        cursor.problem(
          .missingField, at: place, field: "id", "the category has no id", expected: "an id"))
    }
    return (id, name ?? String(id))
  }

  private func joined(
    _ images: [COCOImage], _ categories: [(id: Int64, name: String)], _ objects: [COCOObject],
    _ cursor: JSONCursor
  ) throws(FormatError) -> COCOTruth {
    var problems = ProblemList(maximum: limits.maximumProblems)
    try checkIDs(images, cursor, &problems)
    guard !images.isEmpty, !categories.isEmpty else {
      throw FormatError(
        FormatProblem(
          .missingField, field: images.isEmpty ? "images" : "categories",
          "there are no images or no categories", expected: "both lists with entries"))
    }
    let sorted = categories.sorted { $0.id < $1.id }
    for (first, second) in zip(sorted, sorted.dropFirst()) where first.id == second.id {
      try problems.add(
        FormatProblem(
          .duplicateClass, field: "categories", "category \(first.id) is declared twice",
          expected: "each id once"))
    }
    try problems.throwIfAny()
    let ordered = images.sorted { ($0.id ?? 0) < ($1.id ?? 0) }
    var assembler = COCOAssembler(
      task: task, images: ordered, categories: sorted.map(\.id), isTruth: true)
    let assembled = try assembler.assemble(objects, cursor, &problems)
    return COCOTruth(
      images: ordered, categories: sorted.map(\.id), names: sorted.map(\.name),
      objects: assembled)
  }

  private func checkIDs(
    _ images: [COCOImage], _ cursor: JSONCursor, _ problems: inout ProblemList
  ) throws(FormatError) {
    var seen: Set<Int64> = []
    for image in images {
      guard let id = image.id else {
        try problems.add(
          cursor.problem(
            .missingField, at: image.place, field: "id", "the image has no id", expected: "an id"))
        continue
      }
      if !seen.insert(id).inserted {
        try problems.add(
          cursor.problem(
            .duplicateID, at: image.place, field: "id", "image \(id) appears a second time",
            expected: "each id once"))
      }
      let sides = [image.height, image.width].compactMap { $0 }
      if sides.contains(where: { $0 < 1 || $0 > COCODecoder.maximumSide }) {
        try problems.add(
          cursor.problem(
            .outOfRange, at: image.place, field: "height", "image \(id) has no such size",
            expected: "sides from 1 to \(COCODecoder.maximumSide)"))
      }
    }
  }

  // MARK: Results

  /// Reads a list of results for a truth.
  func results(
    _ bytes: [UInt8], for truth: COCOTruth
  ) throws(FormatError) -> COCOTruth.Objects {
    try bytes.withUnsafeBufferPointer { buffer throws(FormatError) in
      var cursor = JSONCursor(buffer, maximumDepth: limits.maximumDepth)
      guard cursor.peek() != 0 else { throw Self.empty }
      var objects: [COCOObject] = []
      try cursor.array { cursor throws(FormatError) in
        objects.append(try COCOObject.read(&cursor))
        try checkCount(objects.count, cursor, "results")
      }
      try cursor.end()
      var problems = ProblemList(maximum: limits.maximumProblems)
      var assembler = COCOAssembler(
        task: task, images: truth.images, categories: truth.categories, isTruth: false)
      if case .keypoints(_, let count) = truth.objects { assembler.expectKeypoints(count) }
      return try assembler.assemble(objects, cursor, &problems)
    }
  }
}

/// Sorts objects into their images.
struct COCOAssembler {
  private let images: [COCOImage]
  private let imageIndex: [Int64: Int]
  private let categoryIndex: [Int64: Int32]
  private let isTruth: Bool
  private var decoder: COCODecoder

  init(task: MetricTask, images: [COCOImage], categories: [Int64], isTruth: Bool) {
    self.images = images
    self.isTruth = isTruth
    decoder = COCODecoder(task: task)
    imageIndex = Dictionary(
      images.enumerated().map { ($1.id ?? 0, $0) }, uniquingKeysWith: { first, _ in first })
    categoryIndex = Dictionary(
      categories.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
  }

  mutating func expectKeypoints(_ count: Int) { decoder.keypointCount = count }

  mutating func assemble(
    _ objects: [COCOObject], _ cursor: JSONCursor, _ problems: inout ProblemList
  ) throws(FormatError) -> COCOTruth.Objects {
    switch decoder.task {
    case .objectDetection:
      let decoder = decoder
      return .boxes(try entries(objects, cursor, &problems) { object, _ in decoder.box(object) })
    case .instanceSegmentation:
      let decoder = decoder
      return .masks(
        try entries(objects, cursor, &problems) { object, image in decoder.mask(object, image) })
    default:
      var decoder = decoder
      let isTruth = isTruth
      let found = try entries(objects, cursor, &problems) { object, _ in
        decoder.keypoints(object, isTruth: isTruth)
      }
      return .keypoints(found, count: decoder.keypointCount ?? KeypointCount.coco)
    }
  }

  private func entries<Geometry>(
    _ objects: [COCOObject], _ cursor: JSONCursor, _ problems: inout ProblemList,
    _ decode: (COCOObject, COCOImage) -> Result<Geometry, FormatProblemText>
  ) throws(FormatError) -> [[COCOTruth.Entry<Geometry>]] {
    var entries = [[COCOTruth.Entry<Geometry>]](repeating: [], count: images.count)
    for object in objects {
      switch entry(object, decode) {
      case .success(let (image, entry)): entries[image].append(entry)
      case .failure(let text):
        try problems.add(
          cursor.problem(
            text.kind, at: object.place, field: text.field, text.message, expected: text.expected))
      }
    }
    try problems.throwIfAny()
    return entries
  }

  private func entry<Geometry>(
    _ object: COCOObject, _ decode: (COCOObject, COCOImage) -> Result<Geometry, FormatProblemText>
  ) -> Result<(Int, COCOTruth.Entry<Geometry>), FormatProblemText> {
    guard let imageID = object.image else { return .failure(.missing("image_id")) }
    guard let categoryID = object.category else { return .failure(.missing("category_id")) }
    guard let image = imageIndex[imageID] else {
      return .failure(
        .init(.unknownID, "image_id", "image \(imageID) is unknown", "an image of the truth"))
    }
    guard let category = categoryIndex[categoryID] else {
      return .failure(
        .init(
          .unknownLabel, "category_id", "category \(categoryID) is unknown",
          "a category of the truth"))
    }
    if !isTruth, object.score == nil { return .failure(.missing("score")) }
    if let area = object.area, area < 0 {
      return .failure(.init(.outOfRange, "area", "the area is negative", "at least 0"))
    }
    if isTruth, decoder.task == .keypointDetection, object.area == nil {
      return .failure(.missing("area"))
    }
    return decode(object, images[image]).map { geometry in
      let entry = COCOTruth.Entry(
        geometry: geometry, category: category, isCrowd: object.isCrowd, area: object.area,
        score: object.score ?? 0)
      return (image, entry)
    }
  }
}

/// Numbers of keypoints.
enum KeypointCount {
  /// The keypoints of a person in COCO.
  static let coco = 17
}

extension COCOTruth {
  /// The category of every object.
  var objectCategories: [Int32] {
    switch objects {
    case .boxes(let images): images.flatMap { $0.map(\.category) }
    case .masks(let images): images.flatMap { $0.map(\.category) }
    case .keypoints(let images, _): images.flatMap { $0.map(\.category) }
    }
  }

  /// Truth and results as the input of a metric.
  func input(_ results: Objects, images chosen: [Int]) throws(MetricError) -> MetricInput {
    let labels = categories.map(Label.integer)
    switch (objects, results) {
    case (.boxes(let truths), .boxes(let found)):
      return .detection(
        try ObjectSet(categories: labels, images: Self.images(truths, found, chosen) { $0.area }))
    case (.masks(let truths), .masks(let found)):
      return .instances(
        try ObjectSet(
          categories: labels, images: Self.images(truths, found, chosen) { Double($0.area) }))
    case (.keypoints(let truths, let count), .keypoints(let found, _)):
      return .keypointDetection(
        KeypointDetections(
          keypointCount: count,
          objects: try ObjectSet(
            categories: labels, images: Self.images(truths, found, chosen) { _ in 0 })))
    default: preconditionFailure("results are read for the truth that they are joined with")
    }
  }

  private static func images<Geometry>(
    _ truths: [[Entry<Geometry>]], _ found: [[Entry<Geometry>]], _ chosen: [Int],
    area: (Geometry) -> Double
  ) -> [ObjectImage<Geometry>] {
    chosen.map { index in
      ObjectImage(
        truths: truths[index].map(\.geometry), truthCategories: truths[index].map(\.category),
        isCrowd: truths[index].map(\.isCrowd),
        areas: truths[index].map { $0.area ?? area($0.geometry) },
        predictions: found[index].map(\.geometry),
        predictedCategories: found[index].map(\.category), scores: found[index].map(\.score))
    }
  }
}
