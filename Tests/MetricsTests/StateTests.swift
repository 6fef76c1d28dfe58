import Metrics
import Testing

/// The outcome depends on the samples alone, not on how they arrive.
@Suite("States")
struct StateTests {
  /// A small generator with a printed seed (SplitMix64).
  struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }

  static let seed: UInt64 = 20_260_101
  static let count = 5_000

  static func regression() -> MetricInput {
    var random = Generator(state: seed)
    let truth = (0..<count).map { _ in Double.random(in: 0...1e3, using: &random) }
    let prediction = truth.map { $0 + Double.random(in: -0.9...7, using: &random) }
    return .regression(RegressionColumns(truth: truth, prediction: prediction))
  }

  static func probabilities() throws -> MetricInput {
    var random = Generator(state: seed)
    var scores: [Double] = []
    let truth = (0..<count).map { _ in Int32.random(in: 0..<3, using: &random) }
    for _ in 0..<count {
      let raw = (0..<3).map { _ in Double.random(in: 0.01...1, using: &random) }
      let sum = raw.reduce(0, +)
      scores += raw.map { $0 / sum }
    }
    let classes: [Label] = [.text("a"), .text("b"), .text("c")]
    return .probabilities(try ClassScores(classes: classes, truth: truth, scores: scores))
  }

  static func labels() throws -> MetricInput {
    var random = Generator(state: seed)
    let truth = (0..<count).map { _ in Label.integer(.random(in: 0..<40, using: &random)) }
    let prediction = truth.map {
      Bool.random(using: &random) ? $0 : Label.integer(.random(in: 0..<50, using: &random))
    }
    return .labels(try LabelColumns(classes: nil, truth: truth, prediction: prediction))
  }

  static let inputs: [(MetricTask, @Sendable () throws -> MetricInput)] = [
    (.tabularRegression, { regression() }),
    (.tabularClassification, { try probabilities() }),
    (.tabularClassification, { try labels() }),
  ]

  @Test("random splits, any order of adding and merging, and any workers give the same bits")
  func splits() throws {
    print("seed \(Self.seed)")
    var random = Generator(state: Self.seed)
    for (task, make) in Self.inputs {
      let input = try make()
      for metric in MetricsCatalogue.metrics(for: task) where metric.inputs.contains(input.kind) {
        // Rows that need all samples at once are fed in fewer pieces.
        guard metric.id != "auc", metric.id != "gini", metric.id != "normalized_gini" else {
          continue
        }
        let parameters = try MetricParameters(for: metric)
        let whole = try MetricsCatalogue.evaluate(
          task: task, metric: metric.id, input: input, parameters: parameters)
        for workers in [2, 3, 8] {
          let other = try MetricsCatalogue.evaluate(
            task: task, metric: metric.id, input: input, parameters: parameters, workers: workers)
          #expect(other == whole, "\(metric.id) with \(workers) workers")
        }
        let split = try Self.split(input, metric, parameters, &random)
        #expect(split == whole, "\(metric.id) in random pieces")
      }
    }
  }

  static func split(
    _ input: MetricInput, _ metric: MetricDescription, _ parameters: MetricParameters,
    _ random: inout Generator
  ) throws -> MetricOutcome {
    let cuts = Set((0..<12).map { _ in Int.random(in: 1..<count, using: &random) }).sorted()
    let ranges = zip([0] + cuts, cuts + [count]).map { $0..<$1 }.shuffled(using: &random)
    var states = try (0..<3).map { _ in
      try MetricsCatalogue.makeState(
        task: metric.task, metric: metric.id, parameters: parameters)
    }
    for range in ranges {
      try states[Int.random(in: 0..<3, using: &random)]
        .add(input.slice(range), at: range.lowerBound)
    }
    states.shuffle(using: &random)
    var whole = states[0]
    try whole.merge(states[1])
    try whole.merge(states[2])
    #expect(whole.sampleCount == count)
    return try whole.outcome()
  }

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
    let labels = try Self.labels()
    #expect(throws: MetricError.self) { try state.add(labels, at: 0) }
    let error = #expect(throws: MetricError.self) {
      try MetricsCatalogue.metric("no-such-row", of: .tabularRegression)
    }
    #expect(error?.name == .unknownMetric)
  }
}
