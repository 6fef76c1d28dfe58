import API
import Foundation
import RPC
import Testing

@testable import EvaluationService

/// Every form of truth and submission goes all the way: upload, queue, worker, leaderboard.
@Suite("Service: forms of files")
struct FormTests {
  /// A truth, a perfect submission and a worse one, and a file that is refused.
  struct Form: Sendable, CustomTestStringConvertible {
    let task: CatalogTask
    let metric: String
    var classes: [String] = []
    let truth: [UInt8]
    let rows: Int64
    let perfect: [UInt8]
    let worse: [UInt8]
    let refused: [UInt8]

    var testDescription: String { "\(task) \(metric)" }
  }

  static func array(_ type: String, _ shape: String, _ data: [UInt8]) -> [UInt8] {
    let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape)), }\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
      + data
  }

  static func floats(_ shape: String, _ values: [Float]) -> [UInt8] {
    array(
      "<f4", shape,
      values.flatMap { value in (0..<4).map { UInt8(value.bitPattern >> (8 * $0) & 0xFF) } })
  }

  /// Two images with an object each.
  static func document(_ objects: [String]) -> [UInt8] {
    Array(
      """
      {"images": [{"id": 1, "height": 10, "width": 10}, {"id": 2, "height": 10, "width": 10}],
       "categories": [{"id": 1, "name": "cat"}],
       "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, \(objects[0])},
        {"id": 2, "image_id": 2, "category_id": 1, "iscrowd": 0, \(objects[1])}]}
      """.utf8)
  }

  static func results(_ objects: [String]) -> [UInt8] {
    let entries = objects.enumerated().map { index, object in
      "{\"image_id\": \(index + 1), \"category_id\": 1, \"score\": 0.9, \(object)}"
    }
    return Array("[\(entries.joined(separator: ","))]".utf8)
  }

  static let boxes = ["\"bbox\": [1, 1, 4, 4]", "\"bbox\": [2, 2, 6, 6]"]
  static let masks = [
    "\"segmentation\": [[1, 1, 5, 1, 5, 5, 1, 5]]",
    "\"segmentation\": {\"size\": [10, 10], \"counts\": [0, 2, 8, 2, 88]}",
  ]
  static let keypoints = [
    "\"keypoints\": [1, 1, 2, 5, 5, 2], \"num_keypoints\": 2",
    "\"keypoints\": [2, 2, 2, 8, 8, 1], \"num_keypoints\": 2",
  ]

  static func joined(_ first: [String], _ second: [String]) -> [String] {
    zip(first, second).map { "\($0), \($1)" }
  }

  static let areas = ["\"area\": 16", "\"area\": 36"]

  static let forms = [
    Form(
      task: .objectDetection, metric: "map_50", truth: document(joined(boxes, areas)), rows: 2,
      perfect: results(boxes), worse: results([boxes[0]]),
      refused: results(["\"bbox\": [1, 1, -4, 4]"])),
    Form(
      task: .instanceSegmentation, metric: "f1", truth: document(joined(masks, boxes)), rows: 2,
      perfect: results(masks), worse: results([masks[0]]),
      refused: results([
        "\"segmentation\": {\"size\": [10, 10], \"counts\": [0, 2, 8, 2, 89]}"
      ])),
    Form(
      task: .semanticSegmentation, metric: "miou", classes: ["ground", "road"],
      truth: array("|u1", "2, 1, 2", [0, 1, 1, 1]), rows: 2,
      perfect: array("|u1", "2, 1, 2", [0, 1, 1, 1]),
      worse: array("|b1", "2, 1, 2", [0, 1, 0, 1]),
      refused: array("|u1", "2, 1, 2", [0, 1, 2, 1])),
    Form(
      task: .semanticSegmentation, metric: "loss", classes: ["ground", "road"],
      truth: array("|u1", "1, 2", [0, 1]), rows: 1,
      perfect: floats("2, 1, 2", [1, 0, 0, 1]), worse: floats("2, 1, 2", [0.5, 0.5, 0.5, 0.5]),
      refused: floats("2, 1, 2", [0.5, 0.5, 0.25, 0.5])),
    Form(
      task: .imageClassification, metric: "f1", truth: Array("id,cat,dog\na,1,0\nb,1,1\n".utf8),
      rows: 2, perfect: Array("id,cat,dog\na,1,0\nb,1,1\n".utf8),
      worse: Array("id,dog,cat\nb,0,1\na,0,1\n".utf8),
      refused: Array("id,cat,dog\na,1,2\nb,1,1\n".utf8)),
    Form(
      task: .tabularClassification, metric: "log_loss", classes: ["0", "1"],
      truth: array("|u1", "2,", [0, 1]), rows: 2,
      perfect: floats("2, 2", [1, 0, 0, 1]), worse: floats("2, 2", [0.5, 0.5, 0.5, 0.5]),
      refused: floats("2, 2", [1, 0, 0, .nan])),
    Form(
      task: .tabularClassification, metric: "auc",
      truth: Array("id,label\na,no\nb,yes\nc,no\n".utf8), rows: 3,
      perfect: Array("id,score\na,-1\nb,7\nc,2\n".utf8),
      worse: Array("id,score\na,-1\nb,1\nc,2\n".utf8),
      refused: Array("id,score\na,-1\nb,inf\nc,2\n".utf8)),
  ]

  @Test(
    "A truth and its submissions are taken, scored and ranked; a bad file is refused",
    arguments: forms)
  func wholeWay(form: Form) async throws {
    try await withInstallation { it in
      let dataset = try await it.ingest(
        bytes: form.truth, task: form.task, classes: form.classes)
      #expect(dataset.rowCount == form.rows)
      try await it.sync(dataset.id, metric: form.metric) { $0.task = form.task }
      let error = await refusal(.invalidArgument) {
        try await it.submit(bytes: form.refused, as: .aurora)
      }
      #expect(!error.details.fieldViolations.isEmpty, "\(error)")
      let worker = try await it.makeWorker("w1")
      let running = Task { await worker.run() }
      let worse = try #require(
        try await it.submit(bytes: form.worse, as: .aurora).submission?.id)
      let perfect = try #require(
        try await it.submit(bytes: form.perfect, as: .borealis).submission?.id)
      let scored = try await it.finished(worse, as: .aurora)
      #expect(scored.state == .scored, "\(scored.stateReason)")
      #expect(try await it.finished(perfect, as: .borealis).state == .scored)
      let board = try await it.board()
      #expect(board.entries.map(\.participantName) == ["Borealis AI", "Aurora Labs"])
      #expect(board.entries.map(\.rank) == [1, 2])
      worker.jobs.drain()
      await running.value
    }
  }

  @Test("Keypoints go the whole way; scores by class carry the categories' names")
  func keypoints() async throws {
    try await withInstallation { it in
      let truth = Self.document(
        Self.joined(Self.joined(Self.keypoints, Self.boxes), Self.areas))
      let dataset = try await it.ingest(bytes: truth, task: .keypointDetection)
      try await it.sync(dataset.id, metric: "f1") {
        $0.task = .keypointDetection
        $0.metric?.parameters = ["sigmas": "0.05,0.05"]
      }
      let worker = try await it.makeWorker("w1")
      let running = Task { await worker.run() }
      let submission = try #require(
        try await it.submit(bytes: Self.results(Self.keypoints), as: .aurora).submission?.id)
      let scored = try await it.finished(submission, as: .aurora)
      #expect(scored.primary?.value == 1, "\(scored.stateReason)")
      worker.jobs.drain()
      await running.value
    }
  }

  @Test("A loss that a model reports of itself is no submission")
  func reportedLoss() async throws {
    try await withInstallation { it in
      let dataset = try await it.ingest("id,target\na,1\n", task: .tabularRegression)
      try await it.sync(dataset.id, metric: "loss") { $0.task = .tabularRegression }
      _ = await refusal(.invalidArgument) { try await it.submit("loss\n0\n", as: .aurora) }
    }
  }
}
