/// Order-preserving keys of Float64.
enum SortKey {
  /// Maps a finite number to an integer that sorts alike; -0.0 and 0.0 have the same key.
  @inline(__always)
  static func ascending(_ value: Double) -> UInt64 {
    let bits = (value + 0.0).bitPattern
    // All ones for a negative number, so that a larger magnitude sorts first; else the sign bit.
    let mask = UInt64(bitPattern: Int64(bitPattern: bits) >> 63) | (1 << 63)
    return bits ^ mask
  }

  /// The number that a key was made from.
  @inline(__always)
  static func value(_ key: UInt64) -> Double {
    Double(bitPattern: key & (1 << 63) != 0 ? key & ~(1 << 63) : ~key)
  }

  /// The keys of values, sorted.
  static func sorted(_ values: [Double]) -> [UInt64] {
    RadixSort.sorted([values.map(ascending)], .one)
  }

  /// The positions of values by ascending value; equal ones keep their order.
  static func order(_ values: [Double], _ workers: Workers = .one) -> [Int] {
    let entries = values.enumerated().map { RankedPosition(key: ascending($1), position: $0) }
    return RadixSort.sorted([entries], workers).map(\.position)
  }
}

/// Something that sorts by an integer.
protocol RadixSortable: Sendable {
  var sortKey: UInt64 { get }
}

extension UInt64: RadixSortable {
  @inline(__always) var sortKey: UInt64 { self }
}

/// A position that sorts by the key of what stands there.
private struct RankedPosition: RadixSortable {
  let key: UInt64
  let position: Int
  @inline(__always) var sortKey: UInt64 { key }
}

/// A stable sort in time linear in the number of elements.
///
/// The keys between smallest and largest are cut into up to 2,048 buckets by their leading bits;
/// each bucket is sorted alike, in the cache, until few elements are left for an insertion sort.
enum RadixSort<Element: RadixSortable> {
  private typealias Buffer = UnsafeMutableBufferPointer<Element>
  private typealias Counters = UnsafeMutableBufferPointer<Int>

  /// Up to this many elements are inserted one by one.
  private static var shortCount: Int { 16 }
  private static var maximumBits: Int { 11 }
  /// Each cut tells apart at least four of the 64 bits of the keys.
  private static var maximumDepth: Int { 16 }

  /// How the elements of a stretch are spread over buckets.
  private struct Digit: Sendable {
    let smallest: UInt64
    let shift: UInt64
    let buckets: Int

    /// nil if there is nothing to tell apart.
    init?(smallest: UInt64, largest: UInt64, count: Int) {
      guard largest > smallest else { return nil }
      self.smallest = smallest
      let usedBits = 64 - (largest - smallest).leadingZeroBitCount
      let bits = min(maximumBits, max(4, Int.bitWidth - count.leadingZeroBitCount - 1))
      shift = UInt64(max(0, usedBits - bits))
      buckets = Int((largest - smallest) >> shift) + 1
    }

    @inline(__always)
    func bucket(_ element: Element) -> Int { Int((element.sortKey &- smallest) &>> shift) }
  }

  /// The elements of all parts, sorted; equal ones keep the order of the parts and inside them.
  static func sorted(_ parts: [[Element]], _ workers: Workers) -> [Element] {
    let count = parts.reduce(0) { $0 + $1.count }
    let ends = workers.map(parts.count) { Self.ends(parts[$0]) }
    let smallest = ends.reduce(.max) { min($0, $1.smallest) }
    let largest = ends.reduce(0) { max($0, $1.largest) }
    guard let digit = Digit(smallest: smallest, largest: largest, count: count) else {
      return Array(parts.joined())
    }
    let counts = workers.map(parts.count) { histogram(parts[$0], digit) }
    let (starts, bounds) = layout(counts, buckets: digit.buckets)
    return [Element](unsafeUninitializedCapacity: count) { target, initialized in
      // Each part writes to places of its own, each group of buckets is sorted by one thread.
      nonisolated(unsafe) let target = target
      _ = workers.map(parts.count) { scatter(parts[$0], digit, starts[$0], target) }
      let groups = groups(bounds, workers)
      _ = workers.map(groups.count) { sortBuckets(target, bounds, groups[$0]) }
      initialized = count
    }
  }

  // MARK: The first cut, over all parts

  private static func ends(_ elements: [Element]) -> (smallest: UInt64, largest: UInt64) {
    elements.withUnsafeBufferPointer { elements in
      var smallest = UInt64.max
      var largest: UInt64 = 0
      for element in elements {
        smallest = min(smallest, element.sortKey)
        largest = max(largest, element.sortKey)
      }
      return (smallest, largest)
    }
  }

  private static func histogram(_ elements: [Element], _ digit: Digit) -> [Int] {
    var counts = [Int](repeating: 0, count: digit.buckets)
    counts.withUnsafeMutableBufferPointer { counts in
      elements.withUnsafeBufferPointer { elements in
        for element in elements { counts[digit.bucket(element)] &+= 1 }
      }
    }
    return counts
  }

  /// Where each part's elements of each bucket begin, and where the buckets begin and end.
  private static func layout(
    _ counts: [[Int]], buckets: Int
  ) -> (starts: [[Int]], bounds: [Int]) {
    var starts = counts
    var bounds = [0]
    var offset = 0
    for bucket in 0..<buckets {
      for part in counts.indices {
        starts[part][bucket] = offset
        offset += counts[part][bucket]
      }
      bounds.append(offset)
    }
    return (starts, bounds)
  }

  private static func scatter(
    _ elements: [Element], _ digit: Digit, _ starts: [Int], _ target: Buffer
  ) {
    var next = starts
    next.withUnsafeMutableBufferPointer { next in
      elements.withUnsafeBufferPointer { elements in
        for element in elements {
          let bucket = digit.bucket(element)
          target.initializeElement(at: next[bucket], to: element)
          next[bucket] &+= 1
        }
      }
    }
  }

  /// Runs of neighbouring buckets with about equally many elements.
  private static func groups(_ bounds: [Int], _ workers: Workers) -> [Range<Int>] {
    let buckets = bounds.count - 1
    let wanted = max(1, (bounds[buckets] + 16 * workers.count - 1) / (16 * workers.count))
    var groups: [Range<Int>] = []
    var first = 0
    for bucket in 0..<buckets
    where bucket + 1 == buckets || bounds[bucket + 1] - bounds[first] >= wanted {
      groups.append(first..<bucket + 1)
      first = bucket + 1
    }
    return groups
  }

  // MARK: Inside the buckets

  private static func sortBuckets(_ target: Buffer, _ bounds: [Int], _ group: Range<Int>) {
    let largest = group.reduce(0) { max($0, bounds[$1 + 1] - bounds[$1]) }
    let scratch = Buffer.allocate(capacity: largest)
    let counters = Counters.allocate(capacity: maximumDepth << maximumBits)
    defer {
      scratch.deallocate()
      counters.deallocate()
    }
    for bucket in group {
      let range = bounds[bucket]..<bounds[bucket + 1]
      sort(
        Buffer(rebasing: target[range]), scratch: Buffer(rebasing: scratch[..<range.count]),
        counters, staysInPlace: true)
    }
  }

  /// Sorts a stretch; the result is in place, or in the scratch stretch.
  ///
  /// The counters are those that no caller uses. (A temporary allocation in place of them is
  /// miscompiled by Swift 6.3 when it does not fit the stack.)
  private static func sort(
    _ elements: Buffer, scratch: Buffer, _ counters: Counters, staysInPlace: Bool
  ) {
    guard elements.count > shortCount else {
      insertionSort(elements)
      if !staysInPlace { _ = scratch.update(fromContentsOf: elements) }
      return
    }
    var smallest = UInt64.max
    var largest: UInt64 = 0
    for element in elements {
      smallest = min(smallest, element.sortKey)
      largest = max(largest, element.sortKey)
    }
    guard let digit = Digit(smallest: smallest, largest: largest, count: elements.count) else {
      if !staysInPlace { _ = scratch.update(fromContentsOf: elements) }
      return
    }
    let ends = Counters(rebasing: counters[..<digit.buckets])
    ends.update(repeating: 0)
    for element in elements { ends[digit.bucket(element)] &+= 1 }
    var offset = 0
    var fullest = 0
    for bucket in 0..<digit.buckets {
      let count = ends[bucket]
      fullest = max(fullest, count)
      ends[bucket] = offset
      offset &+= count
    }
    for element in elements {
      let bucket = digit.bucket(element)
      scratch[ends[bucket]] = element
      ends[bucket] &+= 1
    }
    guard fullest > shortCount else {
      // Nothing is far from its place.
      insertionSort(scratch)
      if staysInPlace { _ = elements.update(fromContentsOf: scratch) }
      return
    }
    let further = Counters(rebasing: counters[digit.buckets...])
    var start = 0
    for bucket in 0..<digit.buckets where ends[bucket] > start {
      let range = start..<ends[bucket]
      sort(
        Buffer(rebasing: scratch[range]), scratch: Buffer(rebasing: elements[range]), further,
        staysInPlace: !staysInPlace)
      start = range.upperBound
    }
  }

  private static func insertionSort(_ elements: Buffer) {
    guard elements.count > 1 else { return }
    for index in 1..<elements.count {
      let element = elements[index]
      var place = index
      while place > 0, elements[place - 1].sortKey > element.sortKey {
        elements[place] = elements[place - 1]
        place -= 1
      }
      elements[place] = element
    }
  }
}
