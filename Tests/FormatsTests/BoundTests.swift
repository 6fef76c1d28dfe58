import Metrics
import Testing

@testable import Formats

/// What a small file may cost: never more than a small multiple of its own length.
@Suite("Bounds on memory")
struct BoundTests {
  // MARK: Tables

  /// A table of numbers without names.
  private struct Numbers: TableBuilder {
    private(set) var largestPiece = 0

    mutating func plan(_ header: TableHeader) throws(FormatError) -> RowPlan {
      RowPlan(
        header: header, key: .none,
        numbers: header.names.indices.map { RowPlan.NumberColumn(position: $0, rule: .finite) })
    }

    mutating func take(_ piece: TablePiece, at line: Int) -> [TableFault] {
      largestPiece = max(largestPiece, piece.count)
      return []
    }

    mutating func end(_ problems: inout ProblemList) throws(FormatError) {}
  }

  private static func parsed(
    _ text: String, columns: Int, limits: FormatLimits = .defaults
  ) throws -> TablePiece {
    let header = TableHeader(line: 1, names: (0..<columns).map { "c\($0)" })
    var builder = Numbers()
    let parser = RowParser(plan: try builder.plan(header), limits: limits)
    let bytes = Array(text.utf8)
    let padding = [UInt8](repeating: 0, count: SeparatorScan.padding)
    let block = CSVBlock(
      storage: bytes + padding, count: bytes.count, isFirst: false, isLast: true)
    var scan = SeparatorScan()
    return parser.parse(block, &scan, limits: limits)
  }

  @Test("empty lines under a wide header make no room for numbers")
  func emptyLines() throws {
    let row = Array(repeating: "1", count: 100).joined(separator: ",")
    let lines = String(repeating: "\n", count: 10_000)
    let piece = try Self.parsed(lines + row + "\n" + row, columns: 100)
    #expect(piece.numbers == Array(repeating: 1, count: 200))
    #expect(piece.lines == [10_000, 10_001])
    #expect(piece.numbers.capacity <= 2 * lines.utf8.count)
  }

  @Test("rows of the least bytes and ragged rows have their numbers in place")
  func shortRows() throws {
    // Two columns, the fewest bytes that a row can have; none behind the last.
    let short = try Self.parsed("1,\n,\n,2", columns: 2)
    #expect(short.numbers.count == 6)
    #expect(short.numbers[0] == 1)
    #expect(short.problems.count == 4)
    var limits = FormatLimits()
    limits.maximumProblems = 1000
    let ragged = try Self.parsed(
      String(repeating: "1\n", count: 50) + "1,2,3,4\n5,6,7,8\n", columns: 4, limits: limits)
    #expect(ragged.numbers.suffix(8) == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(ragged.numbers.count == 4 * 52)
    #expect(ragged.problems.count == 50)
  }

  @Test("a chunk of any size is read in blocks")
  func largeChunks() throws {
    var reader = TableReader(builder: Numbers(), limits: .defaults, blockBytes: 1000)
    let bytes = Array(("c\n" + String(repeating: "1\n", count: 20_000)).utf8)
    try bytes.withUnsafeBufferPointer { chunk throws(FormatError) in
      try reader.read(UnsafeRawBufferPointer(chunk))
    }
    try reader.finish()
    #expect(reader.builder.largestPiece <= 500)
  }

  @Test("no problem at all cannot be asked for", arguments: [-1, 0, 1])
  func fewProblems(maximum: Int) throws {
    var limits = FormatLimits()
    limits.maximumProblems = maximum
    let dataset = try DatasetReader.read(
      bytes: Array("id,target\na,1\nb,2\n".utf8), task: .tabularRegression, limits: limits)
    #expect(dataset.rowCount == 2)
    let error = #expect(throws: FormatError.self) {
      try DatasetReader.read(
        bytes: Array("id,target\na,1\nb,x\nc,y\n".utf8), task: .tabularRegression,
        limits: limits)
    }
    #expect(error?.problems.map(\.line) == [3])
  }

  // MARK: Polygons

  private struct Point {
    var x: Int
    var y: Int
  }

  /// Every point of an outline, as `maskApi.c` has them.
  private static func points(_ polygon: [Double]) -> [Point] {
    var corners: [Point] = []
    for index in 0..<polygon.count / 2 {
      let x: Double = 5 * polygon[2 * index] + 0.5
      let y: Double = 5 * polygon[2 * index + 1] + 0.5
      corners.append(Point(x: Int(x), y: Int(y)))
    }
    var points: [Point] = []
    for index in corners.indices {
      var start = corners[index]
      var end = corners[(index + 1) % corners.count]
      let dx = abs(end.x - start.x)
      let dy = abs(end.y - start.y)
      let isFlipped = dx >= dy ? start.x > end.x : start.y > end.y
      if isFlipped { swap(&start, &end) }
      let rise = Double(end.y - start.y)
      let run = Double(end.x - start.x)
      let length = max(dx, dy)
      for step in 0...length {
        let t = isFlipped ? length - step : step
        if dx >= dy {
          let slope = dx == 0 ? 0 : rise / Double(dx)
          let y: Double = Double(start.y) + slope * Double(t) + 0.5
          points.append(Point(x: t + start.x, y: Int(y)))
        } else {
          let x: Double = Double(start.x) + run / Double(dy) * Double(t) + 0.5
          points.append(Point(x: Int(x), y: t + start.y))
        }
      }
    }
    return points
  }

  /// The runs of a polygon's mask, by walking along its outline as `maskApi.c` does.
  private static func walked(_ polygon: [Double], height: Int, width: Int) -> [Int64] {
    let points = points(polygon)
    var counts: [Int: Int] = [:]
    for (previous, point) in zip(points, points.dropFirst()) where point.x != previous.x {
      let fine = Double(point.x < previous.x ? point.x : point.x - 1)
      let x: Double = (fine + 0.5) / 5 - 0.5
      guard x.rounded(.down) == x, x >= 0, x <= Double(width - 1) else { continue }
      let y: Double = (Double(min(point.y, previous.y)) + 0.5) / 5 - 0.5
      let row: Double = min(max(y, 0), Double(height)).rounded(.up)
      counts[Int(x) * height + Int(row), default: 0] += 1
    }
    let size = height * width
    let odd = counts.filter { $0.key < size && $0.value % 2 == 1 }
    let edges = odd.keys.sorted() + [size]
    return zip([0] + edges, edges).map { Int64($1 - $0) }
  }

  @Test("polygons are drawn as walking along their outlines draws them", arguments: [1, 2, 3])
  func outlines(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<150 {
      let (height, width) = (
        Int.random(in: 1...30, using: &random), Int.random(in: 1...30, using: &random)
      )
      let step: Double = [1, 0.5, 0.2, 0.01].randomElement(using: &random) ?? 1
      var polygon: [Double] = []
      for _ in 0..<2 * Int.random(in: 3...7, using: &random) {
        let coordinate = Double.random(in: -20...50, using: &random)
        polygon.append((coordinate / step).rounded() * step)
      }
      let runs = MaskCodec.runs(polygons: [polygon], height: height, width: width)
      #expect(
        runs == Self.walked(polygon, height: height, width: width),
        "\(height) × \(width): \(polygon)")
    }
  }

  @Test("an outline costs what it crosses of the image, which has a limit")
  func longOutlines() throws {
    let far = (0..<2_000).map { index in
      let side = index.isMultiple(of: 2) ? 1.0 : -1
      return "\(side * 100_000), \(Double(index) * 50 - 50_000 + side)"
    }
    let truth = Array(ObjectProblemTests.truth("").utf8)
    let dataset = try DatasetReader.read(bytes: truth, task: .instanceSegmentation)
    let results =
      "[{\(ObjectProblemTests.place), \"score\": 1, \"segmentation\": "
      + "[[\(far.joined(separator: ", "))]]}]"
    // Each of 2,000 edges crosses the image's 8 columns; walked they would be two billion points.
    var limits = FormatLimits()
    limits.maximumCrossings = 16_000
    _ = try PredictionsReader.read(bytes: Array(results.utf8), for: dataset, limits: limits)
    limits.maximumCrossings = 15_999
    let error = #expect(throws: FormatError.self) {
      try PredictionsReader.read(bytes: Array(results.utf8), for: dataset, limits: limits)
    }
    #expect(error?.problems.map(\.kind) == [.limitExceeded])
    #expect(error?.problems.map(\.field) == ["segmentation"])
  }
}
