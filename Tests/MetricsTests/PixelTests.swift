import Metrics
import Testing

/// Label maps against straightforward computations, pixel by pixel.
@Suite("Pixels")
struct PixelTests {
  typealias Generator = SeededGenerator

  /// A map of blots of random classes, with some pixels of its own.
  static func blots(
    _ height: Int, _ width: Int, _ classes: Int, _ random: inout Generator
  ) -> [Int32] {
    var pixels = [Int32](repeating: 0, count: height * width)
    for _ in 0..<Int.random(in: 0...5, using: &random) {
      let label = Int32.random(in: 0..<Int32(classes), using: &random)
      let row = Int.random(in: 0..<height, using: &random)
      let column = Int.random(in: 0..<width, using: &random)
      let size = Int.random(in: 0...max(height, width) / 2, using: &random)
      for y in max(0, row - size)..<min(height, row + size + 1) {
        for x in max(0, column - size)..<min(width, column + size / 2 + 1) {
          pixels[y * width + x] = label
        }
      }
    }
    for _ in 0..<height * width / 20 {
      let pixel = pixels.indices.randomElement(using: &random) ?? 0
      pixels[pixel] = .random(in: 0..<Int32(classes), using: &random)
    }
    return pixels
  }

  struct Mask {
    let height: Int
    let width: Int
    let pixels: [Bool]

    func contains(_ row: Int, _ column: Int) -> Bool {
      row >= 0 && row < height && column >= 0 && column < width && pixels[row * width + column]
    }

    /// Pixels with one outside the mask among given offsets.
    func boundary(_ offsets: [(Int, Int)]) -> [(Int, Int)] {
      (0..<height).flatMap { row in (0..<width).map { (row, $0) } }.filter { row, column in
        contains(row, column)
          && offsets.contains { !contains(row + $0.0, column + $0.1) }
      }
    }

    var edge: [(Int, Int)] { boundary([(0, 1), (1, 0), (0, -1), (-1, 0)]) }

    func band(_ distance: Int) -> [(Int, Int)] {
      let span = -distance...distance
      return boundary(span.flatMap { row in span.map { (row, $0) } })
    }
  }

  static func distances(
    _ from: [(Int, Int)], _ to: [(Int, Int)], _ spacing: [Double]
  ) -> [Double] {
    from.map { first in
      to.map { second in
        let rows = Double(first.0 - second.0) * spacing[0]
        let columns = Double(first.1 - second.1) * spacing[1]
        return (rows * rows + columns * columns).squareRoot()
      }.min() ?? .nan
    }
  }

  static func value(
    _ metric: String, _ maps: SegmentationMaps, _ parameters: [String: ParameterValue] = [:],
    workers: Int = 1
  ) throws -> Double? {
    let outcome = try MetricsCatalogue.evaluate(
      task: .semanticSegmentation, metric: metric, input: .segmentation(maps),
      parameters: parameters, workers: workers)
    if case .value(let value) = outcome { return value }
    return nil
  }

  @Test("distances and bands of boundaries are those of a search over all pairs")
  func boundaries() throws {
    var random = Generator(seed: 11)
    var compared = 0
    for round in 0..<60 {
      let height = Int.random(in: 1...30, using: &random)
      let width = [1, 5, 63, 64, 65, 100, 130].randomElement(using: &random) ?? 1
      let spacing = round.isMultiple(of: 3) ? [0.7, 1.9] : [1, 1]
      let ignored: Int32? = round.isMultiple(of: 4) ? 2 : nil
      let truth = Self.blots(height, width, 3, &random)
      let prediction = Self.blots(height, width, 3, &random)
      let maps = try SegmentationMaps(
        classCount: 3, ignoreIndex: ignored, spacing: spacing,
        images: [
          SegmentationImage(height: height, width: width, truth: truth, prediction: prediction)
        ])
      func mask(_ pixels: [Int32]) -> Mask {
        Mask(
          height: height, width: width,
          pixels: pixels.indices.map { pixels[$0] == 1 && truth[$0] != ignored })
      }
      let only1 = ["exclude_classes": ParameterValue.list([.integer(0), .integer(2)])]
      let (first, second) = (mask(truth), mask(prediction))
      guard first.pixels.contains(true), second.pixels.contains(true) else { continue }
      compared += 1
      let forward = Self.distances(second.edge, first.edge, spacing)
      let backward = Self.distances(first.edge, second.edge, spacing)
      let hausdorff = max(forward.max() ?? 0, backward.max() ?? 0)
      let distance = try #require(try Self.value("hausdorff", maps, only1))
      #expect((distance - hausdorff).magnitude <= 1e-12 * hausdorff)
      let mean = forward.reduce(0, +) / Double(forward.count)
      let average = try #require(try Self.value("asd", maps, only1))
      #expect((average - mean).magnitude <= 1e-12 * max(1, mean))
      let diagonal = (Double(height * height + width * width)).squareRoot()
      for ratio in [0.01, 0.05, 0.3] {
        let reach = Int(max(1, (ratio * diagonal).rounded(.toNearestOrEven)))
        let bands = [first, second].map { Set($0.band(reach).map { $0.0 * width + $0.1 }) }
        let both = bands[0].intersection(bands[1]).count
        let overlap = Double(both) / Double(bands[0].union(bands[1]).count)
        let parameters = only1.merging(["dilation_ratio": .number(ratio)]) { _, new in new }
        #expect(try Self.value("boundary_iou", maps, parameters) == overlap)
      }
    }
    print("\(compared) pairs of masks")
    #expect(compared > 30)
  }

  @Test("masks at opposite ends of a wide image keep their distances")
  func farApart() throws {
    let (height, width) = (3, 700)
    var truth = [Int32](repeating: 0, count: height * width)
    var prediction = truth
    for column in 0..<40 { truth[width + column] = 1 }
    for column in 600..<700 { prediction[column] = 1 }
    let maps = try SegmentationMaps(
      classCount: 2,
      images: [
        SegmentationImage(height: height, width: width, truth: truth, prediction: prediction)
      ])
    let expected = (660.0 * 660 + 1).squareRoot()
    #expect(try Self.value("hausdorff", maps) == expected)
    var sum = 0.0
    for column in 600..<700 {
      let across = Double(column - 39)
      sum += (across * across + 1).squareRoot()
    }
    let average = try #require(try Self.value("asd", maps))
    #expect((average - sum / 100).magnitude < 1e-9)
  }

  @Test("counts do not depend on how labels are stored, nor on threads", arguments: [3, 70, 300])
  func counts(classes: Int) throws {
    var random = Generator(seed: 12)
    let (height, width) = (120, 121)
    let truth = Self.blots(height, width, classes, &random)
    let prediction = Self.blots(height, width, classes, &random)
    for ignored in [nil, 1, 255, Int32(classes) + 9] {
      var marked = truth
      if let ignored { for pixel in stride(from: 0, to: 9000, by: 3) { marked[pixel] = ignored } }
      var hits = 0
      var valid = 0
      for pixel in marked.indices where marked[pixel] != ignored {
        valid += 1
        hits += marked[pixel] == prediction[pixel] ? 1 : 0
      }
      var images = [
        SegmentationImage(height: height, width: width, truth: marked, prediction: prediction),
        SegmentationImage(
          height: height, width: width, truth: marked.map { UInt16($0) },
          prediction: prediction.map { UInt16($0) }),
      ]
      if classes < 256, ignored ?? 0 < 256 {
        images.append(
          SegmentationImage(
            height: height, width: width, truth: marked.map { UInt8($0) },
            prediction: prediction.map { UInt8($0) }))
      }
      var means: Set<Double> = []
      for image in images {
        let maps = try SegmentationMaps(
          classCount: classes, ignoreIndex: ignored, images: [image])
        for workers in [1, 2, 5] {
          #expect(
            try Self.value("accuracy", maps, workers: workers) == Double(hits) / Double(valid))
          means.insert(try #require(try Self.value("miou", maps, workers: workers)))
        }
      }
      #expect(means.count == 1)
    }
  }

  @Test("an undeclared class is found, in truth or prediction, but not under the ignored one")
  func undeclared() throws {
    for rows in ["miou", "hausdorff"] {
      for (truth, prediction, place) in [
        (3, 0, "images[0].true[6]"), (-1, 0, "images[0].true[6]"), (0, 7, "images[0].pred[6]"),
        (0, 300, "images[0].pred[6]"), (70_000, 0, "images[0].true[6]"),
      ] as [(Int32, Int32, String)] {
        var pixels = [Int32](repeating: 1, count: 12)
        var predicted = pixels
        pixels[6] = truth
        predicted[6] = prediction
        let maps = try SegmentationMaps(
          classCount: 3, ignoreIndex: 9,
          images: [SegmentationImage(height: 3, width: 4, truth: pixels, prediction: predicted)])
        let error = #expect(throws: MetricError.self) { _ = try Self.value(rows, maps) }
        #expect(error?.name == .unknownLabel)
        #expect(error?.place == place)
        var state = try MetricsCatalogue.makeState(
          task: .semanticSegmentation, metric: rows,
          parameters: MetricParameters(
            for: MetricsCatalogue.metric(rows, of: .semanticSegmentation)))
        #expect(throws: MetricError.self) { try state.add(.segmentation(maps), at: 0) }
        #expect(state.sampleCount == 0)
      }
    }
    var pixels = [Int32](repeating: 1, count: 12)
    var predicted = pixels
    pixels[6] = 9
    predicted[6] = 50
    let maps = try SegmentationMaps(
      classCount: 3, ignoreIndex: 9,
      images: [SegmentationImage(height: 3, width: 4, truth: pixels, prediction: predicted)])
    #expect(try Self.value("miou", maps) == 1)
    #expect(try Self.value("hausdorff", maps) == 0)
  }
}
