/// The pixels of one class in one image.
struct BinaryMask {
  let height: Int
  let width: Int
  /// Row-major.
  let pixels: [Bool]

  var isEmpty: Bool { !pixels.contains(true) }

  /// The pixels with a 4-neighbour outside the mask; outside the image is outside the mask.
  func edge() -> [Int] {
    var edge: [Int] = []
    for row in 0..<height {
      for column in 0..<width {
        let pixel = row * width + column
        guard pixels[pixel] else { continue }
        let isInner =
          row > 0 && row < height - 1 && column > 0 && column < width - 1
          && pixels[pixel - width] && pixels[pixel + width] && pixels[pixel - 1]
          && pixels[pixel + 1]
        if !isInner { edge.append(pixel) }
      }
    }
    return edge
  }

  /// The pixels with one outside the mask at most `distance` rows and columns away.
  func band(_ distance: Int) -> [Bool] {
    let wide = runLengthsAcross()
    var band = pixels
    // A pixel is inner iff each row of its window is inside over the whole width of the window.
    for column in 0..<width {
      var run = 0
      for row in 0..<height {
        let isCovered = column >= distance && wide(row, column, distance)
        run = isCovered ? run + 1 : 0
        if run > 2 * distance { band[(row - distance) * width + column] = false }
      }
    }
    return band
  }

  /// Tells whether a row is inside the mask from `distance` left to `distance` right of a column.
  private func runLengthsAcross() -> (_ row: Int, _ column: Int, _ distance: Int) -> Bool {
    var lengths = [Int32](repeating: 0, count: pixels.count)
    for row in 0..<height {
      var run: Int32 = 0
      for column in 0..<width {
        let pixel = row * width + column
        run = pixels[pixel] ? run + 1 : 0
        lengths[pixel] = run
      }
    }
    return { row, column, distance in
      column + distance < width && Int(lengths[row * width + column + distance]) > 2 * distance
    }
  }
}
