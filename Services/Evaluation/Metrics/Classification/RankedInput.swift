/// Scored samples as questions of one class against the rest.
extension Ranking {
  /// The positive class of a two-class input, or the given one.
  static func positiveClass(
    _ classes: [Label], _ parameters: MetricParameters
  ) throws(MetricError) -> Int {
    if let given = try parameters.positiveClass(in: classes) { return given }
    guard classes.count <= 2 else {
      throw MetricError(
        .requiresBinary, at: "positive_label",
        "\(classes.count) classes need a positive_label that is set against the rest")
    }
    return classes.count - 1
  }

  /// The classes of a scored input and how many columns of scores stand for them.
  static func classes(_ input: MetricInput) -> (labels: [Label], columns: Int) {
    switch input {
    case .probabilities(let columns), .logits(let columns): (columns.classes, columns.width)
    case .binaryScores(let columns): (columns.classes, 2)
    case .multilabelScores(let columns): ([], columns.width)
    default: preconditionFailure("ranking needs scores")
    }
  }

  /// Truth and scores of one class against the rest.
  static func oneVersusRest(_ input: MetricInput, positive: Int, _ workers: Workers) -> Split {
    switch input {
    case .probabilities(let columns), .logits(let columns):
      return Split(
        ClassQuestion(
          truth: columns.truth, positive: Int32(positive), scores: columns.scores,
          width: columns.width, column: positive), workers)
    case .binaryScores(let columns):
      return Split(
        ClassQuestion(
          truth: columns.truth, positive: Int32(positive), scores: columns.scores,
          sign: positive == 1 ? 1 : -1), workers)
    case .multilabelScores(let columns):
      return Split(
        LabelQuestion(
          truth: columns.truth, scores: columns.scores, width: columns.width, column: positive),
        workers)
    default: preconditionFailure("ranking needs scores")
    }
  }

  /// Every cell of samples × classes as one decision.
  static func allCells(_ input: MetricInput, _ workers: Workers) -> Split {
    switch input {
    case .probabilities(let columns), .logits(let columns):
      Split(
        CellQuestion(truth: columns.truth, scores: columns.scores, width: columns.width), workers)
    case .multilabelScores(let columns):
      Split(LabelQuestion(truth: columns.truth, scores: columns.scores), workers)
    default: preconditionFailure("only matrices have cells")
    }
  }

  /// Whether samples are of a class, by the scores in one column.
  private struct ClassQuestion: RankingQuestion {
    let truth: [Int32]
    let positive: Int32
    let scores: [Double]
    var width = 1
    var column = 0
    /// -1 if the scores are those of the other class.
    var sign = 1.0

    var count: Int { truth.count }
    func isPositive(_ index: Int) -> Bool { truth[index] == positive }
    func score(_ index: Int) -> Double { sign * scores[index * width + column] }
  }

  /// Whether samples have a label, by the scores in one column.
  private struct LabelQuestion: RankingQuestion {
    let truth: [UInt8]
    let scores: [Double]
    var width = 1
    var column = 0

    var count: Int { truth.count / width }
    func isPositive(_ index: Int) -> Bool { truth[index * width + column] == 1 }
    func score(_ index: Int) -> Double { scores[index * width + column] }
  }

  /// Whether cells of samples × classes are those of the true classes.
  private struct CellQuestion: RankingQuestion {
    let truth: [Int32]
    let scores: [Double]
    let width: Int

    var count: Int { scores.count }
    func isPositive(_ index: Int) -> Bool { Int(truth[index / width]) == index % width }
    func score(_ index: Int) -> Double { scores[index] }
  }

  /// A value of each column of a matrix against the rest, in the order of the columns.
  ///
  /// A thread takes as many neighbouring columns at a time as a cache line holds, so that the
  /// matrix is read once for all of them, but no more than 16 M keys if there are several.
  static func ofEachColumn<Value: Sendable>(
    _ input: MetricInput, _ workers: Workers, _ value: @escaping @Sendable (Split) -> Value
  ) -> [Value] {
    let (_, width) = classes(input)
    let group = max(1, min(columnsAtOnce, keysAtOnce / max(1, input.count)))
    let groups = stride(from: 0, to: width, by: group).map { $0..<min($0 + group, width) }
    return workers.map(groups.count) { index in
      keys(input, columns: groups[index]).map {
        value(Split(positives: [$0.positives], negatives: [$0.negatives]))
      }
    }.flatMap { $0 }
  }

  private static let columnsAtOnce = 8
  private static let keysAtOnce = 1 << 24

  /// The keys of the positives and negatives of some columns.
  private static func keys(
    _ input: MetricInput, columns group: Range<Int>
  ) -> [(positives: [UInt64], negatives: [UInt64])] {
    switch input {
    case .probabilities(let columns), .logits(let columns):
      columns.truth.withUnsafeBufferPointer { truth in
        keys(columns.scores, columns.width, group) { row, column in
          Int(truth[row]) == column
        }
      }
    case .multilabelScores(let columns):
      columns.truth.withUnsafeBufferPointer { truth in
        keys(columns.scores, columns.width, group) { row, column in
          truth[row &* columns.width &+ column] == 1
        }
      }
    default: preconditionFailure("only matrices have columns")
    }
  }

  /// Rows of which the scores of some columns stay in a core's cache.
  private static let rowsAtOnce = 1024

  @inline(__always)
  private static func keys(
    _ scores: [Double], _ width: Int, _ group: Range<Int>,
    isPositive: (_ row: Int, _ column: Int) -> Bool
  ) -> [(positives: [UInt64], negatives: [UInt64])] {
    let count = scores.count / width
    var positives = [[UInt64]](repeating: [], count: group.count)
    var filled = [Int](repeating: 0, count: group.count)
    // Column by column; of each the first entries are the negatives.
    let negatives = UnsafeMutableBufferPointer<UInt64>.allocate(capacity: count * group.count)
    defer { negatives.deallocate() }
    scores.withUnsafeBufferPointer { scores in
      for start in stride(from: 0, to: count, by: rowsAtOnce) {
        for column in group {
          let index = column - group.lowerBound
          var place = index * count + filled[index]
          for row in start..<min(start + rowsAtOnce, count) {
            let key = SortKey.ascending(scores[row &* width &+ column])
            if isPositive(row, column) {
              positives[index].append(key)
            } else {
              negatives.initializeElement(at: place, to: key)
              place &+= 1
            }
          }
          filled[index] = place - index * count
        }
      }
    }
    return positives.indices.map { index in
      (positives[index], Array(negatives[index * count..<index * count + filled[index]]))
    }
  }
}
