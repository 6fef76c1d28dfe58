import Testing

@testable import Metrics

/// Faults leave a state as it was, and are told alike however the work was divided.
@Suite("Faults of states")
struct StateFaultTests {
  private static func state(_ id: String, _ task: MetricTask) throws -> MetricState {
    let metric = try MetricsCatalogue.metric(id, of: task)
    return try MetricsCatalogue.makeState(
      task: task, metric: id, parameters: MetricParameters(for: metric))
  }

  @Test("a chunk that fails while terms are computed changes nothing")
  func badChunk() throws {
    var state = try Self.state("rmsle", .tabularRegression)
    let bad = MetricInput.regression(RegressionColumns(truth: [0, -3], prediction: [1, 1]))
    #expect(throws: MetricError.self) { try state.add(bad, at: 0) }
    #expect(state.sampleCount == 0)
    let good = MetricInput.regression(RegressionColumns(truth: [1, 2], prediction: [2, 2]))
    try state.add(good, at: 0)
    let expected = try state.outcome()
    #expect(throws: MetricError.self) { try state.add(bad, at: 2) }
    #expect(state.sampleCount == 2)
    #expect(try state.outcome() == expected)
  }

  @Test("a chunk or state of other classes changes nothing")
  func otherClasses() throws {
    let ab: [Label] = [.text("a"), .text("b")]
    let ac: [Label] = [.text("a"), .text("c")]
    let first = MetricInput.labels(
      try LabelColumns(classes: ab, truth: [0, 1], prediction: [0, 0]))
    let other = MetricInput.labels(try LabelColumns(classes: ac, truth: [1], prediction: [1]))
    var state = try Self.state("f1", .textClassification)
    try state.add(first, at: 0)
    let expected = try state.outcome()
    #expect(throws: MetricError.self) { try state.add(other, at: 2) }
    var foreign = try Self.state("f1", .textClassification)
    try foreign.add(other, at: 2)
    #expect(throws: MetricError.self) { try state.merge(foreign) }
    #expect(try state.outcome() == expected)
    #expect(state.sampleCount == 2)
  }

  @Test("a refused first chunk leaves the choice of input open")
  func refusedFirst() throws {
    var state = try Self.state("log_loss", .tabularClassification)
    let classes: [Label] = [.integer(0), .integer(1)]
    let bad = MetricInput.binaryScores(
      try BinaryScores(classes: classes, truth: [0], scores: [2]))
    #expect(throws: MetricError.self) { try state.add(bad, at: 0) }
    let good = MetricInput.probabilities(
      try ClassScores(classes: classes, truth: [1], scores: [0.5, 0.5]))
    try state.add(good, at: 0)
    #expect(state.sampleCount == 1)
  }

  @Test("several faults: the same one is told by one thread and by many")
  func sameFault() throws {
    var truth = [Int32](repeating: 0, count: 10_000)
    var prediction = truth
    prediction[0] = 7
    truth[5_000] = 9
    let labels = MetricInput.labels(
      try LabelColumns(classes: [.integer(0), .integer(1)], truth: truth, prediction: prediction))
    var numbers = [Double](repeating: 1, count: 10_000)
    numbers[9_000] = .nan
    var others = [Double](repeating: 1, count: 10_000)
    others[10] = .infinity
    let regression = MetricInput.regression(
      RegressionColumns(truth: numbers, prediction: others))
    for (task, metric, input) in [
      (MetricTask.tabularClassification, "accuracy", labels),
      (.tabularRegression, "mae", regression), (.tabularRegression, "r2", regression),
      (.tabularRegression, "median_ae", regression),
    ] {
      let told = [1, 2, 8].map { workers in
        #expect(throws: MetricError.self) {
          try MetricsCatalogue.evaluate(
            task: task, metric: metric, input: input,
            parameters: MetricParameters(
              for: MetricsCatalogue.metric(metric, of: task)), workers: workers)
        }
      }
      #expect(told[0]?.place.hasPrefix("y_true") == true, "\(metric)")
      #expect(told.allSatisfy { $0 == told[0] }, "\(metric)")
    }
  }

  @Test("labels without a class are refused")
  func noClasses() throws {
    let input = MetricInput.labels(
      try LabelColumns(classes: [] as [Label], truth: [0] as [Int32], prediction: [0] as [Int32]))
    let error = #expect(throws: MetricError.self) {
      try MetricsCatalogue.evaluate(
        task: .textClassification, metric: "accuracy", input: input,
        parameters: MetricParameters(
          for: MetricsCatalogue.metric("accuracy", of: .textClassification)))
    }
    #expect(error?.name == .unknownLabel)
  }

  @Test("faults of the truth are known as such")
  func truthFaults() {
    for place in ["y_true[3]", "images[2].gt.boxes[1]", "images[0].true[5]", "time[7]", "event"] {
      #expect(MetricError(.invalidValue, at: place, "").concernsTruth)
    }
    for place in ["y_pred[3]", "images[2].pred.boxes[1]", "predicted_event", "scores[1]", ""] {
      #expect(!MetricError(.invalidValue, at: place, "").concernsTruth)
    }
  }
}
