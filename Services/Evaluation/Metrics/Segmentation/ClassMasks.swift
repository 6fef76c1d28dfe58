/// The pixels of truth and prediction that have one class, on valid pixels.
struct MaskPair: Sendable {
  let truth: BitMatrix
  let prediction: BitMatrix
  let rowSpacing: Double
  let columnSpacing: Double

  /// Of the image, in the unit of the spacing.
  var diagonal: Double {
    let rows = Double(truth.height) * rowSpacing
    let columns = Double(truth.width) * columnSpacing
    return (rows * rows + columns * columns).squareRoot()
  }

  /// The distances from each one of the first set to the nearest one of the second.
  func distances(from queries: BitMatrix, to targets: BitMatrix) -> [Double] {
    DistanceTransform.distances(
      from: queries, to: targets, rowSpacing: rowSpacing, columnSpacing: columnSpacing)
  }
}

/// Packs the pixels of single classes of one image into bits.
struct ClassMasks {
  private let maps: SegmentationMaps
  private let image: SegmentationImage
  /// Valid pixels; nil if all are.
  private let valid: BitMatrix?
  /// The declared classes that occur in truth or prediction, in order; perhaps some of pixels that
  /// are ignored.
  let occurring: [Int]

  /// Throws `unknownLabel` for a class that is not declared.
  init(_ maps: SegmentationMaps, _ index: Int) throws(MetricError) {
    let image = maps.images[index]
    let areAllDeclared = image.labels.withPixels(LargestLabel()) < UInt32(maps.classCount)
    if !areAllDeclared, PixelCounts.counts(maps, index, .one) == nil {
      throw maps.unknownLabel(index)
    }
    let packed = maps.ignoreIndex.map { Self.packed(image, $0, isTruth: true) }
    valid = packed.flatMap { $0.isEmpty ? nil : $0.inverted() }
    self.maps = maps
    self.image = image
    let occurs = image.labels.withPixels(OccurringLabels(classCount: maps.classCount))
    occurring = occurs.indices.filter { occurs[$0] }
  }

  /// The masks of a class; nil if it occurs in neither.
  func pair(_ label: Int) -> MaskPair? {
    var truth = Self.packed(image, Int32(label), isTruth: true)
    var prediction = Self.packed(image, Int32(label), isTruth: false)
    if let valid {
      truth.formIntersection(valid)
      prediction.formIntersection(valid)
    }
    if truth.isEmpty, prediction.isEmpty { return nil }
    return MaskPair(
      truth: truth, prediction: prediction, rowSpacing: maps.rowSpacing,
      columnSpacing: maps.columnSpacing)
  }

  private static func packed(
    _ image: SegmentationImage, _ label: Int32, isTruth: Bool
  ) -> BitMatrix {
    image.labels.withPixels(
      Packing(height: image.height, width: image.width, label: label, isTruth: isTruth))
  }

  /// The largest label as an unsigned number, so that negative ones are large.
  private struct LargestLabel: LabelBody {
    func run<Pixel: LabelPixel>(_ labels: Labels<Pixel>) -> UInt32 {
      var largest: Pixel = 0
      for label in labels.truth { largest = max(largest, label) }
      for label in labels.prediction { largest = max(largest, label) }
      return UInt32(largest)
    }
  }

  /// Whether each class is the label of a pixel.
  private struct OccurringLabels: LabelBody {
    let classCount: Int

    func run<Pixel: LabelPixel>(_ labels: Labels<Pixel>) -> [Bool] {
      var occurs = [Bool](repeating: false, count: classCount)
      for side in [labels.truth, labels.prediction] {
        // Neighbours are mostly alike.
        var last: Pixel?
        for label in side where label != last {
          last = label
          if UInt64(label) < UInt64(classCount) { occurs[Int(label)] = true }
        }
      }
      return occurs
    }
  }

  /// Compares all pixels with one label.
  private struct Packing: LabelBody {
    let height: Int
    let width: Int
    let label: Int32
    let isTruth: Bool

    func run<Pixel: LabelPixel>(_ labels: Labels<Pixel>) -> BitMatrix {
      guard let label = Labels<Pixel>.stored(label) else {
        return BitMatrix(height: height, width: width)
      }
      let pixels = isTruth ? labels.truth : labels.prediction
      return BitMatrix(height: height, width: width) { words in
        let stride = (width + 63) / 64
        for row in 0..<height {
          for word in 0..<stride {
            let start = row * width + 64 * word
            let count = min(64, width - 64 * word)
            let piece = UnsafeBufferPointer(rebasing: pixels[start..<start + count])
            words[row * stride + word] = Self.word(piece, label)
          }
        }
      }
    }

    /// One bit for each of up to 64 pixels.
    @inline(__always)
    private static func word<Pixel: LabelPixel>(
      _ pixels: UnsafeBufferPointer<Pixel>, _ label: Pixel
    ) -> UInt64 {
      if Pixel.self == UInt8.self, pixels.count == 64 {
        return bytes(UnsafeRawBufferPointer(pixels), UInt64(label))
      }
      var bits: UInt64 = 0
      for index in 0..<pixels.count where pixels[index] == label { bits |= 1 << UInt64(index) }
      return bits
    }

    /// Eight pixels at a time: bytes that are equal become zero by exclusive or, zero bytes are
    /// found without carries between bytes, and a multiplication gathers their bits.
    @inline(__always)
    private static func bytes(_ pixels: UnsafeRawBufferPointer, _ label: UInt64) -> UInt64 {
      let ones: UInt64 = 0x0101_0101_0101_0101
      let low = 0x7F * ones
      var bits: UInt64 = 0
      for group in 0..<8 {
        let eight = UInt64(
          littleEndian: pixels.loadUnaligned(fromByteOffset: 8 * group, as: UInt64.self))
        let difference = eight ^ (label &* ones)
        let isDifferent = ((difference & low) &+ low) | difference
        let isEqual = (~isDifferent >> 7) & ones
        bits |= ((isEqual &* 0x0102_0408_1020_4080) >> 56) << UInt64(8 * group)
      }
      return bits
    }
  }
}
