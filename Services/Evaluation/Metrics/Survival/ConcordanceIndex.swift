/// Harrell's concordance index (1982) in O(n log n).
///
/// Subjects are taken from the latest time to the earliest while a Fenwick tree counts the risks
/// seen so far; each event asks it how many of the later subjects have a lower or a tied risk.
enum ConcordanceIndex {
  static let rule: Computation.Whole = { input, parameters, _ throws(MetricError) in
    guard case .survival(let columns) = input else { preconditionFailure("takes survival") }
    let isReversed = parameters.text("orientation") == "survival_time"
    let risks = isReversed ? columns.risk.map { -$0 } : columns.risk
    return value(columns, risks: risks, tolerance: parameters.required("tied_tol"))
  }

  private static func value(
    _ columns: SurvivalColumns, risks: [Double], tolerance: Double
  ) -> MetricOutcome {
    let ladder = RiskLadder(risks, tolerance: tolerance)
    var tree = FenwickTree(count: ladder.distinct.count)
    let order = SortKey.order(columns.time.map { -$0 })
    var doubledConcordance: Int128 = 0
    var pairs: Int128 = 0
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, columns.time[order[end]] == columns.time[order[start]] { end += 1 }
      let group = order[start..<end]
      for subject in group where !columns.event[subject] { tree.add(ladder.position(subject)) }
      for subject in group where columns.event[subject] {
        let (lower, tiedEnd) = ladder.tiedRange(of: subject)
        let concordant = tree.count(below: lower)
        let tied = tree.count(below: tiedEnd) - concordant
        doubledConcordance += Int128(2 * concordant + tied)
        pairs += Int128(tree.total)
      }
      for subject in group where columns.event[subject] { tree.add(ladder.position(subject)) }
      start = end
    }
    guard pairs > 0 else { return .undefined(.noComparablePairs) }
    return .finite(Double(doubledConcordance) / Double(2 * pairs))
  }
}

/// The sorted distinct risks, and where each subject stands among them.
private struct RiskLadder {
  let distinct: [Double]
  private let positions: [Int]
  /// For each distinct risk where those tied with it begin and end.
  private let tiedStarts: [Int]
  private let tiedEnds: [Int]

  init(_ risks: [Double], tolerance: Double) {
    var distinct: [Double] = []
    var positions = [Int](repeating: 0, count: risks.count)
    for subject in SortKey.order(risks) {
      if distinct.last != risks[subject] { distinct.append(risks[subject]) }
      positions[subject] = distinct.count - 1
    }
    self.distinct = distinct
    self.positions = positions
    (tiedStarts, tiedEnds) = Self.tied(distinct, tolerance)
  }

  func position(_ subject: Int) -> Int { positions[subject] }

  /// The positions of the risks that count as tied with a subject's.
  func tiedRange(of subject: Int) -> (start: Int, end: Int) {
    (tiedStarts[positions[subject]], tiedEnds[positions[subject]])
  }

  /// Both ends rise with the risk, so one sweep finds them all. The differences themselves are
  /// compared, not bounds computed beforehand, so that rounding is that of the definition.
  private static func tied(
    _ distinct: [Double], _ tolerance: Double
  ) -> (starts: [Int], ends: [Int]) {
    var start = 0
    var end = 0
    var starts: [Int] = []
    var ends: [Int] = []
    for risk in distinct {
      while distinct[start] < risk, risk - distinct[start] > tolerance { start += 1 }
      while end < distinct.count, distinct[end] <= risk || distinct[end] - risk <= tolerance {
        end += 1
      }
      starts.append(start)
      ends.append(end)
    }
    return (starts, ends)
  }
}

/// Counts by position with logarithmic update and prefix sum (Fenwick 1994).
private struct FenwickTree {
  private var nodes: [Int]
  private(set) var total = 0

  init(count: Int) { nodes = [Int](repeating: 0, count: count + 1) }

  mutating func add(_ position: Int) {
    total += 1
    var node = position + 1
    while node < nodes.count {
      nodes[node] += 1
      node += node & -node
    }
  }

  func count(below position: Int) -> Int {
    var sum = 0
    var node = position
    while node > 0 {
      sum += nodes[node]
      node -= node & -node
    }
    return sum
  }
}
