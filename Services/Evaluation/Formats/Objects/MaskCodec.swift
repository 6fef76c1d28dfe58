import Metrics

/// Masks as COCO files write them: run lengths, compressed run lengths, polygons.
///
/// Decoding follows pycocotools' `maskApi.c`, whose pixels the metrics' references see.
enum MaskCodec {
  /// Coordinates of polygons further out than this are refused; the outline is sampled densely.
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
    let outline = outline(polygon)
    var positions = crossings(outline, height: height, width: width)
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

  /// Points along the outline on a grid five times as fine as the pixels.
  private static func outline(_ polygon: [Double]) -> [(x: Int, y: Int)] {
    let scale = 5.0
    let corners = stride(from: 0, to: polygon.count - 1, by: 2).map {
      (x: Int(scale * polygon[$0] + 0.5), y: Int(scale * polygon[$0 + 1] + 0.5))
    }
    var points: [(x: Int, y: Int)] = []
    for (index, corner) in corners.enumerated() {
      var start = corner
      var end = corners[(index + 1) % corners.count]
      let dx = abs(end.x - start.x)
      let dy = abs(end.y - start.y)
      let isFlipped = (dx >= dy && start.x > end.x) || (dx < dy && start.y > end.y)
      if isFlipped { swap(&start, &end) }
      let length = max(dx, dy)
      for step in 0...length {
        let t = isFlipped ? length - step : step
        if dx >= dy {
          let slope = dx == 0 ? 0 : Double(end.y - start.y) / Double(dx)
          points.append((t + start.x, Int(Double(start.y) + slope * Double(t) + 0.5)))
        } else {
          let slope = Double(end.x - start.x) / Double(dy)
          points.append((Int(Double(start.x) + slope * Double(t) + 0.5), t + start.y))
        }
      }
    }
    return points
  }

  /// Where the outline crosses the middle of a column of pixels.
  private static func crossings(
    _ outline: [(x: Int, y: Int)], height: Int, width: Int
  ) -> [Int] {
    let scale = 5.0
    var positions: [Int] = []
    for (previous, point) in zip(outline, outline.dropFirst()) where point.x != previous.x {
      let fine = Double(point.x < previous.x ? point.x : point.x - 1)
      let x = (fine + 0.5) / scale - 0.5
      guard x.rounded(.down) == x, x >= 0, x <= Double(width - 1) else { continue }
      let y = (Double(min(point.y, previous.y)) + 0.5) / scale - 0.5
      let row = min(max(y, 0), Double(height)).rounded(.up)
      positions.append(Int(x) * height + Int(row))
    }
    return positions
  }
}
