/// A matrix of bits, 64 columns a word: sets of pixels.
///
/// Bits behind the last column are always zero, so that everything around a matrix counts as zero.
struct BitMatrix: Sendable, Equatable {
  let height: Int
  let width: Int
  /// Words of a row.
  let stride: Int
  private(set) var words: [UInt64]

  /// A matrix of zeros.
  init(height: Int, width: Int) {
    self.height = height
    self.width = width
    stride = (width + 63) / 64
    words = [UInt64](repeating: 0, count: height * stride)
  }

  /// A matrix whose words are written by `fill`, which must leave the bits behind the last column
  /// zero.
  init(height: Int, width: Int, fill: (UnsafeMutableBufferPointer<UInt64>) -> Void) {
    self.init(height: height, width: width)
    words.withUnsafeMutableBufferPointer { fill($0) }
  }

  subscript(row: Int, column: Int) -> Bool {
    get { words[row * stride + column >> 6] >> UInt64(column & 63) & 1 == 1 }
    set {
      let bit: UInt64 = 1 << UInt64(column & 63)
      if newValue {
        words[row * stride + column >> 6] |= bit
      } else {
        words[row * stride + column >> 6] &= ~bit
      }
    }
  }

  var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

  /// The number of ones.
  var count: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// Keeps the ones that another matrix of the same size has too.
  mutating func formIntersection(_ other: BitMatrix) {
    for index in words.indices { words[index] &= other.words[index] }
  }

  /// Ones where this has zeros.
  func inverted() -> BitMatrix {
    var inverse = self
    let last: UInt64 = width & 63 == 0 ? ~0 : (1 << UInt64(width & 63)) - 1
    for index in words.indices {
      inverse.words[index] = ~words[index] & (index % stride == stride - 1 ? last : ~0)
    }
    return inverse
  }

  /// The number of ones that both have, and that either has; both are of the same size.
  func overlap(_ other: BitMatrix) -> (both: Int, either: Int) {
    var both = 0
    var either = 0
    for index in words.indices {
      both += (words[index] & other.words[index]).nonzeroBitCount
      either += (words[index] | other.words[index]).nonzeroBitCount
    }
    return (both, either)
  }

  /// The rows and columns around all ones; nil if there are none.
  var bounds: (rows: ClosedRange<Int>, columns: ClosedRange<Int>)? {
    var first = height
    var last = -1
    var columns = [UInt64](repeating: 0, count: stride)
    for row in 0..<height {
      var any: UInt64 = 0
      for word in 0..<stride {
        columns[word] |= words[row * stride + word]
        any |= words[row * stride + word]
      }
      guard any != 0 else { continue }
      first = min(first, row)
      last = row
    }
    guard last >= 0, let left = columns.firstIndex(where: { $0 != 0 }),
      let right = columns.lastIndex(where: { $0 != 0 })
    else { return nil }
    return (
      first...last,
      left * 64 + columns[left].trailingZeroBitCount...right * 64 + 63
        - columns[right].leadingZeroBitCount
    )
  }

  /// Calls back for each one of a row, from left to right.
  @inline(__always)
  func forEachOne(inRow row: Int, _ body: (Int) -> Void) {
    for word in 0..<stride {
      var bits = words[row * stride + word]
      while bits != 0 {
        body(word << 6 | bits.trailingZeroBitCount)
        bits &= bits - 1
      }
    }
  }

  // MARK: Morphology

  /// The ones with a zero among their four neighbours; around the matrix are zeros.
  func edge() -> BitMatrix {
    var edge = self
    let last = height - 1
    edge.words.withUnsafeMutableBufferPointer { edge in
      words.withUnsafeBufferPointer { words in
        for row in 0..<height {
          for word in 0..<stride {
            let index = row * stride + word
            let center = words[index]
            guard center != 0 else { continue }
            let before = word > 0 ? words[index - 1] >> 63 : 0
            let behind = word + 1 < stride ? words[index + 1] << 63 : 0
            let above = row > 0 ? words[index - stride] : 0
            let below = row < last ? words[index + stride] : 0
            let inner = (center << 1 | before) & (center >> 1 | behind) & above & below
            edge[index] = center & ~inner
          }
        }
      }
    }
    return edge
  }

  /// The ones with a zero at most `distance` rows and columns away; around the matrix are zeros.
  func band(_ distance: Int) -> BitMatrix {
    let length = 2 * distance + 1
    guard length <= height, length <= width else { return self }
    // A window of ones is found by its first row and column: ones over 1, 2, 4, … positions are
    // joined up to the length of the window.
    var windows = self
    var covered = 1
    while covered < length {
      let step = min(covered, length - covered)
      windows.joinRows(step)
      windows.joinColumns(step)
      covered += step
    }
    var band = self
    for row in 0..<height - 2 * distance {
      for word in 0..<stride {
        let inner = windows.shiftedRight(row: row, word: word, by: distance)
        band.words[(row + distance) * stride + word] &= ~inner
      }
    }
    return band
  }

  /// Keeps the ones that have another one `step` rows below.
  private mutating func joinRows(_ step: Int) {
    words.withUnsafeMutableBufferPointer { words in
      let kept = (height - step) * stride
      for index in 0..<kept { words[index] &= words[index + step * stride] }
      for index in kept..<words.count { words[index] = 0 }
    }
  }

  /// Keeps the ones that have another one `step` columns to the right.
  private mutating func joinColumns(_ step: Int) {
    let (skip, shift) = (step >> 6, UInt64(step & 63))
    let stride = stride
    words.withUnsafeMutableBufferPointer { words in
      for row in 0..<height {
        for word in 0..<stride {
          let near = word + skip < stride ? words[row * stride + word + skip] >> shift : 0
          let isSplit = shift > 0 && word + skip + 1 < stride
          let far = isSplit ? words[row * stride + word + skip + 1] << (64 - shift) : 0
          words[row * stride + word] &= near | far
        }
      }
    }
  }

  /// A word of a row whose bits have moved towards higher columns.
  private func shiftedRight(row: Int, word: Int, by columns: Int) -> UInt64 {
    let (skip, shift) = (columns >> 6, UInt64(columns & 63))
    guard word >= skip else { return 0 }
    let near = words[row * stride + word - skip] << shift
    let far =
      shift > 0 && word > skip ? words[row * stride + word - skip - 1] >> (64 - shift) : 0
    return near | far
  }
}
