/// Counts the classes of pixels, and finds out whether all of them are declared.
///
/// nil if a pixel that is not ignored has a class that is not declared.
struct PixelCounts: LabelBody {
  let classCount: Int
  let ignoreIndex: Int32?
  let pixels: Range<Int>

  /// The counts of each class over the valid pixels of an image, whose rows are shared among the
  /// workers; nil if there is an undeclared class.
  static func counts(
    _ maps: SegmentationMaps, _ index: Int, _ workers: Workers
  ) -> [ClassCounts]? {
    let image = maps.images[index]
    let ranges = workers.ranges(of: image.height * image.width, unit: minimumPiece)
    let parts = workers.map(ranges.count) { piece in
      image.labels.withPixels(
        PixelCounts(
          classCount: maps.classCount, ignoreIndex: maps.ignoreIndex, pixels: ranges[piece]))
    }
    var whole = [ClassCounts](repeating: ClassCounts(), count: maps.classCount)
    for part in parts {
      guard let part else { return nil }
      for label in whole.indices { whole[label] += part[label] }
    }
    return whole
  }

  private static let minimumPiece = 1 << 16

  func run<Pixel: LabelPixel>(_ labels: Labels<Pixel>) -> [ClassCounts]? {
    // A table of pairs must be small against the caches, and against the pixels.
    let side = classCount + 1
    guard classCount < 256, side * side <= max(4096, pixels.count) else {
      return margins(labels)
    }
    return side <= 64 ? pairs(labels, tables: 4) : pairs(labels, tables: 1)
  }

  // MARK: Table of pairs

  /// Counts pairs of classes in a table, in which all undeclared classes share a row and a column.
  ///
  /// Neighbouring pixels often have the same pair, and a cell that is written waits to be read
  /// again: pixels take turns among several tables.
  private func pairs<Pixel: LabelPixel>(
    _ labels: Labels<Pixel>, tables: Int
  ) -> [ClassCounts]? {
    let side = classCount + 1
    var cells = [UInt64](repeating: 0, count: side * side)
    var counters = [UInt32](repeating: 0, count: tables * side * side)
    var pairs = [UInt16](repeating: 0, count: Self.chunk)
    var start = pixels.lowerBound
    while start < pixels.upperBound {
      // Counters of 32 bits are emptied long before they are full.
      let end = min(pixels.upperBound, start + 1 << 30)
      count(labels, start..<end, &counters, &pairs, tables)
      for cell in cells.indices {
        for table in 0..<tables {
          cells[cell] += UInt64(counters[table * side * side + cell])
          counters[table * side * side + cell] = 0
        }
      }
      start = end
    }
    return counts(cells, isIgnoredKnown: Labels<Pixel>.stored(ignoreIndex), labels)
  }

  private static let chunk = 2048

  private func count<Pixel: LabelPixel>(
    _ labels: Labels<Pixel>, _ range: Range<Int>, _ counters: inout [UInt32],
    _ pairs: inout [UInt16], _ tables: Int
  ) {
    let size = (classCount + 1) * (classCount + 1)
    counters.withUnsafeMutableBufferPointer { counters in
      pairs.withUnsafeMutableBufferPointer { pairs in
        guard let pairs = pairs.baseAddress, let counters = counters.baseAddress else { return }
        var start = range.lowerBound
        while start < range.upperBound {
          let count = min(Self.chunk, range.upperBound - start)
          fill(pairs, labels, start, count)
          if tables == 1 {
            PairTally.one(pairs, count, counters)
          } else if PairTally.areRuns(pairs, count) {
            PairTally.runs(pairs, count, counters)
          } else {
            PairTally.four(pairs, count, counters, size)
          }
          start += count
        }
      }
    }
  }

  /// The cells of consecutive pixels, in the table of pairs.
  @inline(__always)
  private func fill<Pixel: LabelPixel>(
    _ pairs: UnsafeMutablePointer<UInt16>, _ labels: Labels<Pixel>, _ start: Int, _ count: Int
  ) {
    let width = UInt16(classCount + 1)
    let last = Pixel(clamping: classCount)
    let truth = UnsafeRawBufferPointer(labels.truth)
    let prediction = UnsafeRawBufferPointer(labels.prediction)
    var index = 0
    // Sixteen pixels at a time where a label is a byte.
    while Pixel.self == UInt8.self, index &+ 16 <= count {
      let limit = SIMD16<UInt8>(repeating: UInt8(truncatingIfNeeded: last))
      let trueBytes = truth.loadUnaligned(
        fromByteOffset: start &+ index, as: SIMD16<UInt8>.self)
      let predictedBytes = prediction.loadUnaligned(
        fromByteOffset: start &+ index, as: SIMD16<UInt8>.self)
      let cells =
        SIMD16<UInt16>(truncatingIfNeeded: pointwiseMin(trueBytes, limit)) &* width
        &+ SIMD16<UInt16>(truncatingIfNeeded: pointwiseMin(predictedBytes, limit))
      UnsafeMutableRawPointer(pairs + index).storeBytes(of: cells, as: SIMD16<UInt16>.self)
      index &+= 16
    }
    while index < count {
      let truth = UInt16(truncatingIfNeeded: min(labels.truth[start &+ index], last))
      let prediction = UInt16(truncatingIfNeeded: min(labels.prediction[start &+ index], last))
      pairs[index] = truth &* width &+ prediction
      index &+= 1
    }
  }

  /// The counts of the classes, from those of pairs.
  private func counts<Pixel: LabelPixel>(
    _ cells: [UInt64], isIgnoredKnown ignored: Pixel?, _ labels: Labels<Pixel>
  ) -> [ClassCounts]? {
    let side = classCount + 1
    let undeclared = cells[classCount * side..<side * side].reduce(0, +)
    if undeclared > 0 {
      // Of the undeclared true classes only the ignored one is allowed.
      guard let ignored, Int(ignored) >= classCount else { return nil }
      var found: UInt64 = 0
      for pixel in pixels where labels.truth[pixel] == ignored { found += 1 }
      guard found == undeclared else { return nil }
    }
    var counts = [ClassCounts](repeating: ClassCounts(), count: classCount)
    var total: Int64 = 0
    for truth in 0..<classCount where Int32(truth) != ignoreIndex {
      guard cells[truth * side + classCount] == 0 else { return nil }
      for prediction in 0..<classCount {
        let count = Int64(cells[truth * side + prediction])
        counts[truth].positives += count
        counts[prediction].predicted += count
        if truth == prediction { counts[truth].hits += count }
        total += count
      }
    }
    for label in counts.indices { counts[label].total = total }
    return counts
  }

  // MARK: Margins

  /// Counts true, predicted and right pixels of each class, for many classes.
  private func margins<Pixel: LabelPixel>(_ labels: Labels<Pixel>) -> [ClassCounts]? {
    let ignored = Labels<Pixel>.stored(ignoreIndex)
    let limit = UInt64(classCount)
    var counts = [ClassCounts](repeating: ClassCounts(), count: classCount)
    var total: Int64 = 0
    for pixel in pixels {
      let truth = labels.truth[pixel]
      if let ignored, truth == ignored { continue }
      let prediction = labels.prediction[pixel]
      guard UInt64(truth) < limit, UInt64(prediction) < limit else { return nil }
      total += 1
      counts[Int(truth)].positives += 1
      counts[Int(prediction)].predicted += 1
      if truth == prediction { counts[Int(truth)].hits += 1 }
    }
    for label in counts.indices { counts[label].total = total }
    return counts
  }
}

/// Counts cells of a table.
private enum PairTally {
  static func one(
    _ cells: UnsafeMutablePointer<UInt16>, _ count: Int, _ counters: UnsafeMutablePointer<UInt32>
  ) {
    for index in 0..<count { counters[Int(cells[index])] &+= 1 }
  }

  /// In four tables of a size, in turn.
  static func four(
    _ cells: UnsafeMutablePointer<UInt16>, _ count: Int,
    _ counters: UnsafeMutablePointer<UInt32>, _ size: Int
  ) {
    let (second, third, fourth) = (counters + size, counters + 2 * size, counters + 3 * size)
    var index = 0
    while index &+ 4 <= count {
      let group = quad(cells, index)
      counters[Int(truncatingIfNeeded: group & 0xFFFF)] &+= 1
      second[Int(truncatingIfNeeded: (group &>> 16) & 0xFFFF)] &+= 1
      third[Int(truncatingIfNeeded: (group &>> 32) & 0xFFFF)] &+= 1
      fourth[Int(truncatingIfNeeded: group &>> 48)] &+= 1
      index &+= 4
    }
    while index < count {
      counters[Int(cells[index])] &+= 1
      index &+= 1
    }
  }

  /// Four at a time where they are the same: most of a map without noise.
  static func runs(
    _ cells: UnsafeMutablePointer<UInt16>, _ count: Int, _ counters: UnsafeMutablePointer<UInt32>
  ) {
    var index = 0
    while index &+ 4 <= count {
      let group = quad(cells, index)
      if isRun(group) {
        counters[Int(truncatingIfNeeded: group & 0xFFFF)] &+= 4
      } else {
        for offset in 0..<4 { counters[Int(cells[index &+ offset])] &+= 1 }
      }
      index &+= 4
    }
    while index < count {
      counters[Int(cells[index])] &+= 1
      index &+= 1
    }
  }

  /// Whether nearly all groups of four are the same cell, by a sample.
  static func areRuns(_ cells: UnsafeMutablePointer<UInt16>, _ count: Int) -> Bool {
    guard count >= 1024 else { return false }
    var found = 0
    for sample in 0..<32 { found += isRun(quad(cells, sample * (count / 32))) ? 1 : 0 }
    return found >= 30
  }

  @inline(__always)
  private static func quad(_ cells: UnsafeMutablePointer<UInt16>, _ index: Int) -> UInt64 {
    UnsafeRawPointer(cells + index).loadUnaligned(as: UInt64.self).littleEndian
  }

  @inline(__always)
  private static func isRun(_ group: UInt64) -> Bool {
    group == (group & 0xFFFF) &* 0x0001_0001_0001_0001
  }
}
