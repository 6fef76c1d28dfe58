/// Exact Euclidean distances from the ones of a matrix to the nearest ones of another.
///
/// First the rows to the nearest target within each column, by two passes over the box around the
/// targets and queries. Then, for each query, the nearest over the columns: outwards from its own,
/// as long as a column can still be nearer. Where the sets lie far apart that would not be linear
/// in the number of pixels; a row whose searches get long is finished with the lower envelope of
/// the columns' parabolas (Felzenszwalb and Huttenlocher 2012).
struct DistanceTransform {
  private let rows: ClosedRange<Int>
  private let columns: ClosedRange<Int>
  private let rowSpacing: Double
  private let columnSpacing: Double

  /// For each pixel of the box the number of rows to the nearest target in its column.
  private let steps: [Int32]

  /// The distance of each one of `queries`, row by row, to the nearest one of `targets`, which has
  /// some and is of the same size.
  static func distances(
    from queries: BitMatrix, to targets: BitMatrix, rowSpacing: Double, columnSpacing: Double
  ) -> [Double] {
    guard let near = queries.bounds, let far = targets.bounds else { return [] }
    let rows =
      min(
        near.rows.lowerBound, far.rows.lowerBound)...max(
        near.rows.upperBound, far.rows.upperBound)
    let transform = DistanceTransform(
      targets, rows, far.columns, rowSpacing: rowSpacing, columnSpacing: columnSpacing)
    var distances: [Double] = []
    distances.reserveCapacity(queries.count)
    for row in near.rows { transform.add(row, of: queries, to: &distances) }
    return distances
  }

  private init(
    _ targets: BitMatrix, _ rows: ClosedRange<Int>, _ columns: ClosedRange<Int>,
    rowSpacing: Double, columnSpacing: Double
  ) {
    self.rows = rows
    self.columns = columns
    self.rowSpacing = rowSpacing
    self.columnSpacing = columnSpacing
    steps = Self.columnSteps(targets, rows, columns)
  }

  /// More rows than any image has, with room for a few more.
  private static let unreached: Int32 = 1 << 30

  private static func columnSteps(
    _ targets: BitMatrix, _ rows: ClosedRange<Int>, _ columns: ClosedRange<Int>
  ) -> [Int32] {
    let (width, left) = (columns.count, columns.lowerBound)
    var steps = [Int32](repeating: unreached, count: rows.count * width)
    steps.withUnsafeMutableBufferPointer { buffer in
      guard let steps = buffer.baseAddress else { return }
      for row in 0..<rows.count {
        let current = steps + row * width
        if row > 0 {
          let above = current - width
          for index in 0..<width { current[index] = min(above[index] &+ 1, unreached) }
        }
        targets.forEachOne(inRow: rows.lowerBound + row) { current[$0 - left] = 0 }
      }
      for row in (0..<rows.count - 1).reversed() {
        let current = steps + row * width
        let below = current + width
        for index in 0..<width { current[index] = min(current[index], below[index] &+ 1) }
      }
    }
    return steps
  }

  /// Adds the distances of one row of queries.
  private func add(_ row: Int, of queries: BitMatrix, to distances: inout [Double]) {
    let base = (row - rows.lowerBound) * columns.count
    var budget = 4 * columns.count
    var envelope: Envelope?
    var found: [Double] = []
    queries.forEachOne(inRow: row) { column in
      if let envelope {
        found.append(envelope.squaredDistance(to: column - columns.lowerBound))
      } else {
        let (squared, steps) = nearest(to: column - columns.lowerBound, base)
        found.append(squared)
        budget -= steps
        if budget < 0 { envelope = self.envelope(base) }
      }
    }
    for squared in found { distances.append(squared.squareRoot()) }
  }

  private func squaredGap(_ index: Int) -> Double {
    let gap = Double(steps[index]) * rowSpacing
    return gap * gap
  }

  /// The squared distance from a column, counted from the box, and how many columns were looked at.
  private func nearest(to column: Int, _ base: Int) -> (squared: Double, steps: Int) {
    let count = columns.count
    // The first column of the box that can be the nearest.
    var offset = column < 0 ? -column : max(0, column - count + 1)
    let first = offset
    var best = Double.infinity
    while true {
      let across = Double(offset) * columnSpacing
      let squared = across * across
      if squared >= best { break }
      let (left, right) = (column - offset, column + offset)
      guard left >= 0 || right < count else { break }
      if left >= 0, left < count, steps[base + left] < Self.unreached {
        best = min(best, squaredGap(base + left) + squared)
      }
      if right >= 0, right < count, steps[base + right] < Self.unreached {
        best = min(best, squaredGap(base + right) + squared)
      }
      offset += 1
    }
    return (best, offset - first)
  }

  private func envelope(_ base: Int) -> Envelope {
    Envelope(
      gaps: (0..<columns.count).map { index in
        steps[base + index] < Self.unreached ? squaredGap(base + index) : .infinity
      }, spacing: columnSpacing)
  }

  /// The lower envelope of one row's parabolas gap² + (x − column)².
  private struct Envelope {
    private let gaps: [Double]
    private var columns: [Int] = []
    /// From which position each parabola is the lowest.
    private var starts: [Double] = []
    private let spacing: Double

    /// `gaps` are squared; infinity where a column has no target.
    init(gaps: [Double], spacing: Double) {
      self.gaps = gaps
      self.spacing = spacing
      for column in gaps.indices where gaps[column] < .infinity {
        var start = -Double.infinity
        while let last = columns.last {
          start = crossing(last, column)
          guard start <= starts[columns.count - 1] else { break }
          columns.removeLast()
          starts.removeLast()
          start = -.infinity
        }
        columns.append(column)
        starts.append(start)
      }
    }

    /// Where the parabola of a later column gets lower than that of an earlier one.
    private func crossing(_ first: Int, _ second: Int) -> Double {
      let (a, b) = (Double(first) * spacing, Double(second) * spacing)
      return ((gaps[second] + b * b) - (gaps[first] + a * a)) / (2 * (b - a))
    }

    /// The squared distance from a column to the nearest target.
    func squaredDistance(to column: Int) -> Double {
      let position = Double(column) * spacing
      var low = 0
      var high = starts.count
      while high - low > 1 {
        let middle = (low + high) / 2
        if starts[middle] <= position { low = middle } else { high = middle }
      }
      // Rounding may move a crossing: the neighbours are looked at too.
      return columns[max(0, low - 1)..<min(columns.count, low + 2)].reduce(.infinity) {
        let across = Double(column - $1) * spacing
        return min($0, gaps[$1] + across * across)
      }
    }
  }
}
