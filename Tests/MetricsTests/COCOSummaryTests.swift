import Metrics
import Testing

/// COCO's twelve numbers are the rows that they are named after.
@Suite("COCO summary")
struct COCOSummaryTests {
  /// Random objects with crowds, ties of scores, empty images and areas at the bounds of ranges.
  static func input(seed: UInt64) throws -> MetricInput {
    var random = SeededGenerator(seed: seed)
    let images = (0..<25).map { _ -> ObjectImage<Box> in
      let count = Int.random(in: 0...6, using: &random)
      let truths = (0..<count).map { _ in
        let sides: [Double] = [8, 32, 96, 150]
        let side = sides[Int.random(in: 0..<4, using: &random)]
        return Box(
          x: .random(in: 0...200, using: &random), y: .random(in: 0...200, using: &random),
          width: side, height: side)
      }
      let categories = truths.map { _ in Int32.random(in: 0..<4, using: &random) }
      let found = (0..<Int.random(in: 0...30, using: &random)).map { _ -> (Box, Int32) in
        guard let truth = truths.indices.randomElement(using: &random) else {
          return (Box(x: 0, y: 0, width: 20, height: 20), 1)
        }
        let box = truths[truth]
        let shifts: [Double] = [0, 1, 4, 20]
        let shift = shifts[Int.random(in: 0..<4, using: &random)]
        return (
          Box(x: box.x + shift, y: box.y - shift, width: box.width, height: box.height),
          categories[truth]
        )
      }
      return ObjectImage(
        truths: truths, truthCategories: categories,
        isCrowd: truths.map { _ in Int.random(in: 0..<6, using: &random) == 0 },
        predictions: found.map(\.0), predictedCategories: found.map(\.1),
        scores: found.map { _ in Double(Int.random(in: 0...9, using: &random)) / 10 })
    }
    return .detection(try ObjectSet(categories: (1...4).map(Label.integer), images: images))
  }

  static func row(
    _ metric: String, _ input: MetricInput, _ parameters: [String: ParameterValue] = [:]
  ) throws -> MetricOutcome {
    try MetricsCatalogue.evaluate(
      task: .objectDetection, metric: metric, input: input, parameters: parameters)
  }

  @Test("every number has the bits of its row", arguments: [1, 2, 3])
  func rows(seed: UInt64) throws {
    let input = try Self.input(seed: seed)
    let summary = try COCOSummary(input)
    #expect(
      summary.entries.map(\.name) == [
        "AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl",
      ])
    let hundred = ["max_dets": ParameterValue.integer(100)]
    #expect(try summary["AP"] == Self.row("map", input))
    #expect(try summary["AP50"] == Self.row("map_50", input))
    #expect(try summary["AP75"] == Self.row("map_75", input))
    #expect(try summary["AR1"] == Self.row("mar_1", input))
    #expect(try summary["AR10"] == Self.row("mar_10", input))
    #expect(try summary["AR100"] == Self.row("mar_10", input, hundred))
    for (suffix, low, high) in [("s", 0.0, 1024.0), ("m", 1024, 9216), ("l", 9216, 1e10)] {
      let area = ["area_range": ParameterValue.list([.number(low), .number(high)])]
      #expect(try summary["AP" + suffix] == Self.row("map", input, area))
      #expect(
        try summary["AR" + suffix]
          == Self.row("mar_10", input, area.merging(hundred) { first, _ in first }))
    }
  }

  @Test("threads change no bit")
  func workers() throws {
    let input = try Self.input(seed: 4)
    let one = try COCOSummary(input)
    for workers in [2, 3, 8] { #expect(try COCOSummary(input, workers: workers) == one) }
  }

  @Test("golden cases of the rows hold for the summary")
  func golden() throws {
    let names = [
      "map": "AP", "map_50": "AP50", "map_75": "AP75", "mar_1": "AR1", "mar_10": "AR10",
      "instance_mask_map": "AP",
    ]
    var compared = 0
    for file in try GoldenFile.all() {
      guard let name = names[file.metric] else { continue }
      for one in file.cases {
        guard case .object(let parameters) = one.parameters, parameters.isEmpty,
          case .value(let expected) = one.expectation
        else { continue }
        let summary = try COCOSummary(GoldenInput.decode(one.input))
        guard case .value(let got)? = summary[name] else {
          Issue.record("\(file.name) \(one.id): no value")
          continue
        }
        compared += 1
        #expect(one.accepts(got, expected), "\(file.name) \(one.id): \(got), not \(expected)")
      }
    }
    print("\(compared) golden cases compared with summaries")
    #expect(compared > 50)
  }

  @Test("keypoints have ten numbers, of twenty detections")
  func keypoints() throws {
    let points = (0..<17).flatMap { [Double($0 * 9), Double($0 * 5), 2.0] }
    let image = ObjectImage(
      truths: [KeypointObject(keypoints: points, box: Box(x: 0, y: 0, width: 150, height: 85))],
      truthCategories: [0], areas: [12_750],
      predictions: [KeypointObject(keypoints: points)], predictedCategories: [0], scores: [0.5])
    let input = MetricInput.keypointDetection(
      KeypointDetections(
        keypointCount: 17, objects: try ObjectSet(categories: [.integer(1)], images: [image])))
    let summary = try COCOSummary(input)
    #expect(
      summary.entries.map(\.name) == [
        "AP", "AP50", "AP75", "APm", "APl", "AR", "AR50", "AR75", "ARm", "ARl",
      ])
    #expect(summary["AR"] == .value(1))
    #expect(summary["ARl"] == .value(1))
    #expect(summary["APm"] == .undefined(.noGroundTruth))
  }

  @Test("what is no list of objects has no summary, and bad objects are refused")
  func refused() throws {
    let numbers = MetricInput.regression(RegressionColumns(truth: [1], prediction: [1]))
    #expect(throws: MetricError.self) { try COCOSummary(numbers) }
    let image = ObjectImage(
      truths: [Box(x: 0, y: 0, width: -1, height: 1)], truthCategories: [0], predictions: [],
      predictedCategories: [], scores: [])
    let input = MetricInput.detection(
      try ObjectSet(categories: [.integer(1)], images: [image]))
    let error = #expect(throws: MetricError.self) { try COCOSummary(input, workers: 2) }
    #expect(error?.name == .invalidBox)
    let none = MetricInput.detection(try ObjectSet(categories: [.integer(1)], images: []))
    #expect(throws: MetricError.self) { try COCOSummary(none) }
  }
}
