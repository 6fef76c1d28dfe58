/// AUC-ROC, AUC-PR, Gini and top-k as computations on all samples.
enum RankingRules {
  static let areaUnderROC: Computation.Whole = { input, parameters, workers throws(MetricError) in
    let (labels, width) = Ranking.classes(input)
    let isMultilabel = input.kind == .multilabelScores
    if !isMultilabel { _ = try parameters.positiveClass(in: labels) }
    if !isMultilabel, width <= 2 {
      return roc(try binarySplit(input, parameters, workers))
    }
    let isWeighted = parameters.text("average") == "weighted"
    if !isMultilabel, parameters.text("multi_class") == "ovo" {
      return oneVersusOne(input, isWeighted: isWeighted, workers)
    }
    if parameters.text("average") == "micro" { return roc(Ranking.allCells(input, workers)) }
    return oneVersusRest(input, isWeighted: isWeighted, workers)
  }

  static let areaUnderPrecisionRecall: Computation.Whole = {
    input, parameters, workers throws(MetricError) in
    let (labels, width) = Ranking.classes(input)
    let trapezoid = parameters.text("method") == "trapezoid"
    let isMultilabel = input.kind == .multilabelScores
    if !isMultilabel { _ = try parameters.positiveClass(in: labels) }
    if !isMultilabel, width <= 2 {
      return precisionRecall(try binarySplit(input, parameters, workers), trapezoid)
    }
    if parameters.text("average") == "micro" {
      return precisionRecall(Ranking.allCells(input, workers), trapezoid)
    }
    let isWeighted = parameters.text("average") == "weighted"
    let columns = Ranking.ofEachColumn(input, workers) { split in
      ColumnArea(
        Ranking.areaUnderPrecisionRecall(split, trapezoid: trapezoid), split.positives.count)
    }
    let defined = columns.filter { $0.area != nil }
    return weightedMean(
      defined.map { $0.area ?? 0 }, defined.map { isWeighted ? Double($0.positives) : 1 },
      otherwise: .noPositives)
  }

  /// The area of one class against the rest; only for a binary question.
  static let binaryArea: Computation.Whole = { input, parameters, workers throws(MetricError) in
    roc(try binarySplit(input, parameters, workers))
  }

  static let gini: Computation.Whole = { input, parameters, workers throws(MetricError) in
    switch roc(try binarySplit(input, parameters, workers)) {
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
        return [columns.forEachRow(range) { scores, truth in rank(scores, truth) < k ? 1 : 0 }]
      default: preconditionFailure("top-k takes a matrix of scores")
      }
    }))

  /// The area of one column, if it has one, and how many positives it has.
  private struct ColumnArea: Sendable {
    let area: Double?
    let positives: Int

    init(_ area: Double?, _ positives: Int) {
      self.area = area
      self.positives = positives
    }
  }

  private static func binarySplit(
    _ input: MetricInput, _ parameters: MetricParameters, _ workers: Workers
  ) throws(MetricError) -> Ranking.Split {
    let positive = try Ranking.positiveClass(Ranking.classes(input).labels, parameters)
    return Ranking.oneVersusRest(input, positive: positive, workers)
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
    _ input: MetricInput, isWeighted: Bool, _ workers: Workers
  ) -> MetricOutcome {
    let columns = Ranking.ofEachColumn(input, workers) { split in
      ColumnArea(Ranking.areaUnderROC(split), split.positives.count)
    }
    var areas: [Double] = []
    var weights: [Double] = []
    for column in columns {
      if isWeighted, column.positives == 0 { continue }
      guard let area = column.area else { return .undefined(.singleClass) }
      areas.append(area)
      weights.append(isWeighted ? Double(column.positives) : 1)
    }
    return weightedMean(areas, weights, otherwise: .singleClass)
  }

  /// Hand and Till (2001): every pair of classes that occurs, by its own samples alone.
  private static func oneVersusOne(
    _ input: MetricInput, isWeighted: Bool, _ workers: Workers
  ) -> MetricOutcome {
    let columns: ClassScores
    switch input {
    case .probabilities(let scores), .logits(let scores): columns = scores
    default: preconditionFailure("pairs of classes need a matrix of scores")
    }
    var rows = [[Int]](repeating: [], count: columns.width)
    for (row, truth) in columns.truth.enumerated() { rows[Int(truth)].append(row) }
    let present = rows.indices.filter { !rows[$0].isEmpty }
    let ofPairs = workers.map(present.count) { [rows] position in
      let first = present[position]
      return present[(position + 1)...].map { second in
        let forward = pairArea(columns, rows[first], rows[second], column: first)
        let backward = pairArea(columns, rows[second], rows[first], column: second)
        let weight = isWeighted ? Double(rows[first].count + rows[second].count) : 1
        return (area: (forward + backward) / 2, weight: weight)
      }
    }.flatMap { $0 }
    return weightedMean(ofPairs.map(\.area), ofPairs.map(\.weight), otherwise: .singleClass)
  }

  private static func pairArea(
    _ columns: ClassScores, _ positives: [Int], _ negatives: [Int], column: Int
  ) -> Double {
    func keys(_ rows: [Int]) -> [UInt64] {
      rows.map { SortKey.ascending(columns.scores[$0 * columns.width + column]) }
    }
    let split = Ranking.Split(positives: [keys(positives)], negatives: [keys(negatives)])
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
  @inline(__always)
  private static func rank(_ scores: UnsafeBufferPointer<Double>, _ truth: Int) -> Int {
    let score = scores[truth]
    let (higher, notLower) = Lanes.counts(scores, above: score)
    guard notLower > higher + 1 else { return higher }
    return higher + scores[(truth + 1)...].count { $0 == score }
  }
}
