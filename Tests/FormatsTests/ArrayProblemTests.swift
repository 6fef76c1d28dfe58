import Foundation
import Metrics
import Testing

@testable import Formats

/// Bad arrays: refused when they are read, in words that tell a participant nothing of the truth.
@Suite("Bad arrays")
struct ArrayProblemTests {
  static func truth(
    _ type: String, _ shape: String, _ data: [UInt8], _ task: MetricTask = .tabularClassification,
    classes: [String]? = nil, ignoreIndex: Int32? = nil, limits: FormatLimits = .defaults
  ) throws -> Dataset {
    try DatasetReader.read(
      bytes: ObjectTests.array(type, shape, data), task: task, classes: classes,
      ignoreIndex: ignoreIndex, limits: limits)
  }

  static func problems(_ body: () throws -> Void) throws -> [FormatProblem] {
    try TableTests.problems(body)
  }

  static func predictionProblems(
    _ dataset: Dataset, _ type: String, _ shape: String, _ data: [UInt8],
    limits: FormatLimits = .defaults
  ) throws -> [FormatProblem] {
    try problems {
      _ = try PredictionsReader.read(
        bytes: ObjectTests.array(type, shape, data), for: dataset, limits: limits)
    }
  }

  /// Numbers as `<f4` holds them.
  static func floats(_ numbers: [Float]) -> [UInt8] {
    numbers.flatMap { number in (0..<4).map { UInt8(number.bitPattern >> (8 * $0) & 0xFF) } }
  }

  @Test("a truth's labels are classes: the declared ones, never negative")
  func truthLabels() throws {
    let two = ["no", "yes"]
    #expect(try Self.problems { _ = try Self.truth("|u1", "3,", [0, 1, 1], classes: two) } == [])
    let beyond = try Self.problems { _ = try Self.truth("|u1", "3,", [0, 1, 2], classes: two) }
    #expect(beyond.map(\.kind) == [.unknownLabel])
    #expect(beyond.first?.message == "row 2 has label 2")
    #expect(beyond.first?.expected == "a class from 0 to 1")
    let negative = try Self.problems { _ = try Self.truth("|i1", "3,", [0, 255, 1]) }
    #expect(negative.map(\.message) == ["row 1 has label -1"])
  }

  @Test("predicted labels beyond the declared classes are told by their row")
  func predictedLabels() throws {
    let declared = try Self.truth("|u1", "3,", [0, 1, 1], classes: ["no", "yes"])
    #expect(
      try Self.predictionProblems(declared, "|u1", "3,", [0, 7, 1]).map(\.message) == [
        "row 1 has label 7"
      ])
    // Without declaration a label of one's own is wrong, but no mistake of the file.
    let open = try Self.truth("|u1", "3,", [0, 1, 1])
    #expect(try Self.predictionProblems(open, "|u1", "3,", [0, 7, 1]) == [])
  }

  @Test("scores of too few classes are refused without naming a row or label of the truth")
  func tooFewScores() throws {
    let truth = try Self.truth("|u1", "3,", [0, 1, 77])
    let matrix = Self.floats([0.5, 0.5, 0.5, 0.5, 0.5, 0.5])
    for (shape, data) in [("3, 2", matrix), ("3,", Self.floats([0.1, 0.2, 0.3]))] {
      let found = try Self.predictionProblems(truth, "<f4", shape, data)
      #expect(found.map(\.kind) == [.shapeMismatch])
      #expect(found.allSatisfy { !$0.description.contains("77") }, "\(found)")
      #expect(found.allSatisfy { !$0.description.contains("row 2") }, "\(found)")
    }
    let maps = try Self.truth("|u1", "1, 2", [0, 77], .semanticSegmentation)
    let found = try Self.predictionProblems(
      maps, "<f4", "2, 1, 2", Self.floats([0.5, 0.5, 0.5, 0.5]))
    #expect(found.map(\.kind) == [.shapeMismatch])
    #expect(found.allSatisfy { !$0.description.contains("77") }, "\(found)")
  }

  @Test("a truth of several labels has a column for each declared one")
  func severalLabels() throws {
    let cells: [UInt8] = [0, 1, 1, 1, 0, 0]
    #expect(
      try Self.problems { _ = try Self.truth("|u1", "2, 3", cells, classes: ["a", "b"]) }
        .map(\.kind) == [.shapeMismatch])
    let truth = try Self.truth("|u1", "2, 3", cells, classes: ["a", "b", "c"])
    #expect(try Self.predictionProblems(truth, "|u1", "2, 3", cells) == [])
    #expect(
      try Self.predictionProblems(truth, "|u1", "3, 2", cells).map(\.kind) == [.shapeMismatch])
  }

  @Test("without declaration the truth alone says how many classes label maps have")
  func undeclaredMaps() throws {
    let truth = try Self.truth(
      "|u1", "2, 2", [0, 2, 1, 255], .semanticSegmentation, ignoreIndex: 255)
    let found = try Self.predictionProblems(
      truth, "<u2", "2, 2", [0, 0, 2, 0, 0xFF, 0xFF, 0, 0])
    #expect(found.map(\.kind) == [.unknownLabel])
    #expect(found.first?.message == "image 0, row 1, column 0 has label 65535")
    #expect(found.first?.expected == "a class from 0 to 2")
    // Where the truth is ignored, so is the prediction.
    let ignored: [UInt8] = [0, 0, 2, 0, 1, 0, 0xFF, 0xFF]
    #expect(try Self.predictionProblems(truth, "<u2", "2, 2", ignored) == [])
    let predictions = try PredictionsReader.read(
      bytes: ObjectTests.array("<u2", "2, 2", ignored), for: truth)
    let metric = try MetricsCatalogue.metric("iou", of: .semanticSegmentation)
    let input = try ScoringInput(truth, predictions)
    guard case .segmentation(let maps)? = input.input(for: metric) else {
      Issue.record("no label maps")
      return
    }
    #expect(maps.classCount == 3)
  }

  @Test("classes have one limit, however they come")
  func classLimit() throws {
    var limits = FormatLimits()
    limits.maximumClasses = 2
    let names = ["a", "b", "c"]
    let table = Array("id,label\n1,a\n".utf8)
    let document = Array(
      #"{"images": [{"id": 1}], "categories": [{"id": 1}, {"id": 2}, {"id": 3}]}"#.utf8)
    let readings: [() throws -> Void] = [
      {
        _ = try DatasetReader.read(
          bytes: table, task: .tabularClassification, classes: names, limits: limits)
      },
      { _ = try Self.truth("|u1", "2,", [0, 1], classes: names, limits: limits) },
      { _ = try Self.truth("|u1", "3,", [0, 9, 4], limits: limits) },
      { _ = try Self.truth("|u1", "1, 3", [0, 1, 0], limits: limits) },
      { _ = try DatasetReader.read(bytes: document, task: .objectDetection, limits: limits) },
    ]
    for (index, reading) in readings.enumerated() {
      #expect(try Self.problems(reading).map(\.kind) == [.limitExceeded], "reading \(index)")
    }
    let truth = try Self.truth("|u1", "3,", [0, 9, 9], limits: limits)
    #expect(
      try Self.predictionProblems(truth, "|u1", "3,", [1, 2, 3], limits: limits).map(\.kind) == [
        .limitExceeded
      ])
  }
}
