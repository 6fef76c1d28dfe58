/// A binary mask as COCO's run lengths.
public struct RunLengthMask: Sendable, Equatable {
  public let height: Int
  public let width: Int
  /// The positions, column by column, at which the mask changes between 0 and 1: it is 0 before
  /// the first, 1 up to the second, and so on; the last position is height × width.
  let edges: [Int]
  /// The number of pixels.
  public let area: Int
  /// The rows and columns around all pixels.
  private let bounds: Bounds

  private struct Bounds: Sendable, Equatable {
    var left = Int.max
    var right = -1
    var top = Int.max
    var bottom = -1

    func overlap(_ other: Bounds) -> Bool {
      left <= other.right && other.left <= right && top <= other.bottom && other.top <= bottom
    }

    /// Takes in pixels from one position up to another.
    mutating func add(_ range: Range<Int>, height: Int) {
      let (first, top) = range.lowerBound.quotientAndRemainder(dividingBy: height)
      let length = range.count
      let isInColumn = length <= height - top
      let last = isInColumn ? first : (range.upperBound - 1) / height
      left = min(left, first)
      right = max(right, last)
      self.top = min(self.top, isInColumn ? top : 0)
      bottom = max(bottom, isInColumn ? top + length - 1 : height - 1)
    }
  }

  /// A mask from alternating runs of 0 and 1, column by column, beginning with 0.
  ///
  /// Throws `invalidMask` for a negative run or runs that do not sum to height × width.
  public init(height: Int, width: Int, runs: [Int64]) throws(MetricError) {
    let (pixels, overflow) = height.multipliedReportingOverflow(by: width)
    guard height >= 0, width >= 0, !overflow else {
      throw MetricError(.shapeMismatch, at: "size", "\(height) × \(width) is no size")
    }
    var edges: [Int] = []
    edges.reserveCapacity(runs.count)
    var position = 0
    var area = 0
    var bounds = Bounds()
    for (index, run) in runs.enumerated() {
      guard run >= 0, run <= pixels - position else {
        throw MetricError(
          .invalidMask, at: "masks", "run \(index) of \(run) does not fit \(height) × \(width)")
      }
      let end = position + Int(run)
      if !index.isMultiple(of: 2), run > 0 {
        area += Int(run)
        bounds.add(position..<end, height: height)
      }
      position = end
      edges.append(position)
    }
    guard position == pixels else {
      throw MetricError(
        .invalidMask, at: "masks",
        "the runs sum to \(position), expected \(height) × \(width) = \(pixels)")
    }
    self.height = height
    self.width = width
    self.edges = edges
    self.area = area
    self.bounds = bounds
  }

  /// The number of pixels in both masks, which must be of the same size.
  func intersection(_ other: RunLengthMask) -> Int {
    guard bounds.overlap(other.bounds) else { return 0 }
    return edges.withUnsafeBufferPointer { first in
      other.edges.withUnsafeBufferPointer { second in
        Self.intersection(
          first, from: bounds.left < other.bounds.left ? other.bounds.left * height : 0,
          second, from: other.bounds.left < bounds.left ? bounds.left * height : 0)
      }
    }
  }

  /// Each mask's run of ones number k lies from edges[2k] to edges[2k + 1]; those before a
  /// position are passed over at once.
  private static func intersection(
    _ first: UnsafeBufferPointer<Int>, from firstStart: Int,
    _ second: UnsafeBufferPointer<Int>, from secondStart: Int
  ) -> Int {
    var total = 0
    var left = firstRun(first, from: firstStart)
    var right = firstRun(second, from: secondStart)
    while left + 1 < first.count, right + 1 < second.count {
      let start = max(first[left], second[right])
      let leftEnd = first[left + 1]
      let rightEnd = second[right + 1]
      total += max(0, min(leftEnd, rightEnd) - start)
      // Steps without a branch: which mask's run ends first is not to be predicted.
      let isLeftDone = leftEnd <= rightEnd
      left += isLeftDone ? 2 : 0
      right += isLeftDone ? 0 : 2
    }
    return total
  }

  /// The index at which the first run of ones begins that ends behind a position.
  private static func firstRun(_ edges: UnsafeBufferPointer<Int>, from position: Int) -> Int {
    guard position > 0 else { return 0 }
    var low = 0
    var high = edges.count / 2
    while low < high {
      let middle = (low + high) / 2
      if edges[2 * middle + 1] <= position { low = middle + 1 } else { high = middle }
    }
    return 2 * low
  }
}
