import Metrics
import Testing

/// What may be added to a state, and what is refused.
@Suite("States")
struct StateTests {
  @Test("chunks of labels with differing class lists are joined by label")
  func undeclaredLabels() throws {
    let metric = try MetricsCatalogue.metric("f1", of: .textClassification)
    var state = try MetricsCatalogue.makeState(
      task: .textClassification, metric: "f1", parameters: MetricParameters(for: metric))
    let first = try LabelColumns(
      classes: nil, truth: [.text("b"), .text("c")], prediction: [.text("b"), .text("b")])
    let second = try LabelColumns(classes: nil, truth: [.text("a")], prediction: [.text("a")])
    try state.add(.labels(first), at: 0)
    try state.add(.labels(second), at: 2)
    // F1 of a = 1, b = 2/3, c = 0.
    #expect(try state.outcome() == .value((1 + 2.0 / 3) / 3))
  }

  @Test("nothing added, unknown rows and mixed kinds are errors")
  func misuse() throws {
    let metric = try MetricsCatalogue.metric("mae", of: .tabularRegression)
    let parameters = try MetricParameters(for: metric)
    var state = try MetricsCatalogue.makeState(
      task: .tabularRegression, metric: "mae", parameters: parameters)
    #expect(throws: MetricError.self) { try state.outcome() }
    let labels = try LabelColumns(classes: nil, truth: [.text("a")], prediction: [.text("a")])
    #expect(throws: MetricError.self) { try state.add(.labels(labels), at: 0) }
    let error = #expect(throws: MetricError.self) {
      try MetricsCatalogue.metric("no-such-row", of: .tabularRegression)
    }
    #expect(error?.name == .unknownMetric)
  }
}
