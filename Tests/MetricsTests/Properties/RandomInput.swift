import Metrics

/// Random inputs of every kind, valid for the rows that take it.
struct RandomInput {
  /// The number of samples: rows, images, instances or series.
  var count: Int
  var classCount = 4
  /// Whether scores are coarse, so that many are equal.
  var hasTies = true
  /// Whether the prediction is the truth.
  var isPerfect = false
  /// Images then hold at most one object of a category.
  var isSparse = false

  /// An input of a kind for a row.
  ///
  /// Rows that refuse more than two classes are given two.
  func make(
    _ kind: InputKind, for row: MetricDescription, _ random: inout SeededGenerator
  ) throws -> MetricInput {
    let input = try make(kind, &random)
    let answer = try RowUse(row: row, kind: kind).evaluate(input)
    guard answer == .error(.requiresBinary) else { return input }
    var binary = self
    binary.classCount = 2
    return try binary.make(kind, &random)
  }

  private func make(_ kind: InputKind, _ random: inout SeededGenerator) throws -> MetricInput {
    switch kind {
    case .labels: try labels(&random)
    case .probabilities: .probabilities(try classScores(areProbabilities: true, &random))
    case .logits: .logits(try classScores(areProbabilities: false, &random))
    case .binaryScores: .binaryScores(try binaryScores(areLogits: false, &random))
    case .binaryLogits: .binaryLogits(try binaryScores(areLogits: true, &random))
    case .multilabel: multilabel(&random)
    case .multilabelScores: .multilabelScores(multilabelScores(areLogits: false, &random))
    case .multilabelLogits: .multilabelLogits(multilabelScores(areLogits: true, &random))
    case .reportedLoss: reportedLoss(&random)
    case .regression: regression(&random)
    case .series: series(&random)
    case .survival: survival(&random)
    case .survivalEvent: survivalEvents(&random)
    case .detection: try detection(&random)
    case .instances: try instances(&random)
    case .segmentation: try segmentation(&random)
    case .segmentationScores: segmentationScores(&random)
    case .keypoints: keypoints(&random)
    case .keypointDetection: try keypointDetection(&random)
    }
  }

  /// A number in steps of a sixteenth, if ties are wanted.
  func coarse(_ value: Double) -> Double {
    hasTies ? (value * 16).rounded() / 16 : value
  }

  // MARK: Classes

  var classes: [Label] { (0..<classCount).map { .integer(Int64($0) * 3) } }

  /// Every class occurs, if there are samples enough.
  private func truths(_ random: inout SeededGenerator) -> [Int32] {
    (0..<count).map { Int32($0 < classCount ? $0 : random.integer(0..<classCount)) }
  }

  private func labels(_ random: inout SeededGenerator) throws -> MetricInput {
    let truth = truths(&random)
    let prediction = truth.map {
      isPerfect || random.chance(0.6) ? $0 : Int32(random.integer(0..<classCount))
    }
    guard random.chance(0.5) else {
      return .labels(try LabelColumns(classes: classes, truth: truth, prediction: prediction))
    }
    return .labels(
      try LabelColumns(
        classes: nil, truth: truth.map { classes[Int($0)] },
        prediction: prediction.map { classes[Int($0)] }))
  }

  private func classScores(
    areProbabilities: Bool, _ random: inout SeededGenerator
  ) throws -> ClassScores {
    let truth = truths(&random)
    var scores: [Double] = []
    for label in truth {
      let row = (0..<classCount).map { index -> Double in
        let isTrue = index == Int(label)
        if isPerfect { return isTrue ? (areProbabilities ? 1 : 1_000) : 0 }
        return coarse(random.number(0.1...2) + (isTrue ? 0.7 : 0))
      }
      let sum = areProbabilities ? row.reduce(0, +) : 1
      scores += row.map { $0 / sum }
    }
    return try ClassScores(classes: classes, truth: truth, scores: scores)
  }

  private func binaryScores(
    areLogits: Bool, _ random: inout SeededGenerator
  ) throws -> BinaryScores {
    let truth = (0..<count).map { Int32($0 < 2 ? $0 : random.integer(0..<2)) }
    let scores = truth.map { score(Double($0), areLogits: areLogits, &random) }
    return try BinaryScores(
      classes: [.text("no"), .text("yes")], truth: truth, scores: scores)
  }

  /// A score for a truth of 0 or 1.
  private func score(
    _ truth: Double, areLogits: Bool, _ random: inout SeededGenerator
  ) -> Double {
    if isPerfect { return areLogits ? (truth * 2 - 1) * 1_000 : truth }
    let score = coarse(random.number(0...0.7) + 0.3 * truth)
    return areLogits ? 4 * score - 2 : score
  }

  // MARK: Several labels

  private static let width = 5

  private func indicators(_ random: inout SeededGenerator) -> [UInt8] {
    let width = Self.width
    return (0..<count * width).map {
      // Each label has a positive and a negative sample.
      $0 < 2 * width ? UInt8($0 / width) : UInt8(random.integer(0..<2))
    }
  }

  private func multilabel(_ random: inout SeededGenerator) -> MetricInput {
    let truth = indicators(&random)
    let prediction = truth.map { isPerfect || random.chance(0.7) ? $0 : 1 - $0 }
    return .multilabel(
      MultilabelColumns(width: Self.width, truth: truth, prediction: prediction))
  }

  private func multilabelScores(
    areLogits: Bool, _ random: inout SeededGenerator
  ) -> MultilabelScores {
    let truth = indicators(&random)
    let scores = truth.map { score(Double($0), areLogits: areLogits, &random) }
    return MultilabelScores(width: Self.width, truth: truth, scores: scores)
  }

  private func reportedLoss(_ random: inout SeededGenerator) -> MetricInput {
    let counts = (0..<count).map { _ in Int64(random.integer(1..<50)) }
    let values = counts.map { _ in isPerfect ? 0 : random.number(0...9) }
    return .reportedLoss(
      ReportedLoss(values: values, counts: random.chance(0.5) ? counts : nil))
  }

  // MARK: Numbers

  /// Truths above 0 and predictions above -1, which suits rows with logarithms and ratios, too.
  private func points(_ count: Int, _ random: inout SeededGenerator) -> ([Double], [Double]) {
    let truth = (0..<count).map { _ in coarse(random.number(0.5...40)) }
    let prediction = truth.map { value in
      if isPerfect || random.chance(0.1) { return value }
      let moved = value + random.number(-4...6)
      return coarse(moved > -0.9 ? moved : random.number(-0.9...0.5))
    }
    return (truth, prediction)
  }

  private func regression(_ random: inout SeededGenerator) -> MetricInput {
    let (truth, prediction) = points(count, &random)
    return .regression(RegressionColumns(truth: truth, prediction: prediction))
  }

  private func series(_ random: inout SeededGenerator) -> MetricInput {
    .series(
      (0..<count).map { _ in
        let (truth, prediction) = points(random.integer(3..<12), &random)
        let history = points(random.integer(0..<4), &random).0
        return ForecastSeries(truth: truth, prediction: prediction, history: history)
      })
  }

  private func survival(_ random: inout SeededGenerator) -> MetricInput {
    let event = (0..<count).map { $0 == 0 || random.chance(0.6) }
    let time = event.indices.map { isPerfect ? Double($0) : coarse(random.number(0...9)) }
    let risk = time.map { isPerfect ? -$0 : coarse(random.number(0...5) - $0 / 4) }
    return .survival(SurvivalColumns(event: event, time: time, risk: risk))
  }

  private func survivalEvents(_ random: inout SeededGenerator) -> MetricInput {
    let event = (0..<count).map { $0 == 0 || random.chance(0.6) }
    let probability = event.map { score($0 ? 1 : 0, areLogits: false, &random) }
    let labels = event.map { isPerfect || random.chance(0.8) ? $0 : !$0 }
    return .survivalEvent(
      SurvivalEvents(
        event: event, time: event.map { _ in coarse(random.number(0...9)) },
        predictedEvent: random.chance(0.5) ? labels : nil, probability: probability))
  }
}
