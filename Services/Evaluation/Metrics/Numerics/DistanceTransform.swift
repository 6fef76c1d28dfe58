/// Exact Euclidean distances to the nearest pixel of a set.
///
/// Two passes (Meijster, Roerdink and Hesselink 2000; Felzenszwalb and Huttenlocher 2012): the
/// nearest pixel within each column, then along each row the lower envelope of the columns'
/// parabolas. Linear in the number of pixels.
enum DistanceTransform {
  /// The distance from each pixel of `queries` to the nearest of `targets`, in the order of
  /// `queries`; `targets` must not be empty. Positions are row-major indices.
  static func distances(
    from queries: [Int], to targets: [Int], height: Int, width: Int, rowSpacing: Double,
    columnSpacing: Double
  ) -> [Double] {
    let steps = columnSteps(targets, height: height, width: width)
    var rows: [Int: [Int]] = [:]
    for (index, query) in queries.enumerated() { rows[query / width, default: []].append(index) }
    var distances = [Double](repeating: 0, count: queries.count)
    for (row, indices) in rows {
      let gaps = steps[row * width..<(row + 1) * width].map {
        $0 == Int32.max ? Double.infinity : Double($0) * rowSpacing
      }
      let envelope = Envelope(gaps: gaps, spacing: columnSpacing)
      for index in indices {
        let column = queries[index] % width
        let nearest = envelope.nearest(to: column)
        let across = Double(column - nearest) * columnSpacing
        distances[index] = (gaps[nearest] * gaps[nearest] + across * across).squareRoot()
      }
    }
    return distances
  }

  /// For each pixel the number of rows to the nearest target in its column; `Int32.max`: none.
  private static func columnSteps(_ targets: [Int], height: Int, width: Int) -> [Int32] {
    var steps = [Int32](repeating: .max, count: height * width)
    for target in targets { steps[target] = 0 }
    for row in 1..<max(1, height) {
      for pixel in row * width..<(row + 1) * width where steps[pixel - width] < .max {
        steps[pixel] = min(steps[pixel], steps[pixel - width] + 1)
      }
    }
    for row in (0..<max(0, height - 1)).reversed() {
      for pixel in row * width..<(row + 1) * width where steps[pixel + width] < .max {
        steps[pixel] = min(steps[pixel], steps[pixel + width] + 1)
      }
    }
    return steps
  }

  /// The lower envelope of one row's parabolas gap² + (x − column)².
  private struct Envelope {
    private var columns: [Int] = []
    /// From which position each parabola is the lowest.
    private var starts: [Double] = []
    private let spacing: Double

    init(gaps: [Double], spacing: Double) {
      self.spacing = spacing
      for column in gaps.indices where gaps[column] < .infinity {
        var start = -Double.infinity
        while let last = columns.last {
          start = Self.crossing(gaps, last, column, spacing)
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
    private static func crossing(
      _ gaps: [Double], _ first: Int, _ second: Int, _ spacing: Double
    ) -> Double {
      let (a, b) = (Double(first) * spacing, Double(second) * spacing)
      let difference = (gaps[second] * gaps[second] + b * b) - (gaps[first] * gaps[first] + a * a)
      return difference / (2 * (b - a))
    }

    /// The column whose parabola is the lowest.
    func nearest(to column: Int) -> Int {
      let position = Double(column) * spacing
      var low = 0
      var high = starts.count
      while high - low > 1 {
        let middle = (low + high) / 2
        if starts[middle] <= position { low = middle } else { high = middle }
      }
      return columns[low]
    }
  }
}
