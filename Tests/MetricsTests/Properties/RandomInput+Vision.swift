import Metrics

/// Images with objects, label maps and keypoints.
extension RandomInput {
  private static let categories: [Label] = [.integer(7), .integer(8), .integer(9)]

  // MARK: Objects

  func detection(_ random: inout SeededGenerator) throws -> MetricInput {
    .detection(
      try objects(&random) { box, _ in Box(x: box.x, y: box.y, width: box.width, height: box.height)
      })
  }

  func instances(_ random: inout SeededGenerator) throws -> MetricInput {
    .instances(
      try objects(&random) { box, _ in try Self.mask(box) })
  }

  func keypointDetection(_ random: inout SeededGenerator) throws -> MetricInput {
    .keypointDetection(
      KeypointDetections(
        keypointCount: Self.keypointCount,
        objects: try objects(&random, hasAreas: true) { box, random in
          KeypointObject(keypoints: keypoints(in: box, &random), box: box)
        }))
  }

  /// Images with a few objects each, detected well, badly, not at all, or where there are none.
  private func objects<Geometry>(
    _ random: inout SeededGenerator, hasAreas: Bool = false,
    _ geometry: (Box, inout SeededGenerator) throws -> Geometry
  ) throws -> ObjectSet<Geometry> {
    let images = try (0..<count).map { image in
      let number = random.integer((image == 0 ? 1 : 0)..<4)
      let boxes = (0..<number).map { _ in Self.box(&random) }
      let truths = try boxes.map { try geometry($0, &random) }
      let categories = (0..<number).map { Int32(isSparse ? $0 : random.integer(0..<3)) }
      let areas =
        hasAreas || random.chance(0.5) ? boxes.map { $0.area * random.number(0.5...1) } : nil
      if isPerfect {
        return ObjectImage(
          truths: truths, truthCategories: categories, areas: areas, predictions: truths,
          predictedCategories: categories, scores: truths.map { _ in 1 })
      }
      var found: [(Geometry, Int32)] = []
      for (box, category) in zip(boxes, categories) where random.chance(0.9) {
        let moved = Self.moved(box, by: random.chance(0.5) ? 1 : 4, &random)
        found.append((try geometry(moved, &random), category))
      }
      for _ in 0..<random.integer(0..<3) {
        let nothing = Self.box(&random)
        found.append((try geometry(nothing, &random), Int32(random.integer(0..<3))))
      }
      found.shuffle(using: &random)
      return ObjectImage(
        truths: truths, truthCategories: categories,
        isCrowd: truths.map { _ in random.chance(0.1) }, areas: areas,
        predictions: found.map(\.0), predictedCategories: found.map(\.1),
        scores: found.map { _ in coarse(random.number(0.05...0.95)) })
    }
    return try ObjectSet(categories: Self.categories, images: images)
  }

  private static let side = 24

  /// A box with whole numbers, so that a mask can be made of it.
  private static func box(_ random: inout SeededGenerator) -> Box {
    let (width, height) = (random.integer(2..<12), random.integer(2..<12))
    return Box(
      x: Double(random.integer(0..<side - width)), y: Double(random.integer(0..<side - height)),
      width: Double(width), height: Double(height))
  }

  private static func moved(
    _ box: Box, by distance: Int, _ random: inout SeededGenerator
  ) -> Box {
    func near(_ value: Double, _ room: Double) -> Double {
      min(max(0, value + Double(random.integer(-distance..<distance + 1))), room)
    }
    return Box(
      x: near(box.x, Double(side) - box.width), y: near(box.y, Double(side) - box.height),
      width: box.width, height: box.height)
  }

  /// The pixels of a box.
  private static func mask(_ box: Box) throws -> RunLengthMask {
    var runs: [Int64] = []
    var last = 0
    for column in Int(box.x)..<Int(box.x + box.width) {
      let start = column * side + Int(box.y)
      runs += [Int64(start - last), Int64(box.height)]
      last = start + Int(box.height)
    }
    runs.append(Int64(side * side - last))
    return try RunLengthMask(height: side, width: side, runs: runs)
  }

  // MARK: Pixels

  private static let mapSize = (height: 8, width: 9)
  private static let mapClasses = 3
  private static let ignored: Int32 = 255

  /// True classes in small tiles; class 1 occurs in every image.
  private func map(_ random: inout SeededGenerator) -> [Int32] {
    let (height, width) = Self.mapSize
    let tiles = (0..<12).map { Int32($0 == 5 ? 1 : random.integer(0..<Self.mapClasses)) }
    return (0..<height * width).map { pixel in
      let isIgnored = !isPerfect && random.chance(0.05)
      return isIgnored ? Self.ignored : tiles[pixel / width / 3 * 3 + pixel % width / 3]
    }
  }

  func segmentation(_ random: inout SeededGenerator) throws -> MetricInput {
    let images = (0..<count).map { _ in
      let truth = map(&random)
      let prediction = truth.map { label in
        isPerfect || (random.chance(0.8) && label != Self.ignored)
          ? label : Int32(random.integer(0..<Self.mapClasses))
      }
      return SegmentationImage(
        height: Self.mapSize.height, width: Self.mapSize.width, truth: truth,
        prediction: prediction)
    }
    return .segmentation(
      try SegmentationMaps(
        classCount: Self.mapClasses, ignoreIndex: Self.ignored, spacing: [1, 1.5],
        images: images))
  }

  func segmentationScores(_ random: inout SeededGenerator) -> MetricInput {
    let areProbabilities = random.chance(0.5)
    let images = (0..<count).map { _ in
      let truth = map(&random)
      var scores = [Double](repeating: 0, count: truth.count * Self.mapClasses)
      for (pixel, label) in truth.enumerated() {
        let row = (0..<Self.mapClasses).map { index -> Double in
          if isPerfect { return index == Int(label) ? (areProbabilities ? 1.0 : 1_000) : 0 }
          return coarse(random.number(0.1...2))
        }
        let sum = areProbabilities ? row.reduce(0, +) : 1
        for index in row.indices { scores[index * truth.count + pixel] = row[index] / sum }
      }
      return ScoredImage(
        height: Self.mapSize.height, width: Self.mapSize.width, truth: truth, scores: scores,
        areProbabilities: areProbabilities)
    }
    return .segmentationScores(
      SegmentationScores(
        classCount: Self.mapClasses, ignoreIndex: Self.ignored, images: images))
  }

  // MARK: Keypoints

  /// As many as COCO's, whose constants are then the default.
  private static let keypointCount = 17

  /// Coordinates and visibility in a box; at least one keypoint is labelled.
  private func keypoints(in box: Box, _ random: inout SeededGenerator) -> [Double] {
    (0..<Self.keypointCount).flatMap { keypoint in
      [
        box.x + random.number(0...1) * box.width, box.y + random.number(0...1) * box.height,
        keypoint == 3 ? 2 : Double(random.integer(0..<3)),
      ]
    }
  }

  func keypoints(_ random: inout SeededGenerator) -> MetricInput {
    let instances = (0..<count).map { _ in
      let box = Self.box(&random)
      let truth = keypoints(in: box, &random)
      let visibility = stride(from: 2, to: truth.count, by: 3).map { truth[$0] }
      let coordinates = truth.indices.filter { $0 % 3 != 2 }.map { truth[$0] }
      return KeypointInstance(
        truth: truth,
        prediction: coordinates.map { isPerfect ? $0 : $0 + random.normal() },
        box: box, area: box.area * 0.7, headBox: box,
        predictedVisibility: visibility.map {
          isPerfect || random.chance(0.7) ? $0 : Double(random.integer(0..<3))
        },
        visibilityProbability: isPerfect ? nil : visibility.map { _ in random.number(0...1) })
    }
    return .keypoints(
      KeypointInstances(keypointCount: Self.keypointCount, instances: instances))
  }
}
