import Formats
import Metrics
import Testing

/// Keypoints predicted for known objects: results that name an annotation.
@Suite("Keypoints of known objects")
struct KeypointFormTests {
  static let truth = """
    {"images": [{"id": 1}, {"id": 2}],
     "categories": [{"id": 1, "name": "hand", "keypoints": ["wrist", "thumb"]}],
     "annotations": [
      {"id": 10, "image_id": 2, "category_id": 1, "bbox": [0, 0, 10, 4], "area": 40,
       "head_box": [0, 0, 3, 4], "keypoints": [0, 0, 2, 10, 0, 1]},
      {"id": 11, "image_id": 1, "category_id": 1, "bbox": [0, 0, 20, 20], "area": 400,
       "head_box": [0, 0, 6, 8], "keypoints": [5, 5, 2, 0, 0, 0]},
      {"id": 12, "image_id": 1, "category_id": 1, "iscrowd": 1, "keypoints": [0, 0, 0, 0, 0, 0]}]}
    """

  static func input(_ results: String, _ truth: String = truth) throws -> ScoringInput {
    let dataset = try DatasetReader.read(bytes: Array(truth.utf8), task: .keypointDetection)
    let predictions = try PredictionsReader.read(bytes: Array(results.utf8), for: dataset)
    return try ScoringInput(dataset, predictions)
  }

  static func value(
    _ metric: String, _ results: String, _ parameters: [String: String] = [:]
  ) throws -> MetricOutcome? {
    let row = try MetricsCatalogue.metric(metric, of: .keypointDetection)
    return try input(results)
      .outcome(of: row, parameters: MetricParameters(text: parameters, for: row))
  }

  static let results = """
    [{"annotation_id": 11, "keypoints": [8, 9, 0, 0, 0, 0], "pred_visibility": [2, 0],
      "visibility_probability": [0.9, 0.1]},
     {"annotation_id": 10, "keypoints": [1, 0, 10, 2.5], "pred_visibility": [2, 2],
      "visibility_probability": [0.4, 0.6]}]
    """

  @Test("the rows of known objects are offered, and those of detections are not")
  func rows() throws {
    let offered = try Self.input(Self.results).metrics.map(\.id)
    #expect(
      offered == [
        "loss", "mae", "pck", "pck_0_05", "pck_0_1", "pck_0_2", "pck_0_3", "pck_0_5", "oks",
        "mpjpe", "visibility_accuracy",
      ])
    let detections = """
      [{"image_id": 1, "category_id": 1, "score": 1, "keypoints": [5, 5, 1, 0, 0, 1]}]
      """
    let others = try Self.input(detections).metrics.map(\.id)
    #expect(others == ["precision", "recall", "f1", "oks"])
  }

  @Test("values by hand")
  func values() throws {
    // Distances: 5 of the object 11; 1 and 2.5 of the object 10.
    #expect(try Self.value("mpjpe", Self.results) == .value(8.5 / 3))
    #expect(try Self.value("mae", Self.results) == .value((3 + 4 + 1 + 2.5) / 6))
    // A fifth of the longer side: 4 of the object 11, 2 of the object 10.
    #expect(try Self.value("pck", Self.results) == .value(1.0 / 3))
    // Head boxes: 0.6 × 10 and 0.6 × 5; half of them is 3 and 1.5.
    #expect(
      try Self.value("pck", Self.results, ["normalizer": "head", "threshold": "0.5"])
        == .value(1.0 / 3))
    #expect(try Self.value("visibility_accuracy", Self.results) == .value(3.0 / 4))
    #expect(
      try Self.value("visibility_accuracy", Self.results, ["mode": "binary"]) == .value(1.0 / 3))
    #expect(
      try Self.value("mpjpe", Self.results, ["visible_only": "true"]) == .value(3))
  }

  @Test("an annotation without prediction is refused or left out, as the row says")
  func missing() throws {
    let one = #"[{"annotation_id": 10, "keypoints": [0, 0, 10, 0]}]"#
    let error = #expect(throws: MetricError.self) { _ = try Self.value("mae", one) }
    #expect(error?.name == .missingPrediction)
    #expect(try Self.value("mae", one, ["missing": "skip"]) == .value(0))
    #expect(try Self.value("pck", one) == .value(2.0 / 3))
  }

  @Test("three dimensions: four numbers for each named keypoint")
  func threeDimensions() throws {
    let truth = """
      {"images": [{"id": 1}], "categories": [{"id": 1, "keypoints": ["a", "b"]}],
       "annotations": [{"id": 1, "image_id": 1, "category_id": 1,
        "keypoints": [0, 0, 0, 2, 1, 1, 1, 2]}]}
      """
    for keypoints in ["2, 3, 6, 1, 1, 1", "2, 3, 6, 0, 1, 1, 1, 0"] {
      let input = try Self.input("[{\"annotation_id\": 1, \"keypoints\": [\(keypoints)]}]", truth)
      let row = try MetricsCatalogue.metric("mpjpe", of: .keypointDetection)
      #expect(try input.outcome(of: row, parameters: MetricParameters(for: row)) == .value(3.5))
    }
    let detection =
      "[{\"image_id\": 1, \"category_id\": 1, \"score\": 1, \"keypoints\": [1, 2, 3]}]"
    #expect(throws: FormatError.self) { try Self.input(detection, truth) }
  }

  @Test("unknown and repeated annotations, mixed lists and bad visibilities are refused")
  func refused() throws {
    let good = #"{"annotation_id": 10, "keypoints": [0, 0, 10, 0]}"#
    for (results, kind) in [
      (#"[{"annotation_id": 99, "keypoints": [0, 0, 10, 0]}]"#, FormatProblem.Kind.unknownID),
      ("[\(good), \(good)]", .duplicateID),
      (#"[{"annotation_id": 10, "keypoints": [0, 0, 10]}]"#, .shapeMismatch),
      (#"[{"annotation_id": 10}]"#, .missingField),
      (
        "[\(good), {\"image_id\": 1, \"category_id\": 1, \"score\": 1, \"keypoints\": []}]",
        .missingField
      ),
      (
        #"[{"image_id": 1, "category_id": 1, "score": 1, "keypoints": [1, 1, 1, 1, 1, 1]}, "#
          + good + "]", .wrongType
      ),
      (
        #"[{"annotation_id": 10, "keypoints": [0, 0, 1, 0], "pred_visibility": [1]}]"#,
        .shapeMismatch
      ),
      (
        #"[{"annotation_id": 10, "keypoints": [0, 0, 1, 0], "pred_visibility": [1, 3]}]"#,
        .outOfRange
      ),
      (
        #"[{"annotation_id": 10, "keypoints": [0, 0, 1, 0], "visibility_probability": [1, 1.5]}]"#,
        .outOfRange
      ),
    ] {
      let error = #expect(throws: FormatError.self, "\(results)") {
        _ = try Self.input(results)
      }
      #expect(error?.problems.map(\.kind) == [kind], "\(results)")
    }
  }
}
