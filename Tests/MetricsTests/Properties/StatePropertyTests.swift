import Metrics
import Testing

/// The outcome depends on the samples alone, not on how they arrive.
///
/// The catalogue says what to try: a new row, kind of input or choice of a parameter is tried
/// without a word here.
@Suite("State properties")
struct StatePropertyTests {
  @Test(
    "any chunks, states and workers give the same bits, for every row and kind of input",
    arguments: SeededGenerator.seeds)
  func chunks(seed: UInt64) throws {
    print("seed \(seed)")
    var random = SeededGenerator(seed: seed)
    for use in RowUse.all {
      // Rows of tables take several of the blocks in which terms are summed.
      let input = try RandomInput(count: use.isTable ? 2_100 : 30)
        .make(use.kind, for: use.row, &random)
      let whole = try use.evaluate(input)
      #expect(!whole.numbers.isEmpty, "\(use): \(whole)")
      for workers in [2, 3, 8] {
        let other = try use.evaluate(input, workers: workers)
        #expect(other.isIdentical(to: whole), "\(use), \(workers) workers: \(other), not \(whole)")
      }
      for chunk in [7, 1024, input.count] {
        let other = try Self.fed(input, use, chunk: chunk, &random)
        #expect(other.isIdentical(to: whole), "\(use), chunks of \(chunk): \(other), not \(whole)")
      }
    }
  }

  @Test(
    "so do single samples, with every choice of every parameter",
    arguments: SeededGenerator.seeds)
  func variants(seed: UInt64) throws {
    print("seed \(seed)")
    var random = SeededGenerator(seed: seed)
    var count = 0
    for use in RowUse.all {
      let input = try RandomInput(count: use.isTable ? 40 : 8).make(use.kind, for: use.row, &random)
      for variant in [use] + use.variants {
        count += 1
        let whole = try variant.evaluate(input)
        for chunk in [1, 7] {
          let other = try Self.fed(input, variant, chunk: chunk, &random)
          #expect(
            other.isIdentical(to: whole), "\(variant), chunks of \(chunk): \(other), not \(whole)")
        }
        let other = try variant.evaluate(input, workers: 3)
        #expect(other.isIdentical(to: whole), "\(variant), 3 workers: \(other), not \(whole)")
      }
    }
    print("\(count) rows, kinds of input and choices of parameters")
  }

  @Test(
    "the order of samples does not matter where no scores are equal",
    arguments: SeededGenerator.seeds)
  func order(seed: UInt64) throws {
    print("seed \(seed)")
    var random = SeededGenerator(seed: seed)
    for use in RowUse.all {
      let input = try RandomInput(count: use.isTable ? 200 : 12, hasTies: false)
        .make(use.kind, for: use.row, &random)
      let whole = try use.evaluate(input)
      let places = (0..<input.count).shuffled(using: &random)
      let permuted = try RowAnswer {
        var state = try use.makeState()
        for (index, place) in places.enumerated() {
          try state.add(input.slice(index..<index + 1), at: place)
        }
        return try state.outcome()
      }
      if use.isCounted {
        #expect(permuted.isIdentical(to: whole), "\(use): \(permuted), not \(whole)")
      } else {
        #expect(permuted.isNear(whole), "\(use): \(permuted), not \(whole)")
      }
    }
  }

  /// Chunks dealt out at random to a few states, which are merged in any order.
  private static func fed(
    _ input: MetricInput, _ use: RowUse, chunk: Int, _ random: inout SeededGenerator
  ) throws -> RowAnswer {
    try RowAnswer {
      var states = try (0..<random.integer(1..<5)).map { _ in try use.makeState() }
      let starts = stride(from: 0, to: input.count, by: chunk).shuffled(using: &random)
      for start in starts {
        let part = input.slice(start..<min(start + chunk, input.count))
        try states[random.integer(0..<states.count)].add(part, at: start)
      }
      states.shuffle(using: &random)
      var whole = try use.makeState()
      for state in states { try whole.merge(state) }
      return try whole.outcome()
    }
  }
}

extension RowUse {
  /// Whether samples are rows of numbers or labels, and not images, instances or series.
  var isTable: Bool {
    switch kind {
    case .series, .detection, .instances, .segmentation, .segmentationScores, .keypoints,
      .keypointDetection:
      false
    default: true
    }
  }

  /// Whether the row is a function of counts: the same bits in any order of the samples.
  var isCounted: Bool { kind == .labels || row.id == "c_index" }
}
