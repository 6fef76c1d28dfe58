/// AUC-ROC, AUC-PR, Gini and top-k as computations on all samples.
enum RankingRules {
  static let areaUnderROC: Computation.Whole = { input, parameters, workers throws(MetricError) in
    let (labels, width) = Ranking.classes(input)
    let isMultilabel = input.kind == .multilabelScores
    if !isMultilabel { _ = try parameters.positiveClass(in: labels) }
    if !isMultilabel, width <= 2 {
      return roc(try binarySplit(input, parameters))
    }
    if !isMultilabel, parameters.text("multi_class") == "ovo" {
      return oneVersusOne(input, isWeighted: parameters.text("average") == "weighted")
    }
    if parameters.text("average") == "micro" { return roc(Ranking.allCells(input)) }
    return oneVersusRest(input, width: width, isWeighted: parameters.text("average") == "weighted")
  }

  static let areaUnderPrecisionRecall: Computation.Whole = {
    input, parameters, workers throws(MetricError) in
    let (labels, width) = Ranking.classes(input)
    let trapezoid = parameters.text("method") == "trapezoid"
    let isMultilabel = input.kind == .multilabelScores
    if !isMultilabel { _ = try parameters.positiveClass(in: labels) }
    if !isMultilabel, width <= 2 {
      return precisionRecall(try binarySplit(input, parameters), trapezoid)
    }
    if parameters.text("average") == "micro" {
      return precisionRecall(Ranking.allCells(input), trapezoid)
    }
    let isWeighted = parameters.text("average") == "weighted"
    var areas: [Double] = []
    var weights: [Double] = []
    for column in 0..<width {
      let split = Ranking.oneVersusRest(input, positive: column)
      guard let area = Ranking.areaUnderPrecisionRecall(split, trapezoid: trapezoid) else {
        continue
      }
      areas.append(area)
      weights.append(isWeighted ? Double(split.positives.count) : 1)
    }
    return weightedMean(areas, weights, otherwise: .noPositives)
  }

  /// The area of one class against the rest; only for a binary question.
  static let binaryArea: Computation.Whole = { input, parameters, workers throws(MetricError) in
    roc(try binarySplit(input, parameters))
  }

  static let gini: Computation.Whole = { input, parameters, workers throws(MetricError) in
    switch roc(try binarySplit(input, parameters)) {
    case .value(let area): .value(2 * area - 1)
    case let other: other
    }
  }

  /// The share of samples whose true class is among the k best.
  static let topK: Computation = .sums(
    SumRule(terms: { input, range, parameters throws(MetricError) in
      let k = parameters.integer("k") ?? 1
      switch input {
      case .probabilities(let columns), .logits(let columns):
        return [range.map { rank(columns, $0) < k ? 1 : 0 }]
      default: preconditionFailure("top-k takes a matrix of scores")
      }
    }))

  private static func binarySplit(
    _ input: MetricInput, _ parameters: MetricParameters
  ) throws(MetricError) -> Ranking.Split {
    let positive = try Ranking.positiveClass(Ranking.classes(input).labels, parameters)
    return Ranking.oneVersusRest(input, positive: positive)
  }

  private static func roc(_ split: Ranking.Split) -> MetricOutcome {
    Ranking.areaUnderROC(split).map(MetricOutcome.finite) ?? .undefined(.singleClass)
  }

  private static func precisionRecall(
    _ split: Ranking.Split, _ trapezoid: Bool
  ) -> MetricOutcome {
    Ranking.areaUnderPrecisionRecall(split, trapezoid: trapezoid).map(MetricOutcome.finite)
      ?? .undefined(.noPositives)
  }

  private static func oneVersusRest(
    _ input: MetricInput, width: Int, isWeighted: Bool
  ) -> MetricOutcome {
    var areas: [Double] = []
    var weights: [Double] = []
    for column in 0..<width {
      let split = Ranking.oneVersusRest(input, positive: column)
      if isWeighted, split.positives.isEmpty { continue }
      guard let area = Ranking.areaUnderROC(split) else { return .undefined(.singleClass) }
      areas.append(area)
      weights.append(isWeighted ? Double(split.positives.count) : 1)
    }
    return weightedMean(areas, weights, otherwise: .singleClass)
  }

  /// Hand and Till (2001): every pair of classes that occurs, by its own samples alone.
  private static func oneVersusOne(_ input: MetricInput, isWeighted: Bool) -> MetricOutcome {
    let columns: ClassScores
    switch input {
    case .probabilities(let scores), .logits(let scores): columns = scores
    default: preconditionFailure("pairs of classes need a matrix of scores")
    }
    var rows = [[Int]](repeating: [], count: columns.width)
    for (row, truth) in columns.truth.enumerated() { rows[Int(truth)].append(row) }
    let present = rows.indices.filter { !rows[$0].isEmpty }
    var areas: [Double] = []
    var weights: [Double] = []
    for (position, first) in present.enumerated() {
      for second in present[(position + 1)...] {
        let forward = pairArea(columns, rows[first], rows[second], column: first)
        let backward = pairArea(columns, rows[second], rows[first], column: second)
        areas.append((forward + backward) / 2)
        weights.append(isWeighted ? Double(rows[first].count + rows[second].count) : 1)
      }
    }
    return weightedMean(areas, weights, otherwise: .singleClass)
  }

  private static func pairArea(
    _ columns: ClassScores, _ positives: [Int], _ negatives: [Int], column: Int
  ) -> Double {
    let rows = positives + negatives
    let split = Ranking.Split(
      count: rows.count, isPositive: { $0 < positives.count },
      score: { columns.scores[rows[$0] * columns.width + column] })
    return Ranking.areaUnderROC(split) ?? 0
  }

  private static func weightedMean(
    _ values: [Double], _ weights: [Double], otherwise reason: UndefinedReason
  ) -> MetricOutcome {
    guard !values.isEmpty else { return .undefined(reason) }
    let terms = zip(values, weights).map { $0 * $1 }
    return .finite(BlockSum.sum(terms) / BlockSum.sum(weights))
  }

  /// The number of classes that rank before the true one; ties rank the higher index first.
  private static func rank(_ columns: ClassScores, _ row: Int) -> Int {
    let truth = Int(columns.truth[row])
    let start = row * columns.width
    let score = columns.scores[start + truth]
    var before = 0
    for index in 0..<columns.width {
      let other = columns.scores[start + index]
      if other > score || (other == score && index > truth) { before += 1 }
    }
    return before
  }
}
