/// The median in linear time, without keeping or sorting what is far from it.
enum Selection {
  /// Up to this many values are simply sorted.
  private static let sortedCount = 1 << 16
  private static let sampleRuns = 1 << 12
  private static let sampleCount = sampleRuns * Lanes.width
  /// How many places of the sorted sample to either side of its middle very likely hold the median:
  /// five standard deviations of a binomial rank, √n / 2 each. If they do not, all is sorted.
  private static let margin = 5 * 91

  private static let unbounded = -Double.infinity...Double.infinity

  /// Values between two bounds, and what is known about the others.
  private struct Part: Sendable {
    var near: [UInt64] = []
    var below = 0
    var isFinite = true
  }

  /// The middle of `count` values, at least one, or the mean of the two middle ones of an even
  /// count; nil if a value is not finite.
  ///
  /// `values` computes the values of a range; it is called for pieces of the whole.
  static func median(
    of count: Int, _ workers: Workers, _ values: @escaping @Sendable (Range<Int>) -> [Double]
  ) -> Double? {
    let upper = count / 2
    let lower = count.isMultiple(of: 2) ? upper - 1 : upper
    let bounds = count > sortedCount ? sampleBounds(count, values) : unbounded
    let parts = parts(count, bounds, workers, values)
    guard parts.allSatisfy(\.isFinite) else { return nil }
    let below = parts.reduce(0) { $0 + $1.below }
    let near = parts.reduce(0) { $0 + $1.near.count }
    if lower >= below, upper < below + near {
      return middle(parts, lower - below, upper - below, workers)
    }
    let all = Self.parts(count, unbounded, workers, values)
    return middle(all, lower, upper, workers)
  }

  private static func middle(
    _ parts: [Part], _ lower: Int, _ upper: Int, _ workers: Workers
  ) -> Double {
    let keys = RadixSort.sorted(parts.map(\.near), workers)
    let (low, high) = (SortKey.value(keys[lower]), SortKey.value(keys[upper]))
    return lower == upper ? low : low / 2 + high / 2
  }

  /// Values between which the median lies, if evenly spaced ones tell.
  private static func sampleBounds(
    _ count: Int, _ values: (Range<Int>) -> [Double]
  ) -> ClosedRange<Double> {
    let sample = (0..<sampleRuns).flatMap { run in
      let position = run * (count / sampleRuns)
      return values(position..<position + Lanes.width)
    }.filter(\.isFinite)
    guard sample.count == sampleCount else { return unbounded }
    let keys = SortKey.sorted(sample)
    return SortKey.value(
      keys[sampleCount / 2 - margin])...SortKey.value(keys[sampleCount / 2 + margin])
  }

  private static func parts(
    _ count: Int, _ bounds: ClosedRange<Double>, _ workers: Workers,
    _ values: @escaping @Sendable (Range<Int>) -> [Double]
  ) -> [Part] {
    let ranges = workers.ranges(of: count)
    return workers.map(ranges.count) { piece in
      var part = Part()
      for batch in batches(of: ranges[piece]) { add(values(batch), to: &part, bounds) }
      return part
    }
  }

  private static func batches(of range: Range<Int>) -> [Range<Int>] {
    let size = 8 * BlockSum.blockLength
    return stride(from: range.lowerBound, to: range.upperBound, by: size).map {
      $0..<min($0 + size, range.upperBound)
    }
  }

  private static func add(
    _ values: [Double], to part: inout Part, _ bounds: ClosedRange<Double>
  ) {
    values.withUnsafeBufferPointer { values in
      part.isFinite = part.isFinite && Lanes.areFinite(values)
      let (low, high) = (bounds.lowerBound, bounds.upperBound)
      var below = SIMD8<Int64>.zero
      // NaN is nowhere near anything.
      Lanes.forEach(values, fill: .nan) { lanes in
        below &-= Lanes.ones(lanes .< low)
        let near = Lanes.ones(lanes .>= low) & Lanes.ones(lanes .<= high)
        guard Lanes.isAny(near) else { return }
        for lane in 0..<Lanes.width where near[lane] != 0 {
          part.near.append(SortKey.ascending(lanes[lane]))
        }
      }
      part.below += Int(below.wrappedSum())
    }
  }
}
