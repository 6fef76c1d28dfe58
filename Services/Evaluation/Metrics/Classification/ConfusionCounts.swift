/// How often each class was predicted as each class.
struct ConfusionCounts: Sendable {
  /// Up to this many classes the counts are a dense matrix.
  static let denseLimit = 1024

  let classes: [Label]
  let isDeclared: Bool
  private(set) var total: Int64 = 0
  /// Row-major, truth × prediction; empty if the counts are sparse.
  private var dense: [Int64]
  private var sparse: [UInt64: Int64] = [:]

  init(classes: [Label], isDeclared: Bool) {
    self.classes = classes
    self.isDeclared = isDeclared
    let isDense = classes.count <= Self.denseLimit
    dense = isDense ? [Int64](repeating: 0, count: classes.count * classes.count) : []
  }

  var classCount: Int { classes.count }

  mutating func add(truth: Int, prediction: Int, times: Int64 = 1) {
    total += times
    if classCount <= Self.denseLimit {
      dense[truth * classCount + prediction] += times
    } else {
      sparse[UInt64(truth) << 32 | UInt64(prediction), default: 0] += times
    }
  }

  /// Adds columns of class indices; false, and nothing is added, if one is not of the classes.
  mutating func add(
    truth: UnsafeBufferPointer<Int32>, prediction: UnsafeBufferPointer<Int32>
  ) -> Bool {
    guard classCount > 0 else { return truth.isEmpty }
    if classCount <= Self.interleavedLimit { return addInterleaved(truth, prediction) }
    let limit = UInt32(classCount)
    for (t, p) in zip(truth, prediction)
    where UInt32(bitPattern: t) >= limit || UInt32(bitPattern: p) >= limit {
      return false
    }
    guard classCount <= Self.denseLimit else {
      for (t, p) in zip(truth, prediction) { add(truth: Int(t), prediction: Int(p)) }
      return true
    }
    let width = classCount
    dense.withUnsafeMutableBufferPointer { cells in
      for index in truth.indices {
        cells[Int(truth[index]) &* width &+ Int(prediction[index])] &+= 1
      }
    }
    total += Int64(truth.count)
    return true
  }

  /// Up to this many classes neighbouring samples are counted in tables of their own.
  private static let interleavedLimit = 16

  /// Counts neighbouring samples in four tables: with few classes they often meet the same cell,
  /// and each increment of a cell would wait for the one before it. The tables are as wide as the
  /// next power of two, so that an index beyond the classes shows in the counts themselves.
  private mutating func addInterleaved(
    _ truth: UnsafeBufferPointer<Int32>, _ prediction: UnsafeBufferPointer<Int32>
  ) -> Bool {
    let width = classCount
    let bits = Int32(Int32.bitWidth - (Int32(width) - 1).leadingZeroBitCount)
    let mask = (1 << bits) &- 1 as Int32
    let cellCount = 1 << (2 * Int(bits))
    var tables = [Int32](repeating: 0, count: 4 * cellCount)
    return tables.withUnsafeMutableBufferPointer { tables in
      var used: Int32 = 0
      var index = 0
      while index < truth.count {
        for lane in 0..<min(4, truth.count - index) {
          let (t, p) = (truth[index &+ lane], prediction[index &+ lane])
          used |= t | p
          let cell = (t & mask) &<< bits | p & mask
          tables[lane &* cellCount &+ Int(cell)] &+= 1
        }
        index &+= 4
      }
      for cell in 0..<cellCount {
        for lane in 1..<4 { tables[cell] += tables[lane * cellCount + cell] }
        let isKnown = cell >> bits < width && cell & Int(mask) < width
        if tables[cell] > 0, !isKnown { return false }
      }
      guard used & ~mask == 0 else { return false }
      for t in 0..<width {
        for p in 0..<width { dense[t * width + p] += Int64(tables[t << bits | p]) }
      }
      total += Int64(truth.count)
      return true
    }
  }

  /// Calls back for each pair of classes that occurs. The order is unspecified.
  func forEachCell(_ body: (_ truth: Int, _ prediction: Int, _ count: Int64) -> Void) {
    for (cell, count) in dense.enumerated() where count > 0 {
      body(cell / classCount, cell % classCount, count)
    }
    for (cell, count) in sparse {
      body(Int(cell >> 32), Int(cell & 0xFFFF_FFFF), count)
    }
  }

  mutating func merge(_ other: ConfusionCounts) throws(MetricError) {
    guard classes == other.classes else {
      guard !isDeclared, !other.isDeclared else { throw ClassScores.otherClasses }
      let union = try ClassIndex(ClassIndex.union([classes, other.classes]))
      var joined = ConfusionCounts(classes: union.classes, isDeclared: false)
      try joined.addRenamed(self, union)
      try joined.addRenamed(other, union)
      self = joined
      return
    }
    other.forEachCell { add(truth: $0, prediction: $1, times: $2) }
  }

  private mutating func addRenamed(
    _ other: ConfusionCounts, _ index: ClassIndex
  ) throws(MetricError) {
    let positions = try index.encode(other.classes, field: "classes")
    other.forEachCell {
      add(truth: Int(positions[$0]), prediction: Int(positions[$1]), times: $2)
    }
  }

  /// True and predicted counts and hits of each class.
  func margins() -> [ClassCounts] {
    var margins = [ClassCounts](repeating: ClassCounts(total: total), count: classCount)
    forEachCell { truth, prediction, count in
      margins[truth].positives += count
      margins[prediction].predicted += count
      if truth == prediction { margins[truth].hits += count }
    }
    return margins
  }
}

/// One class against the rest.
struct ClassCounts: Sendable, Equatable {
  /// Samples of any class.
  var total: Int64 = 0
  /// Samples that truly are of the class.
  var positives: Int64 = 0
  /// Samples predicted to be.
  var predicted: Int64 = 0
  /// Samples that are both.
  var hits: Int64 = 0

  var falsePositives: Int64 { predicted - hits }
  var falseNegatives: Int64 { positives - hits }
  var trueNegatives: Int64 { total - positives - predicted + hits }
  var occurs: Bool { positives > 0 || predicted > 0 }

  static func += (left: inout ClassCounts, right: ClassCounts) {
    left.total += right.total
    left.positives += right.positives
    left.predicted += right.predicted
    left.hits += right.hits
  }
}

/// The confusion counts while chunks arrive.
struct ConfusionState: Sendable {
  private(set) var counts = ConfusionCounts(classes: [], isDeclared: false)

  mutating func merge(_ other: ConfusionState) throws(MetricError) {
    guard other.counts.total > 0 else { return }
    if counts.total == 0 { counts = other.counts } else { try counts.merge(other.counts) }
  }

  mutating func add(
    _ input: MetricInput, _ range: Range<Int>, _ parameters: MetricParameters
  ) throws(MetricError) {
    switch input {
    case .labels(let columns):
      var areKnown = true
      try prepare(columns.classes, columns.isDeclared) { (counts: inout ConfusionCounts) in
        areKnown = columns.truth.withUnsafeBufferPointer { truth in
          columns.prediction.withUnsafeBufferPointer { prediction in
            counts.add(
              truth: UnsafeBufferPointer(rebasing: truth[range]),
              prediction: UnsafeBufferPointer(rebasing: prediction[range]))
          }
        }
      }
      if !areKnown { try columns.validate(range) }
    case .probabilities(let columns), .logits(let columns):
      try prepare(columns.classes, true) { (counts: inout ConfusionCounts) in
        _ = columns.forEachRow(range) { scores, truth in
          counts.add(truth: truth, prediction: ClassScores.best(scores))
          return 0
        }
      }
    case .binaryScores(let columns):
      let threshold = parameters.required("threshold")
      try prepare(columns.classes, true) { (counts: inout ConfusionCounts) in
        for row in range {
          counts.add(
            truth: Int(columns.truth[row]), prediction: columns.scores[row] > threshold ? 1 : 0)
        }
      }
    default:
      preconditionFailure("no row counts confusions of \(input.kind)")
    }
  }

  /// Adds into the counts directly if the classes are the same, else into new ones to be merged.
  private mutating func prepare(
    _ classes: [Label], _ isDeclared: Bool, _ add: (inout ConfusionCounts) -> Void
  ) throws(MetricError) {
    if counts.total > 0, counts.classes == classes {
      add(&counts)
      return
    }
    var added = ConfusionCounts(classes: classes, isDeclared: isDeclared)
    add(&added)
    if counts.total == 0 { counts = added } else { try counts.merge(added) }
  }
}
