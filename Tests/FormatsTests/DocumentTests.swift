import Foundation
import Metrics
import Testing

@testable import Formats

/// Every example of FORMATS.md is read as what it is said to be.
@Suite("The document of the formats")
struct DocumentTests {
  static func text() throws -> String {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Services/Evaluation/FORMATS.md")
    return try String(contentsOf: file, encoding: .utf8)
  }

  /// The code blocks of a language, in their order.
  static func examples(_ language: String) throws -> [String] {
    let parts = try text().components(separatedBy: "```")
    return stride(from: 1, to: parts.count, by: 2).compactMap { index in
      parts[index].hasPrefix(language + "\n")
        ? String(parts[index].dropFirst(language.count + 1)) : nil
    }
  }

  /// Which truth, by its place, each example of a table predicts.
  static let tables: [(task: MetricTask, truth: Int, predictions: [Int])] = [
    (.tabularClassification, 0, [1, 2, 3, 4]),
    (.imageClassification, 5, [6, 7]),
    (.tabularRegression, 8, [9, 14]),
    (.timeSeriesForecasting, 10, [11]),
    (.timeToEventPrediction, 12, [13]),
  ]

  @Test("each table is read and scored")
  func csv() throws {
    let examples = try Self.examples("csv")
    let named = Self.tables.flatMap { [$0.truth] + $0.predictions }.sorted()
    #expect(named == Array(examples.indices))
    var options = PredictionOptions()
    options.allowsReportedLoss = true
    for (task, truth, predictions) in Self.tables {
      let dataset = try TableTests.dataset(examples[truth], task)
      for index in predictions {
        let read = try PredictionsReader.read(
          bytes: Array(examples[index].utf8), for: dataset, options: options)
        #expect(try !ScoringInput(dataset, read).metrics.isEmpty, "\(examples[index])")
      }
    }
  }

  @Test("the limits are those of the code, all of them")
  func limits() throws {
    var written: [String: String] = [:]
    for line in try Self.text().split(separator: "\n") where line.hasPrefix("| `") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      let name = cells[0].replacingOccurrences(of: "`", with: "")
      #expect(written.updateValue(cells[1], forKey: name) == nil, "\(name) twice")
    }
    var actual = [
      "SegmentationMaps.maximumClasses": SegmentationMaps.maximumClasses,
      "COCODecoder.maximumSide": Int(COCODecoder.maximumSide),
      "MaskCodec.maximumCoordinate": Int(MaskCodec.maximumCoordinate),
      "JSONCursor.maximumDigits": JSONCursor.maximumDigits,
    ]
    for limit in Mirror(reflecting: FormatLimits.defaults).children {
      actual[try #require(limit.label)] = try #require(limit.value as? Int)
    }
    #expect(written.mapValues { Int($0.filter { $0 != "," }) } == actual)
  }

  @Test("the objects are read and scored")
  func coco() throws {
    let examples = try Self.examples("json")
    #expect(examples.count >= 2)
    let outcome = try ObjectTests.score(.objectDetection, "map_50", examples[1], examples[0])
    #expect(ObjectTests.isPerfect(outcome))
  }
}
