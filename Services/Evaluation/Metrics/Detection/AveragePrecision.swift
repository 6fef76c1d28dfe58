/// COCO's average precision and recall.
enum AveragePrecision {
  /// COCO's ten thresholds, as its evaluator computes them.
  static let thresholds = [
    0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.8999999999999999, 0.95,
  ]

  /// Detections by falling score, category by category.
  struct Ranking: Sendable {
    let layout: DetectionTable.Layout
    private let hits: [UInt64]
    private let positives: [Int]
    private let categories: [[DetectionTable.Detection]]

    init(_ tables: [DetectionTable], _ layout: DetectionTable.Layout, _ workers: Workers) {
      let table = DetectionTable.joined(tables, layout)
      let detections = table.detections
      var starts = [Int](repeating: 0, count: layout.categoryCount + 1)
      for detection in detections { starts[Int(detection.category) + 1] += 1 }
      for index in 1..<starts.count { starts[index] += starts[index - 1] }
      var ends = starts
      // In the order of images: the sorts are stable, so that equal scores keep it.
      var grouped = [Int32](repeating: 0, count: detections.count)
      for (position, detection) in detections.enumerated() {
        grouped[ends[Int(detection.category)]] = Int32(position)
        ends[Int(detection.category)] += 1
      }
      let bounds = starts
      let members = grouped
      categories = workers.map(layout.categoryCount) { category in
        let own = members[bounds[category]..<bounds[category + 1]]
        return ScoreOrder.falling(own.map { detections[Int($0)].score })
          .map { detections[Int(own[own.startIndex + Int($0)])] }
      }
      hits = table.hits
      positives = table.positives
      self.layout = layout
    }

    /// The curves of each category in an area range, nil where no truth counts.
    ///
    /// `maximum` may be less than that of the layout: what the best detections match does not
    /// depend on those behind them.
    func curves(area: Int, maximum: Int, _ workers: Workers) -> [PrecisionCurves?] {
      workers.map(layout.categoryCount) { category in
        let positives = positives[area * layout.categoryCount + category]
        guard positives > 0 else { return nil }
        return PrecisionCurves(
          categories[category], hits, layout, positives: positives, area: area,
          maximum: maximum)
      }
    }
  }

  enum Summary: Sendable {
    case precision, precisionPerClass, recall

    /// The value over categories, and over some of the thresholds (nil: all).
    func value(_ curves: [PrecisionCurves?], threshold: Int? = nil) -> MetricOutcome {
      let values = curves.map { curve -> [Double]? in
        guard let curve else { return nil }
        let all = self == .recall ? curve.recalls : curve.precisions
        return threshold.map { [all[$0]] } ?? all
      }
      let defined = values.compactMap { $0 }
      guard !defined.isEmpty else { return .undefined(.noGroundTruth) }
      let mean = BlockSum.mean(defined.flatMap { $0 })
      guard self == .precisionPerClass else { return .finite(mean) }
      return .values(values.map { $0.map(BlockSum.mean) }, mean: mean)
    }
  }
}

/// Average precision and recall of one category in one area range, at each threshold.
struct PrecisionCurves: Sendable {
  /// The mean of the interpolated precisions at 101 recalls.
  private(set) var precisions: [Double] = []
  /// The recall after the last detection.
  private(set) var recalls: [Double] = []

  /// From the category's detections by falling score.
  init(
    _ detections: [DetectionTable.Detection], _ hits: [UInt64], _ layout: DetectionTable.Layout,
    positives: Int, area: Int, maximum: Int
  ) {
    let sampled = Self.sampledRecalls(positives)
    // A few hundred thresholds are rare: each word of 64 is a pass of its own.
    for word in 0..<layout.words {
      let count = min(64, layout.thresholds.count - 64 * word)
      let cell = 2 * area * layout.words + word
      let areaBit = UInt8(1) << UInt8(area)
      var points = Points(thresholds: count, capacity: positives)
      var wrong = 0
      for detection in detections where Int(detection.rank) < maximum {
        let counts = detection.outside & areaBit == 0
        let start = detection.hitStart
        guard start >= 0 else {
          wrong += counts ? 1 : 0
          continue
        }
        let matched = hits[start + cell]
        let ignored = hits[start + cell + layout.words]
        points.add(right: matched & ~ignored, wrong: counts ? ~matched : 0, after: wrong)
      }
      for threshold in 0..<count {
        precisions.append(points.averagePrecision(threshold, sampled))
        recalls.append(Double(points.right[threshold]) / Double(positives))
      }
    }
  }

  /// For each of the recalls 0, 0.01, …, 1 after how many right detections it is reached.
  private static func sampledRecalls(_ positives: Int) -> [Int] {
    var right = 1
    return (0...100).map { step in
      while Double(right) / Double(positives) < Double(step) * 0.01 { right += 1 }
      return right
    }
  }

  /// The precision after each right detection, at up to 64 thresholds.
  ///
  /// Between two right detections the recall stands still and the precision falls, so that the
  /// interpolated precision of every recall is found at a right detection.
  private struct Points {
    let capacity: Int
    private(set) var right: [Int]
    /// Wrong detections that are right at another threshold; the others are counted once for all.
    private var wrong: [Int]
    private var precisions: [Double]
    private let all: UInt64

    init(thresholds: Int, capacity: Int) {
      self.capacity = capacity
      right = [Int](repeating: 0, count: thresholds)
      wrong = right
      precisions = [Double](repeating: 0, count: thresholds * capacity)
      all = thresholds == 64 ? ~0 : (1 << UInt64(thresholds)) - 1
    }

    /// Adds a detection with one bit per threshold, behind `before` that are wrong at all.
    mutating func add(right bits: UInt64, wrong wrongBits: UInt64, after before: Int) {
      var remaining = bits & all
      while remaining != 0 {
        let threshold = remaining.trailingZeroBitCount
        remaining &= remaining - 1
        let found = right[threshold] + 1
        right[threshold] = found
        let seen = before + wrong[threshold] + found
        precisions[threshold * capacity + found - 1] = Double(found) / (Double(seen) + 0x1p-52)
      }
      remaining = wrongBits & all
      while remaining != 0 {
        wrong[remaining.trailingZeroBitCount] += 1
        remaining &= remaining - 1
      }
    }

    func averagePrecision(_ threshold: Int, _ sampled: [Int]) -> Double {
      var terms = [Double](repeating: 0, count: sampled.count)
      var highest = 0.0
      var next = right[threshold]
      for step in sampled.indices.reversed() {
        while next >= sampled[step] {
          highest = max(highest, precisions[threshold * capacity + next - 1])
          next -= 1
        }
        terms[step] = sampled[step] <= right[threshold] ? highest : 0
      }
      return BlockSum.mean(terms)
    }
  }
}
