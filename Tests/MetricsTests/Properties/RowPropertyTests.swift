import Metrics
import Testing

/// What is known of rows without knowing their values.
@Suite("Row properties")
struct RowPropertyTests {
  /// Every use of every row with a random input.
  static func forEachRow(
    _ seed: UInt64, hasTies: Bool = true, isPerfect: Bool = false,
    _ body: (RowUse, MetricInput, inout SeededGenerator) throws -> Void
  ) throws {
    print("seed \(seed)")
    var random = SeededGenerator(seed: seed)
    for use in RowUse.all {
      let making = RandomInput(
        count: use.isTable ? 60 : 10, hasTies: hasTies, isPerfect: isPerfect,
        isSparse: isPerfect)
      try body(use, making.make(use.kind, for: use.row, &random), &random)
    }
  }

  @Test(
    "a perfect prediction reaches the best value of every row", arguments: SeededGenerator.seeds)
  func perfection(seed: UInt64) throws {
    try Self.forEachRow(seed, isPerfect: true) { use, input, _ in
      var use = use
      // Scores are kept this far from 0 and 1, which costs as much.
      if use.row.parameter("epsilon") != nil { use.parameters["epsilon"] = .number(1e-15) }
      let answer = try use.evaluate(input)
      let best = use.row.direction == .higher ? use.row.range.maximum ?? .infinity : 0
      guard case .outcome(let outcome) = answer, let value = outcome.rankValue else {
        Issue.record("\(use): \(answer)")
        return
      }
      #expect((value - best).magnitude <= 1e-12, "\(use): \(value), not \(best)")
    }
  }

  @Test(
    "rows without a side give the same with truth and prediction swapped",
    arguments: SeededGenerator.seeds)
  func swapping(seed: UInt64) throws {
    let symmetric: Set = [
      "accuracy", "cohen_kappa", "qwk", "mcc", "f1", "f1_micro", "jaccard", "hamming_loss",
      "iou", "miou", "dice", "pixel_accuracy", "boundary_iou", "boundary_f1", "hausdorff",
    ]
    var tried: Set<String> = []
    try Self.forEachRow(seed) { use, input, _ in
      let input = try input.withoutIgnored()
      guard let swapped = try input.swapped() else { return }
      var (use, other) = (use, use)
      switch use.row.id {
      case "precision": other = try use.sibling("recall")
      case "recall": other = try use.sibling("precision")
      case "asd":
        use.parameters = ["symmetric": .text("pooled")]
        other = use
      case let id where symmetric.contains(id): break
      default: return
      }
      tried.insert(use.row.id)
      let (first, second) = (try use.numbers(input), try other.numbers(swapped))
      #expect(first.isNear(second), "\(use): \(first), swapped \(second)")
    }
    #expect(tried == symmetric.union(["precision", "recall", "asd"]))
  }

  @Test(
    "strictly increasing functions of scores leave ranking rows as they are",
    arguments: SeededGenerator.seeds)
  func ranking(seed: UInt64) throws {
    let ranking: Set = ["auc", "auc_roc", "auc_pr", "gini", "c_index"]
    var tried: Set<String> = []
    try Self.forEachRow(seed) { use, input, _ in
      guard ranking.contains(use.row.id) else { return }
      var use = use
      if use.row.id == "c_index" { use.parameters["tied_tol"] = .number(0) }
      // Increasing on the sixteenths of which these scores are made.
      guard let other = try input.transformed({ $0 * $0 * $0 + 3 * $0 - 5 }) else { return }
      tried.insert(use.row.id)
      let (first, second) = (try use.numbers(input), try use.numbers(other))
      #expect(first.isIdentical(to: second), "\(use): \(first), transformed \(second)")
    }
    #expect(tried == ranking)
  }

  @Test("names of classes and their order do not matter", arguments: SeededGenerator.seeds)
  func classes(seed: UInt64) throws {
    let names: [Label] = [.text("a"), .text("b"), .text("c"), .text("d")]
    try Self.forEachRow(seed, hasTies: false) { use, input, random in
      let first = try use.evaluate(input)
      guard let renamed = try input.relabelled(names, order: Array(0..<4)),
        first != .error(.requiresBinary), use.isOfManyClasses(input)
      else { return }
      let second = try use.numbers(renamed)
      #expect(first.isIdentical(to: second), "\(use): \(first), renamed \(second)")
      // Distances of classes are distances of their positions.
      guard use.row.id != "qwk",
        let reordered = try input.relabelled(names, order: Array(0..<4).shuffled(using: &random))
      else { return }
      let third = try use.numbers(reordered)
      #expect(first.isNear(third), "\(use): \(first), reordered \(third)")
    }
  }

  @Test("coordinates times a power of two", arguments: SeededGenerator.seeds)
  func scale(seed: UInt64) throws {
    let factor = 8.0
    let squared: Set = ["keypoints/loss"]
    let proportional: Set = [
      "keypoints/mae", "keypoints/mpjpe", "segmentation/hausdorff", "segmentation/asd",
    ]
    var tried: Set<String> = []
    try Self.forEachRow(seed) { use, input, _ in
      guard let scaled = try input.scaled(by: factor) else { return }
      let (first, second) = (try use.numbers(input), try use.numbers(scaled))
      let name = "\(use.kind.rawValue)/\(use.row.id)"
      tried.insert(name)
      let power =
        proportional.contains(name) ? factor : squared.contains(name) ? factor * factor : 1
      let expected = first.times(power)
      if power == 1, use.kind != .keypoints {
        #expect(second.isIdentical(to: expected), "\(use): \(first), scaled \(second)")
      } else {
        #expect(second.isNear(expected), "\(use): \(first), scaled \(second)")
      }
    }
    #expect(tried.isSuperset(of: proportional.union(squared)))
    #expect(tried.isSuperset(of: ["detection/giou", "detection/iou", "keypoints/pck"]))
  }
}

extension RowUse {
  /// The answer to an input that has a value.
  func numbers(_ input: MetricInput) throws -> RowAnswer {
    let answer = try evaluate(input)
    #expect(!answer.numbers.isEmpty, "\(self): \(answer)")
    return answer
  }

  /// The same kind of input for another row of the task.
  func sibling(_ id: String) throws -> RowUse {
    RowUse(row: try MetricsCatalogue.metric(id, of: row.task), kind: kind, parameters: parameters)
  }

  /// Whether an input has as many classes as are renamed: rows of two classes get two.
  func isOfManyClasses(_ input: MetricInput) -> Bool {
    switch input {
    case .labels(let columns): columns.classes.count == 4
    case .probabilities(let columns), .logits(let columns): columns.classes.count == 4
    default: false
    }
  }
}

extension RowAnswer {
  /// The values times a factor.
  func times(_ factor: Double) -> RowAnswer {
    switch self {
    case .outcome(.value(let value)): .outcome(.value(value * factor))
    default: self
    }
  }
}
