import Metrics

/// Masks as COCO files write them: run lengths, compressed run lengths, polygons.
///
/// Decoding follows pycocotools' `maskApi.c`, whose pixels the metrics' references see.
enum MaskCodec {
  /// Coordinates of polygons further out than this are refused.
  static let maximumCoordinate = 100_000.0

  /// The runs of a compressed string; nil if it is malformed.
  static func runs(compressed text: String) -> [Int64]? {
    var runs: [Int64] = []
    var value: Int64 = 0
    var shift: Int64 = 0
    for byte in text.utf8 {
      guard byte >= 48, byte < 48 + 64, shift <= 55 else { return nil }
      let digit = Int64(byte - 48)
      value |= (digit & 0x1F) << shift
      shift += 5
      if digit & 0x20 != 0 { continue }
      if digit & 0x10 != 0 { value |= -1 << shift }
      // From the fourth run on, the difference from the run two before is stored.
      if runs.count > 2 {
        let (sum, overflow) = value.addingReportingOverflow(runs[runs.count - 2])
        guard !overflow else { return nil }
        value = sum
      }
      runs.append(value)
      value = 0
      shift = 0
    }
    return shift == 0 ? runs : nil
  }

  /// The union of the pixels inside polygons, each a list x₀, y₀, x₁, y₁, …
  static func runs(polygons: [[Double]], height: Int, width: Int) -> [Int64] {
    let all = polygons.map { edges(polygon: $0, height: height, width: width) }
    guard let first = all.first else { return [Int64(height * width)] }
    guard all.count > 1 else { return lengths(first) }
    // +1 where one of the masks begins, -1 where it ends; the union is where the sum is positive.
    var changes: [(position: Int, change: Int)] = []
    for edges in all {
      for (index, position) in edges.dropLast().enumerated() {
        changes.append((position, index.isMultiple(of: 2) ? 1 : -1))
      }
      if edges.count.isMultiple(of: 2) { changes.append((height * width, -1)) }
    }
    changes.sort { $0.position < $1.position }
    var union: [Int] = []
    var depth = 0
    var index = 0
    while index < changes.count {
      let position = changes[index].position
      let before = depth
      while index < changes.count, changes[index].position == position {
        depth += changes[index].change
        index += 1
      }
      if (before > 0) != (depth > 0), position < height * width { union.append(position) }
    }
    return lengths(union + [height * width])
  }

  private static func lengths(_ edges: [Int]) -> [Int64] {
    zip([0] + edges, edges).map { Int64($1 - $0) }
  }

  /// The positions at which the mask of one polygon changes, and its end.
  private static func edges(polygon: [Double], height: Int, width: Int) -> [Int] {
    var positions: [Int] = []
    for edge in FineEdge.outline(polygon) {
      edge.forEachCrossing(width: width) { column, y in
        let row = min(max((Double(y) + 0.5) / FineEdge.scale - 0.5, 0), Double(height))
        positions.append(column * height + Int(row.rounded(.up)))
      }
    }
    positions.append(height * width)
    positions.sort()
    // A position that occurs twice changes nothing.
    var edges: [Int] = []
    for position in positions.dropLast() {
      if edges.last == position { edges.removeLast() } else { edges.append(position) }
    }
    if edges.last == height * width { edges.removeLast() }
    return edges + [height * width]
  }

  /// How often the outlines of polygons cross the middle of a column of pixels of an image.
  static func crossingCount(polygons: [[Double]], width: Int) -> Int {
    polygons.reduce(0) { sum, polygon in
      FineEdge.outline(polygon).reduce(sum) { $0 + $1.columns(width: width).count }
    }
  }
}

/// An edge of a polygon on the grid of `maskApi.c`, five times as fine as the pixels.
///
/// There an edge is a point for each step of its longer side, and the mask changes where two
/// neighbours lie on different sides of the middle of a column of pixels. Only those pairs are
/// looked for here, so that an edge costs what it crosses of the image, not its length.
private struct FineEdge {
  static let scale = 5.0
  private static let step = 5
  /// The last fine column before the middle of a pixel's.
  private static let middle = 2

  /// The ends, in the direction in which the longer side ascends.
  private let start: (x: Int, y: Int)
  private let end: (x: Int, y: Int)

  private init(_ start: (x: Int, y: Int), _ end: (x: Int, y: Int)) {
    let dx = abs(end.x - start.x)
    let dy = abs(end.y - start.y)
    let isFlipped = (dx >= dy && start.x > end.x) || (dx < dy && start.y > end.y)
    (self.start, self.end) = isFlipped ? (end, start) : (start, end)
  }

  /// The edges of a polygon, the last back to its first point. Between two edges nothing changes:
  /// rounding moves a shared point sideways only left of the image.
  static func outline(_ polygon: [Double]) -> some Sequence<FineEdge> {
    let count = polygon.count / 2
    return (0..<count).lazy.map {
      FineEdge(corner(polygon, $0), corner(polygon, ($0 + 1) % count))
    }
  }

  private static func corner(_ polygon: [Double], _ index: Int) -> (x: Int, y: Int) {
    (Int(scale * polygon[2 * index] + 0.5), Int(scale * polygon[2 * index + 1] + 0.5))
  }

  /// The columns of an image whose middle the edge crosses.
  func columns(width: Int) -> Range<Int> {
    let (low, high) = isShallow ? (start.x, end.x) : (steepX(0), steepX(end.y - start.y))
    let first = Self.column(from: min(low, high))
    return first..<max(first, min(width, Self.column(from: max(low, high))))
  }

  /// The first column whose middle is not left of a fine one.
  private static func column(from x: Int) -> Int {
    max(0, x - middle + step - 1) / step
  }

  /// Calls back with each crossed column and the upper of the two points around its middle.
  func forEachCrossing(width: Int, _ body: (_ column: Int, _ y: Int) -> Void) {
    for column in columns(width: width) {
      let x = Self.step * column + Self.middle
      if isShallow {
        body(column, min(shallowY(x - start.x), shallowY(x + 1 - start.x)))
      } else {
        body(column, start.y + lastStep(besides: x))
      }
    }
  }

  private var isShallow: Bool { end.x - start.x >= abs(end.y - start.y) }

  private func shallowY(_ step: Int) -> Int {
    let dx = end.x - start.x
    let slope = dx == 0 ? 0 : Double(end.y - start.y) / Double(dx)
    return Int(Double(start.y) + slope * Double(step) + 0.5)
  }

  private func steepX(_ step: Int) -> Int {
    let slope = Double(end.x - start.x) / Double(end.y - start.y)
    return Int(Double(start.x) + slope * Double(step) + 0.5)
  }

  /// The last step of a steep edge before it crosses from x to x + 1, or back.
  private func lastStep(besides x: Int) -> Int {
    var (low, high) = (0, end.y - start.y)
    let isLeft = steepX(low) <= x
    // Rounded positions are monotone, so halving finds the pair that walking would.
    while high - low > 1 {
      let half = (low + high) / 2
      if (steepX(half) <= x) == isLeft { low = half } else { high = half }
    }
    return low
  }
}
