import Foundation
import Metrics
import Testing

@testable import Formats

/// Real public data and real models' predictions, scored by the reference libraries.
@Suite("Samples")
struct SampleTests {
  static let names = ["breast-cancer", "co2", "diabetes", "digits", "gbsg2"]
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Samples")

  struct Expected: Decodable {
    let task: String
    let participants: [String: [String: Double]]
  }

  static func expected(_ name: String) throws -> Expected {
    let file = folder.appendingPathComponent("\(name)/expected.json")
    return try JSONDecoder().decode(Expected.self, from: Data(contentsOf: file))
  }

  static func score(
    _ dataset: Dataset, _ predictions: Predictions, _ row: String
  ) throws -> Double {
    // `f1_macro` stands for F1 with a macro average.
    let isMacro = row == "f1_macro"
    let metric = try MetricsCatalogue.metric(isMacro ? "f1" : row, of: dataset.task)
    let parameters = try MetricParameters(text: isMacro ? ["average": "macro"] : [:], for: metric)
    let input = try ScoringInput(dataset, predictions)
    guard case .value(let value)? = try input.outcome(of: metric, parameters: parameters) else {
      throw MetricError(.unsupportedInput, "no value for \(row)")
    }
    return value
  }

  @Test("every published score of every participant is matched within 1e-9", arguments: names)
  func scores(name: String) throws {
    let expected = try Self.expected(name)
    let task = try #require(MetricTask(name: expected.task))
    let folder = Self.folder.appendingPathComponent(name)
    let dataset = try DatasetReader.read(
      path: folder.appendingPathComponent("truth.csv").path, task: task)
    for (participant, scores) in expected.participants {
      let predictions = try PredictionsReader.read(
        path: folder.appendingPathComponent("\(participant).csv").path, for: dataset,
        options: .predictionColumns)
      for (row, value) in scores {
        let got = try Self.score(dataset, predictions, row)
        #expect(
          (got - value).magnitude <= 1e-9, "\(name) \(participant) \(row): \(got), not \(value)")
      }
    }
  }

  @Test("predictions in another order give the same bits", arguments: names)
  func order(name: String) throws {
    let expected = try Self.expected(name)
    let task = try #require(MetricTask(name: expected.task))
    let folder = Self.folder.appendingPathComponent(name)
    let truth = try [UInt8](Data(contentsOf: folder.appendingPathComponent("truth.csv")))
    let dataset = try DatasetReader.read(bytes: truth, task: task)
    let file = folder.appendingPathComponent("aurora-labs.csv")
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    let turned = ([lines[0]] + lines.dropFirst().reversed()).joined(separator: "\r\n")
    let straight = lines.joined(separator: "\n")
    let scores = try [straight, turned].map { text in
      let predictions = try PredictionsReader.read(bytes: Array(text.utf8), for: dataset)
      return try ScoringInput(dataset, predictions).metrics.map { metric in
        let input = try ScoringInput(dataset, predictions)
        return try input.outcome(of: metric, parameters: MetricParameters(for: metric))
      }
    }
    #expect(!scores[0].isEmpty)
    #expect(scores[0] == scores[1])
  }

  @Test("a training table is read like a truth and summarised")
  func training() throws {
    let path = Self.folder.appendingPathComponent("breast-cancer/train.csv").path
    let dataset = try DatasetReader.read(path: path, task: .tabularClassification)
    #expect(dataset.rowCount == 341)
    #expect(dataset.classes == ["benign", "malignant"])
    #expect(dataset.classCounts.map(\.count).reduce(0, +) == 341)
    #expect(dataset.columns.map(\.role) == [.id, .label])
  }
}
