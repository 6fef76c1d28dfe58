import Metrics

/// Reads COCO documents: annotations of a truth, results of a prediction.
struct COCOReader {
  let task: MetricTask
  let limits: FormatLimits

  private static let empty = FormatError(
    FormatProblem(.emptyFile, "the file is empty", expected: "a COCO document"))

  private func check(
    _ count: Int, atMost maximum: Int, _ cursor: JSONCursor, _ field: String
  ) throws(FormatError) {
    guard count > maximum else { return }
    throw FormatError(
      cursor.problem(
        .limitExceeded, field: field, "there are too many", expected: "at most \(maximum)"))
  }

  // MARK: Truth

  func truth(_ bytes: [UInt8]) throws(FormatError) -> COCOTruth {
    try bytes.withUnsafeBufferPointer { buffer throws(FormatError) in
      var cursor = JSONCursor(buffer, maximumDepth: limits.maximumDepth)
      guard cursor.peek() != 0 else { throw Self.empty }
      var images: [COCOImage] = []
      var categories: [COCOCategory] = []
      // Annotations may stand before the images and categories that they name.
      var objects: [COCOObject] = []
      try cursor.object { cursor, name throws(FormatError) in
        switch name {
        case "images":
          try cursor.array { cursor throws(FormatError) in
            images.append(try COCOImage(&cursor))
            try check(images.count, atMost: limits.maximumRows, cursor, "images")
          }
        case "categories":
          try cursor.array { cursor throws(FormatError) in
            categories.append(try COCOCategory(&cursor))
            try check(categories.count, atMost: limits.maximumClasses, cursor, "categories")
          }
        case "annotations":
          try cursor.array { cursor throws(FormatError) in
            objects.append(try COCOObject(&cursor, task: task))
            try check(objects.count, atMost: limits.maximumRows, cursor, "annotations")
          }
        default: try cursor.skip()
        }
      }
      try cursor.end()
      return try joined(images, categories, objects, cursor)
    }
  }

  private func joined(
    _ images: [COCOImage], _ categories: [COCOCategory], _ objects: [COCOObject],
    _ cursor: JSONCursor
  ) throws(FormatError) -> COCOTruth {
    var problems = ProblemList(maximum: limits.maximumProblems)
    try checkIDs(images, cursor, &problems)
    try checkIDs(categories, cursor, &problems)
    try checkIDs(objects, cursor, &problems)
    guard !images.isEmpty, !categories.isEmpty else {
      throw FormatError(
        FormatProblem(
          .missingField, field: images.isEmpty ? "images" : "categories",
          "there are no images or no categories", expected: "both lists with entries"))
    }
    try problems.throwIfAny()
    let sorted = categories.sorted { ($0.id ?? 0) < ($1.id ?? 0) }
    let ordered = images.sorted { ($0.id ?? 0) < ($1.id ?? 0) }
    let named = categories.compactMap(\.keypointCount).max()
    let numbers = objects.lazy.compactMap { $0.keypoints?.count }.first
    var assembler = COCOAssembler(
      task: task, images: ordered, categories: sorted.map { $0.id ?? 0 }, isTruth: true)
    assembler.decoder.limits = limits
    assembler.decoder.layout = numbers.map { KeypointLayout(named: named, numbers: $0) } ?? .coco
    for object in objects { try assembler.add(object, cursor, &problems) }
    try problems.throwIfAny()
    return COCOTruth(
      images: ordered, categories: sorted.map { $0.id ?? 0 },
      names: sorted.map { $0.name ?? String($0.id ?? 0) },
      annotationIDs: task == .keypointDetection ? objects.map(\.id) : [],
      objects: assembler.objects)
  }

  private func checkIDs(
    _ images: [COCOImage], _ cursor: JSONCursor, _ problems: inout ProblemList
  ) throws(FormatError) {
    var seen: Set<Int64> = []
    for image in images {
      try check(image.id, at: image.place, "image", .duplicateID, &seen, cursor, &problems)
      let sides = [image.height, image.width].compactMap { $0 }
      if sides.contains(where: { $0 < 1 || $0 > COCODecoder.maximumSide }) {
        try problems.add(
          cursor.problem(
            .outOfRange, at: image.place, field: "height", "the image has no such size",
            expected: "sides from 1 to \(COCODecoder.maximumSide)"))
      }
    }
  }

  private func checkIDs(
    _ categories: [COCOCategory], _ cursor: JSONCursor, _ problems: inout ProblemList
  ) throws(FormatError) {
    var seen: Set<Int64> = []
    for category in categories {
      try check(
        category.id, at: category.place, "category", .duplicateClass, &seen, cursor, &problems)
    }
  }

  /// Annotations need no ids, but what has one has its own.
  private func checkIDs(
    _ objects: [COCOObject], _ cursor: JSONCursor, _ problems: inout ProblemList
  ) throws(FormatError) {
    var seen: Set<Int64> = []
    seen.reserveCapacity(objects.count)
    for object in objects where object.id != nil {
      try check(
        object.id, at: object.place, "annotation", .duplicateID, &seen, cursor, &problems)
    }
  }

  private func check(
    _ id: Int64?, at place: Int, _ what: String, _ repeated: FormatProblem.Kind,
    _ seen: inout Set<Int64>, _ cursor: JSONCursor, _ problems: inout ProblemList
  ) throws(FormatError) {
    guard let id else {
      return try problems.add(
        cursor.problem(
          .missingField, at: place, field: "id", "the \(what) has no id", expected: "an id"))
    }
    guard !seen.insert(id).inserted else { return }
    try problems.add(
      cursor.problem(
        repeated, at: place, field: "id", "\(what) \(id) appears a second time",
        expected: "each id once"))
  }

  // MARK: Results

  /// Reads a list of results for a truth. Each is taken into columns as soon as it is read.
  func results(
    _ bytes: [UInt8], for truth: COCOTruth
  ) throws(FormatError) -> COCOTruth.Objects {
    try bytes.withUnsafeBufferPointer { buffer throws(FormatError) in
      var cursor = JSONCursor(buffer, maximumDepth: limits.maximumDepth)
      guard cursor.peek() != 0 else { throw Self.empty }
      var problems = ProblemList(maximum: limits.maximumProblems)
      var assembler = COCOAssembler(
        task: task, images: truth.images, categories: truth.categories, isTruth: false)
      assembler.decoder.limits = limits
      if case .annotations(_, let layout) = truth.objects {
        assembler.decoder.layout = layout
        assembler.expect(truth.annotationIDs)
      }
      var count = 0
      try cursor.array { cursor throws(FormatError) in
        let object = try COCOObject(&cursor, task: task)
        try assembler.add(object, cursor, &problems)
        count += 1
        try check(count, atMost: limits.maximumRows, cursor, "results")
      }
      try cursor.end()
      try problems.throwIfAny()
      return assembler.objects
    }
  }
}
