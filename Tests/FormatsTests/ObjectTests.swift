import Foundation
import Metrics
import Testing

@testable import Formats

/// COCO documents and NPY arrays.
@Suite("Objects and arrays")
struct ObjectTests {
  static let truth = """
    {"images": [{"id": 7, "height": 10, "width": 10}, {"id": 3, "height": 10, "width": 10}],
     "categories": [{"id": 2, "name": "d\\u00f6g"}, {"id": 1, "name": "cat"}],
     "annotations": [
      {"id": 1, "image_id": 7, "category_id": 2, "bbox": [1, 1, 4, 4], "area": 16, "iscrowd": 0,
       "segmentation": [[1, 1, 5, 1, 5, 5, 1, 5]]},
      {"id": 2, "image_id": 3, "category_id": 1, "bbox": [0, 0, 2, 2], "area": 4, "iscrowd": 0,
       "segmentation": {"size": [10, 10], "counts": [0, 2, 8, 2, 88]}}]}
    """

  static func dataset(_ task: MetricTask, _ text: String = truth) throws -> Dataset {
    try DatasetReader.read(bytes: Array(text.utf8), task: task)
  }

  static func score(
    _ task: MetricTask, _ metric: String, _ results: String, _ truth: String = truth
  ) throws -> MetricOutcome? {
    let dataset = try dataset(task, truth)
    let predictions = try PredictionsReader.read(bytes: Array(results.utf8), for: dataset)
    let row = try MetricsCatalogue.metric(metric, of: task)
    return try ScoringInput(dataset, predictions)
      .outcome(of: row, parameters: MetricParameters(for: row))
  }

  /// COCO's precision has a machine epsilon in its denominator, so that 1 is not quite reached.
  static func isPerfect(_ outcome: MetricOutcome?) -> Bool {
    guard case .value(let value)? = outcome else { return false }
    return (value - 1).magnitude < 1e-12
  }

  @Test("boxes of a document are scored, whatever the order of results")
  func boxes() throws {
    let dataset = try Self.dataset(.objectDetection)
    #expect(dataset.rowCount == 2)
    #expect(dataset.classes == ["cat", "dög"])
    #expect(dataset.classCounts.map(\.count) == [1, 1])
    let results = """
      [{"image_id": 7, "category_id": 2, "bbox": [1, 1, 4, 4], "score": 0.9},
       {"score": 0.8, "image_id": 3, "bbox": [0, 0, 2, 2], "category_id": 1}]
      """
    #expect(Self.isPerfect(try Self.score(.objectDetection, "map", results)))
    #expect(try Self.score(.objectDetection, "map", "[]") == .value(0))
  }

  @Test("polygons, run lengths and compressed run lengths give the same masks")
  func masks() throws {
    // The square [1, 5) × [1, 5): columns 1 to 4, rows 1 to 4 of 10.
    let runs = "[11, 4, 6, 4, 6, 4, 6, 4, 55]"
    for segmentation in [
      "[[1, 1, 5, 1, 5, 5, 1, 5]]", "{\"size\": [10, 10], \"counts\": \(runs)}",
      "{\"size\": [10, 10], \"counts\": \"\(Self.compressed([11, 4, 6, 4, 6, 4, 6, 4, 55]))\"}",
      "[[1, 1, 3, 1, 3, 5, 1, 5], [2, 1, 5, 1, 5, 5, 2, 5]]",
    ] {
      let results = """
        [{"image_id": 7, "category_id": 2, "segmentation": \(segmentation), "score": 0.9},
         {"image_id": 3, "category_id": 1, "score": 0.8,
          "segmentation": {"size": [10, 10], "counts": [0, 2, 8, 2, 88]}}]
        """
      #expect(
        try Self.score(.instanceSegmentation, "f1", results) == .value(1), "\(segmentation)")
      #expect(
        Self.isPerfect(try Self.score(.instanceSegmentation, "instance_mask_map", results)))
    }
  }

  /// COCO's compression: differences from the run two before, five bits a character.
  static func compressed(_ runs: [Int64]) -> String {
    var text = ""
    for (index, run) in runs.enumerated() {
      var value = index > 2 ? run - runs[index - 2] : run
      var isOpen = true
      while isOpen {
        var digit = value & 0x1F
        value >>= 5
        isOpen = digit & 0x10 != 0 ? value != -1 : value != 0
        if isOpen { digit |= 0x20 }
        text.unicodeScalars.append(Unicode.Scalar(UInt8(digit + 48)))
      }
    }
    return text.replacingOccurrences(of: "\\", with: "\\\\")
  }

  @Test("keypoints are read with their visibility")
  func keypoints() throws {
    let points = (0..<17).map { "\($0), \($0), 2" }.joined(separator: ", ")
    let truth = """
      {"images": [{"id": 1}], "categories": [{"id": 1, "name": "person"}], "annotations": [
       {"image_id": 1, "category_id": 1, "bbox": [0, 0, 17, 17], "area": 200,
        "keypoints": [\(points)]}]}
      """
    let results =
      "[{\"image_id\": 1, \"category_id\": 1, \"score\": 1, \"keypoints\": [\(points)]}]"
    #expect(try Self.score(.keypointDetection, "oks", results, truth) == .value(1))
    #expect(try Self.score(.keypointDetection, "f1", results, truth) == .value(1))
  }

  static func kinds(_ body: () throws -> Void) throws -> [FormatProblem.Kind] {
    try TableTests.problems(body).map(\.kind)
  }

  @Test("what is wrong with a document is said with its place")
  func problems() throws {
    for (text, kind) in [
      ("", FormatProblem.Kind.emptyFile), ("[", .wrongType), ("{\"images\": [", .truncated),
      ("{\"images\": [{\"id\": 1}]", .truncated), ("{} {}", .malformedJSON),
      ("{\"images\": []}", .missingField), ("{\"images\": 3}", .wrongType),
      (String(repeating: "{\"a\":", count: 100), .limitExceeded),
    ] {
      #expect(try Self.kinds { _ = try Self.dataset(.objectDetection, text) } == [kind], "\(text)")
    }
    let results = """
      [{"image_id": 8, "category_id": 2, "bbox": [1, 1, 4, 4], "score": 0.9},
       {"image_id": 7, "category_id": 5, "bbox": [1, 1, 4, 4], "score": 0.9},
       {"image_id": 7, "category_id": 2, "bbox": [1, 1, -4, 4], "score": 0.9},
       {"image_id": 7, "category_id": 2, "bbox": [1, 1, 4], "score": 0.9},
       {"image_id": 7, "category_id": 2, "bbox": [1, 1, 4, 4]}]
      """
    let found = try TableTests.problems {
      _ = try Self.score(.objectDetection, "map", results)
    }
    #expect(
      found.map(\.kind) == [.unknownID, .unknownLabel, .invalidBox, .wrongType, .missingField])
    #expect(found.map(\.line) == [1, 2, 3, 4, 5])
    for counts in ["[5]", "[-1, 101]", "[60, 60]", "\"~~~\"", "\"o\""] {
      let mask = "{\"size\": [10, 10], \"counts\": \(counts)}"
      let text = "[{\"image_id\": 7, \"category_id\": 2, \"score\": 1, \"segmentation\": \(mask)}]"
      #expect(
        try Self.kinds { _ = try Self.score(.instanceSegmentation, "f1", text) } == [.invalidMask])
    }
  }

  @Test("a document cut anywhere is an error, never a crash or a score")
  func cuts() throws {
    let bytes = Array(Self.truth.utf8)
    for end in 0..<bytes.count - 1 {
      #expect(throws: FormatError.self) {
        _ = try DatasetReader.read(bytes: Array(bytes[..<end]), task: .instanceSegmentation)
      }
    }
  }

  // MARK: Arrays

  static func array(
    _ type: String, _ shape: String, _ data: [UInt8], version: UInt8 = 1
  ) -> [UInt8] {
    let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape)), }\n"
    let length = UInt32(header.utf8.count)
    let lengthBytes = (0..<(version == 1 ? 2 : 4)).map { UInt8(length >> (8 * $0) & 0xFF) }
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + lengthBytes + Array(header.utf8) + data
  }

  @Test("arrays of all versions and types are read", arguments: [1, 2, 3])
  func arrays(version: UInt8) throws {
    func array(_ type: String, _ data: [UInt8]) throws -> NPYArray {
      let count = data.count / (NPYArray.ElementType(rawValue: type)?.width ?? 1)
      return try NPYReader.read(bytes: Self.array(type, "\(count),", data, version: version))
    }
    let bytes = Self.array("|u1", "2, 2", [1, 2, 3, 255], version: version)
    #expect(try NPYReader.read(bytes: bytes).shape == [2, 2])
    #expect(try array("|u1", [1, 255]).integers == [1, 255])
    #expect(try array("|i1", [1, 255]).integers == [1, -1])
    #expect(try array("|b1", [1, 0, 7]).integers == [1, 0, 1])
    #expect(try array("<i2", [0xFE, 0xFF]).integers == [-2])
    #expect(try array("<u2", [0xFE, 0xFF]).integers == [65_534])
    #expect(try array("<i4", [0xFE, 0xFF, 0xFF, 0xFF]).integers == [-2])
    #expect(try array("<u4", [0xFE, 0xFF, 0xFF, 0xFF]).integers == [4_294_967_294])
    #expect(try array("<i8", [1, 0, 0, 0, 0, 0, 0, 0x80]).integers == [Int64.min + 1])
    #expect(try array("<u8", [1, 0, 0, 0, 0, 0, 0, 0x80]).integers == [Int64.max])
    #expect(try array("<f8", [0, 0, 0, 0, 0, 0, 0xE0, 0x3F]).numbers == [0.5])
    #expect(try array("<f4", [0, 0, 0, 0x3F]).numbers == [0.5])
    #expect(try array("<f4", [0, 0, 0, 0x3F]).integers == [])
    let scalar = Self.array("<f4", "", [0, 0, 0, 0x3F], version: version)
    #expect(try NPYReader.read(bytes: scalar).numbers == [0.5])
  }

  @Test("arrays that are cut, too long or of other kinds are refused")
  func badArrays() throws {
    let good = Self.array("<i4", "2,", [1, 0, 0, 0, 2, 0, 0, 0])
    for end in 0..<good.count {
      #expect(throws: FormatError.self) { _ = try NPYReader.read(bytes: Array(good[..<end])) }
    }
    for (bytes, kind) in [
      (good + [0], FormatProblem.Kind.malformedArray),
      (Self.array(">i4", "1,", [0, 0, 0, 1]), .malformedArray),
      (Self.array("|O", "1,", [0]), .malformedArray),
      (Self.array("|u1", "99999999999, 99999999999", []), .limitExceeded),
      (Self.array("|u1", "-1,", []), .malformedArray),
    ] {
      #expect(try Self.kinds { _ = try NPYReader.read(bytes: bytes) } == [kind])
    }
  }

  @Test("label maps are scored by position")
  func labelMaps() throws {
    let truth = Self.array("|u1", "1, 2, 2", [0, 1, 1, 255])
    let dataset = try DatasetReader.read(
      bytes: truth, task: .semanticSegmentation, classes: ["background", "thing"],
      ignoreIndex: 255)
    let predictions = try PredictionsReader.read(
      bytes: Self.array("<i8", "1, 2, 2", [0, 1, 0, 1].flatMap { [$0, 0, 0, 0, 0, 0, 0, 0] }),
      for: dataset)
    let row = try MetricsCatalogue.metric("iou", of: .semanticSegmentation)
    let input = try ScoringInput(dataset, predictions)
    #expect(try input.outcome(of: row, parameters: MetricParameters(for: row)) == .value(0.5))
    #expect(
      try Self.kinds {
        _ = try PredictionsReader.read(
          bytes: Self.array("|u1", "2, 2", [0, 0, 0, 0]), for: dataset)
      } == [.shapeMismatch])
  }

  @Test("a pair of arrays is an input of the metrics")
  func arrayInputs() throws {
    let truth = try DatasetReader.read(
      bytes: Self.array("|u1", "3,", [0, 1, 1]), task: .tabularClassification)
    let predicted = try PredictionsReader.read(
      bytes: Self.array("|u1", "3,", [0, 1, 0]), for: truth)
    #expect(try SampleTests.score(truth, predicted, "accuracy") == 2.0 / 3)
    #expect(truth.rowCount == 3)
    #expect(truth.id(ofRow: 2) == "2")
  }
}
