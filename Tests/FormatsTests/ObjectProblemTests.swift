import Formats
import Metrics
import Testing

/// Bad objects: a problem with its place and what was expected, never a crash or a silent number.
@Suite("Bad objects")
struct ObjectProblemTests {
  static func truth(_ annotations: String, _ image: String = #""height": 10, "width": 8"#) -> String
  {
    """
    {"images": [{"id": 7, \(image)}], "categories": [{"id": 2, "name": "a"}],
     "annotations": [
    \(annotations)]}
    """
  }

  static let place = #""image_id": 7, "category_id": 2"#

  /// What is wrong with a truth, or with results for one.
  static func problems(
    _ task: MetricTask, _ truth: String, _ results: String? = nil
  ) throws -> [FormatProblem] {
    do throws(FormatError) {
      let dataset = try DatasetReader.read(bytes: Array(truth.utf8), task: task)
      guard let results else { return [] }
      _ = try PredictionsReader.read(bytes: Array(results.utf8), for: dataset)
      return []
    } catch {
      for problem in error.problems {
        #expect(!problem.message.isEmpty && !problem.expected.isEmpty)
      }
      return error.problems
    }
  }

  static func kinds(
    _ task: MetricTask, _ truth: String, _ results: String? = nil
  ) throws -> [FormatProblem.Kind] {
    try problems(task, truth, results).map(\.kind)
  }

  @Test("each bad annotation is told by line and field")
  func annotations() throws {
    let found = try Self.problems(
      .objectDetection,
      Self.truth(
        """
        {"id": 1, \(Self.place), "bbox": [1, 1, -4, 4]},
        {"id": 2, \(Self.place), "bbox": [1, 1, 4, 4, 5]},
        {"id": 3, \(Self.place)},
        {"id": 4, "image_id": 8, "category_id": 2, "bbox": [1, 1, 4, 4]},
        {"id": 5, "image_id": 7, "category_id": 3, "bbox": [1, 1, 4, 4]},
        {"id": 6, "category_id": 2, "bbox": [1, 1, 4, 4]},
        {"id": 7, \(Self.place), "bbox": [1, 1, 4, 4], "area": -1}
        """))
    #expect(
      found.map(\.kind) == [
        .invalidBox, .wrongType, .missingField, .unknownID, .unknownLabel, .missingField,
        .outOfRange,
      ])
    #expect(found.map(\.line) == [3, 4, 5, 6, 7, 8, 9])
    #expect(
      found.map(\.field) == [
        "bbox", "bbox", "bbox", "image_id", "category_id", "image_id", "area",
      ])
  }

  @Test("ids that are repeated are refused: images, categories, annotations")
  func repeatedIDs() throws {
    let box = #""bbox": [1, 1, 4, 4]"#
    let twice = "{\"id\": 1, \(Self.place), \(box)}, {\"id\": 1, \(Self.place), \(box)}"
    #expect(try Self.kinds(.objectDetection, Self.truth(twice)) == [.duplicateID])
    for (images, categories, kind) in [
      (#"{"id": 1}, {"id": 1}"#, #"{"id": 1}"#, FormatProblem.Kind.duplicateID),
      (#"{"id": 1}"#, #"{"id": 1}, {"id": 1}"#, .duplicateClass),
      (#"{"id": 1}, {"height": 3}"#, #"{"id": 1}"#, .missingField),
      (#"{"id": 1}"#, #"{"name": "a"}"#, .missingField),
      (#"{"id": 1.5}"#, #"{"id": 1}"#, .wrongType),
      (#"{"id": 1, "height": 0}"#, #"{"id": 1}"#, .outOfRange),
      (#"{"id": 1, "width": 1000000}"#, #"{"id": 1}"#, .outOfRange),
    ] {
      let text = "{\"images\": [\(images)], \"categories\": [\(categories)], \"annotations\": []}"
      #expect(try Self.kinds(.objectDetection, text) == [kind], "\(text)")
    }
  }

  @Test("ids are exact up to 64 bits")
  func largeIDs() throws {
    let text = """
      {"images": [{"id": 9007199254740993}, {"id": 9007199254740992}],
       "categories": [{"id": 1}], "annotations": []}
      """
    #expect(try Self.kinds(.objectDetection, text) == [])
  }

  @Test("scores that are no finite numbers are refused")
  func scores() throws {
    let truth = Self.truth("")
    for (score, kind) in [
      ("NaN", FormatProblem.Kind.wrongType), ("Infinity", .wrongType),
      ("-Infinity", .malformedJSON),
      ("1e999", .notFinite), ("\"0.5\"", .wrongType), ("null", .missingField),
      ("true", .wrongType), ("01", .malformedJSON), ("1.", .malformedJSON), (".5", .malformedJSON),
      ("+1", .wrongType), ("0x10", .malformedJSON), ("1e", .malformedJSON), ("-", .malformedJSON),
    ] {
      let results = "[{\(Self.place), \"bbox\": [1, 1, 2, 2], \"score\": \(score)}]"
      #expect(try Self.kinds(.objectDetection, truth, results) == [kind], "\(score)")
    }
    #expect(
      try Self.kinds(
        .objectDetection, truth, "[{\(Self.place), \"bbox\": [1, 1, 1e400, 2], \"score\": 1}]")
        == [.notFinite])
  }

  @Test("runs that overrun or underrun, sizes that are none, damaged compression")
  func runLengths() throws {
    let truth = Self.truth("")
    for (mask, kind) in [
      (#"{"size": [10, 8], "counts": [81]}"#, FormatProblem.Kind.invalidMask),
      (#"{"size": [10, 8], "counts": [40, 39]}"#, .invalidMask),
      (#"{"size": [10, 8], "counts": [-1, 81]}"#, .invalidMask),
      (#"{"size": [10, 8], "counts": [90, -10]}"#, .invalidMask),
      (#"{"size": [10, 8], "counts": [9223372036854775807, 9223372036854775807]}"#, .wrongType),
      (#"{"size": [10, 8], "counts": [900000000000000000, 900000000000000000]}"#, .invalidMask),
      (#"{"size": [10, 8], "counts": []}"#, .invalidMask),
      (#"{"size": [10, 8], "counts": [1.5, 78.5]}"#, .wrongType),
      (#"{"size": [10], "counts": [80]}"#, .invalidMask),
      (#"{"size": [-10, -8], "counts": [80]}"#, .invalidMask),
      (#"{"size": [4000000000, 4000000000], "counts": [80]}"#, .invalidMask),
      (#"{"counts": [80]}"#, .invalidMask), (#"{"size": [10, 8]}"#, .missingField),
      (#"{"size": [8, 10], "counts": [80]}"#, .shapeMismatch),
      (#"{"size": [10, 8], "counts": "P"}"#, .invalidMask),
      (#"{"size": [10, 8], "counts": "ooooooooooooooo0"}"#, .invalidMask),
      (#"{"size": [10, 8], "counts": "!!"}"#, .invalidMask),
      (#"{"size": [10, 8], "counts": ""}"#, .invalidMask),
      (#"{"size": [10, 8], "counts": "é"}"#, .invalidMask), ("3", .wrongType),
    ] {
      let results = "[{\(Self.place), \"score\": 1, \"segmentation\": \(mask)}]"
      #expect(try Self.kinds(.instanceSegmentation, truth, results) == [kind], "\(mask)")
    }
  }

  @Test("polygons of odd counts, of too few points, too far away, or on an image without size")
  func polygons() throws {
    let truth = Self.truth("")
    for (polygons, kind) in [
      ("[[1, 1, 5, 1, 5]]", FormatProblem.Kind.invalidMask), ("[[1, 1, 5, 1]]", .invalidMask),
      ("[[]]", .invalidMask), ("[[1, 1, 5, 1, 5, 1e9]]", .invalidMask), ("[3]", .wrongType),
    ] {
      let results = "[{\(Self.place), \"score\": 1, \"segmentation\": \(polygons)}]"
      #expect(
        try Self.kinds(.instanceSegmentation, truth, results) == [kind], "\(polygons)")
    }
    let drawn = "[{\(Self.place), \"score\": 1, \"segmentation\": [[1, 1, 5, 1, 5, 5]]}]"
    #expect(try Self.kinds(.instanceSegmentation, truth, drawn) == [])
    let unsized = Self.truth("", "\"width\": 8")
    #expect(try Self.kinds(.instanceSegmentation, unsized, drawn) == [.missingField])
    // Outside of the image nothing is drawn: an empty mask, as COCO's own code gives.
    let outside =
      "[{\(Self.place), \"score\": 1, \"segmentation\": [[50, 50, 60, 50, 60, 60]]}]"
    #expect(try Self.kinds(.instanceSegmentation, truth, outside) == [])
    #expect(
      try Self.kinds(.instanceSegmentation, truth, drawn.replacing("[[1", with: "[[],[1")) == [
        .invalidMask
      ])
  }

  @Test("keypoints in a wrong number or order")
  func keypoints() throws {
    let good = (0..<17).map { "\($0), 5, 2" }.joined(separator: ", ")
    func annotation(_ keypoints: String) -> String {
      Self.truth(
        "{\"id\": 1, \(Self.place), \"bbox\": [0, 0, 9, 9], \"area\": 50, "
          + "\"keypoints\": [\(keypoints)]}")
    }
    #expect(try Self.kinds(.keypointDetection, annotation(good)) == [])
    // Visibility before the coordinates: a coordinate stands where a code is expected.
    let turned = (0..<17).map { "2, \($0), 5" }.joined(separator: ", ")
    #expect(try Self.kinds(.keypointDetection, annotation(turned)) == [.outOfRange])
    #expect(try Self.kinds(.keypointDetection, annotation(good + ", 1")) == [.shapeMismatch])
    #expect(try Self.kinds(.keypointDetection, annotation("")) == [.shapeMismatch])
    for keypoints in ["1, 2, 3", good + ", 1, 2, 3", ""] {
      let results = "[{\(Self.place), \"score\": 1, \"keypoints\": [\(keypoints)]}]"
      #expect(
        try Self.kinds(.keypointDetection, annotation(good), results) == [.shapeMismatch])
    }
    let mixed = Self.truth(
      """
      {\(Self.place), "bbox": [0, 0, 9, 9], "area": 50, "keypoints": [\(good)]},
      {\(Self.place), "bbox": [0, 0, 9, 9], "area": 50, "keypoints": [1, 2, 2]}
      """)
    #expect(try Self.problems(.keypointDetection, mixed).map(\.line) == [4])
  }

  @Test("documents of 0 bytes, of another kind, cut anywhere, nested without end")
  func documents() throws {
    let truth = Self.truth("")
    for (text, kind) in [
      ("", FormatProblem.Kind.emptyFile), (" \n", .emptyFile), ("{}", .wrongType),
      ("3", .wrongType), ("[", .truncated), ("[{]", .malformedJSON),
      ("[{\"a\" 1}]", .malformedJSON),
      ("[{\"a\": 1,}]", .malformedJSON), ("[1]", .wrongType), ("[{}", .truncated),
      ("[{\"a\": \"\u{1}\"}]", .malformedJSON), ("[{\"a\": tru}]", .malformedJSON),
      ("[{\"a\": \"\\ud800\"}]", .malformedJSON), ("[{\"a\": \"\\x\"}]", .malformedJSON),
      ("[{\"a\": \(String(repeating: "[", count: 100_000))", .limitExceeded),
      ("[{\"a\": \(String(repeating: "{\"b\":", count: 100_000))", .limitExceeded),
      ("[] []", .malformedJSON),
    ] {
      #expect(
        try Self.kinds(.objectDetection, truth, text) == [kind], "\(text.prefix(40))")
    }
    let results = Array(
      "[{\(Self.place), \"bbox\": [1.5, 1e0, 2, 2], \"score\": 0.25, \"x\": {\"y\": [null]}}]".utf8)
    let dataset = try DatasetReader.read(bytes: Array(truth.utf8), task: .objectDetection)
    for end in 0..<results.count {
      #expect(throws: FormatError.self) {
        try PredictionsReader.read(bytes: Array(results[..<end]), for: dataset)
      }
    }
    var damaged = 0
    for index in results.indices {
      for byte in [0x00, 0x22, 0x5B, 0x7D, 0x80, 0xFF] as [UInt8] {
        var bytes = results
        bytes[index] = byte
        do throws(FormatError) {
          _ = try PredictionsReader.read(bytes: bytes, for: dataset)
        } catch {
          damaged += 1
        }
      }
    }
    #expect(damaged > results.count * 4)
  }

  @Test("names of fields may be escaped, and bytes that are not UTF-8 are refused")
  func names() throws {
    let truth = Self.truth("")
    let escaped = """
      [{"im\\u0061ge_id": 7, "category_id": 2, "bbox": [1, 1, 2, 2], "score": 1, "bböx": "ö"}]
      """
    #expect(try Self.kinds(.objectDetection, truth, escaped) == [])
    let dataset = try DatasetReader.read(bytes: Array(truth.utf8), task: .objectDetection)
    let invalid = Array("[{\"a\": \"".utf8) + [0xC3, 0x28] + Array("\"}]".utf8)
    let error = #expect(throws: FormatError.self) {
      try PredictionsReader.read(bytes: invalid, for: dataset)
    }
    #expect(error?.problems.map(\.kind) == [.invalidUTF8])
  }
}
