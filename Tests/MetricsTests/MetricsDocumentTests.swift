import Foundation
import Metrics
import Testing

/// The catalogue's document.
@Suite("MetricsDocumentTests")
struct MetricsDocumentTests {
  static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Services/Evaluation/METRICS.md")

  @Test("METRICS.md is what the catalogue generates")
  func document() throws {
    let text = MetricsCatalogue.markdown()
    if ProcessInfo.processInfo.environment["ASSAY_WRITE_DOCS"] == "1" {
      try text.write(to: Self.file, atomically: true, encoding: .utf8)
    }
    let written = try String(contentsOf: Self.file, encoding: .utf8)
    #expect(
      written == text, "run: ASSAY_WRITE_DOCS=1 swift test --filter MetricsDocumentTests")
  }

  @Test("every row can be read by people")
  func rows() throws {
    for task in MetricTask.allCases {
      #expect(MetricTask(name: task.name) == task)
      #expect(MetricTask(name: task.rawValue) == task)
      let rows = MetricsCatalogue.metrics(for: task)
      #expect(Set(rows.map(\.id)).count == rows.count)
      for row in rows {
        #expect(!row.title.isEmpty && !row.summary.isEmpty && !row.inputs.isEmpty)
        #expect(try MetricParameters(for: row) == MetricParameters([:], for: row))
      }
    }
  }
}
