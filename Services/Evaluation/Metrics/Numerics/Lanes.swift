/// Eight terms at a time.
enum Lanes {
  static let width = 8

  /// Calls back for each eight terms; the last ones are filled up with `fill`.
  @inline(__always)
  static func forEach(
    _ terms: UnsafeBufferPointer<Double>, fill: Double = 0, _ body: (SIMD8<Double>) -> Void
  ) {
    let bytes = UnsafeRawBufferPointer(terms)
    var index = 0
    while index + width <= terms.count {
      body(
        bytes.loadUnaligned(
          fromByteOffset: index * MemoryLayout<Double>.stride, as: SIMD8<Double>.self))
      index += width
    }
    guard index < terms.count else { return }
    var values = SIMD8<Double>(repeating: fill)
    var lane = 0
    if index + 4 <= terms.count {
      values.lowHalf = bytes.loadUnaligned(
        fromByteOffset: index * MemoryLayout<Double>.stride, as: SIMD4<Double>.self)
      lane = 4
    }
    while index + lane < terms.count {
      values[lane] = terms[index + lane]
      lane += 1
    }
    body(values)
  }

  /// Calls back for each eight pairs; the last ones are filled up with zeros.
  @inline(__always)
  static func forEach(
    _ first: UnsafeBufferPointer<Double>, _ second: UnsafeBufferPointer<Double>,
    _ body: (SIMD8<Double>, SIMD8<Double>) -> Void
  ) {
    let firstBytes = UnsafeRawBufferPointer(first)
    let secondBytes = UnsafeRawBufferPointer(second)
    var index = 0
    while index + width <= first.count {
      let offset = index * MemoryLayout<Double>.stride
      body(
        firstBytes.loadUnaligned(fromByteOffset: offset, as: SIMD8<Double>.self),
        secondBytes.loadUnaligned(fromByteOffset: offset, as: SIMD8<Double>.self))
      index += width
    }
    guard index < first.count else { return }
    var left = SIMD8<Double>.zero
    var right = SIMD8<Double>.zero
    for lane in 0..<(first.count - index) {
      left[lane] = first[index + lane]
      right[lane] = second[index + lane]
    }
    body(left, right)
  }

  /// The magnitudes of terms.
  @inline(__always)
  static func magnitudes(_ terms: SIMD8<Double>) -> SIMD8<Double> {
    let signless = SIMD8<UInt64>(repeating: ~(1 << 63))
    return unsafeBitCast(
      unsafeBitCast(terms, to: SIMD8<UInt64>.self) & signless, to: SIMD8<Double>.self)
  }

  /// How many terms are above a value, and how many are not below it.
  @inline(__always)
  static func counts(
    _ terms: UnsafeBufferPointer<Double>, above value: Double
  ) -> (above: Int, notBelow: Int) {
    var above = SIMD8<Int64>.zero
    var notBelow = SIMD8<Int64>.zero
    // NaN compares as false with everything.
    forEach(terms, fill: .nan) {
      above &-= ones($0 .> value)
      notBelow &-= ones($0 .>= value)
    }
    return (Int(above.wrappedSum()), Int(notBelow.wrappedSum()))
  }

  /// Whether a lane is not zero.
  @inline(__always)
  static func isAny(_ lanes: SIMD8<Int64>) -> Bool {
    let four = lanes.lowHalf | lanes.highHalf
    let two = four.lowHalf | four.highHalf
    return two[0] | two[1] != 0
  }

  /// -1 where a comparison holds, and 0 elsewhere.
  @inline(__always)
  static func ones(_ mask: SIMDMask<SIMD8<Int64>>) -> SIMD8<Int64> {
    unsafeBitCast(mask, to: SIMD8<Int64>.self)
  }

  /// Whether all terms surely lie in [0, 1]; false also for -0.0.
  static func areFractions(_ terms: UnsafeBufferPointer<Double>) -> Bool {
    // As integers, numbers from 0 to 1 are those up to the bits of 1: neither they nor what is left
    // after taking away one more than that may lack the sign bit that they should have.
    let beyond = Int64(bitPattern: (1.0).bitPattern) + 1
    var signs = SIMD8<Int64>.zero
    var within = SIMD8<Int64>(repeating: -1)
    forEach(terms) {
      let bits = unsafeBitCast($0, to: SIMD8<Int64>.self)
      signs |= bits
      within &= bits &- beyond
    }
    return signs.min() >= 0 && within.max() < 0
  }

  /// Whether all terms are finite: such a number minus itself is zero, anything else is NaN and
  /// stays it in a sum.
  static func areFinite(_ terms: UnsafeBufferPointer<Double>) -> Bool {
    var residues = SIMD8<Double>.zero
    forEach(terms) { residues += $0 - $0 }
    return residues.sum() == 0
  }

  /// The sum of the squares of terms, one of which is taken to be another: per lane in blocks that
  /// are summed with compensation.
  @inline(__always)
  static func sumOfSquares(
    _ terms: UnsafeBufferPointer<Double>, replacing position: Int, with other: Double
  ) -> Double {
    var total = CompensatedSum()
    var start = 0
    while start < terms.count {
      let end = min(start + BlockSum.blockLength, terms.count)
      var sums = SIMD8<Double>.zero
      var first = start
      forEach(UnsafeBufferPointer(rebasing: terms[start..<end])) { values in
        var values = values
        if UInt(bitPattern: position &- first) < UInt(width) { values[position &- first] = other }
        sums += values * values
        first &+= width
      }
      total.add(sums.sum())
      start = end
    }
    return total.value
  }
}
