/// The truths and detections of one category in one image, as ranges of `CategoryGroups`.
struct CategoryGroup {
  let category: Int
  /// Detections by falling score, stably, no more than allowed.
  var predictions: Range<Int>
  let truths: Range<Int>
}

/// Sorts the objects of an image by category. Its storage is used again for the next image.
struct CategoryGroups {
  /// The categories that have truths or detections, in category order.
  private(set) var groups: [CategoryGroup] = []
  /// Positions of detections and truths in their image, group after group.
  private(set) var predictions: [Int] = []
  private(set) var truths: [Int] = []

  private let scoreThreshold: Double?
  private let maximum: Int
  /// Per category, all zero between two images.
  private var predictionCounts: [Int]
  private var truthCounts: [Int]
  /// One bit per category that occurs in the image.
  private var occurring: [UInt64]

  /// Detections below `scoreThreshold` are left out, and all but the `maximum` best of a category.
  init(categories: Int, scoreThreshold: Double? = nil, maximum: Int) {
    self.scoreThreshold = scoreThreshold
    self.maximum = maximum
    predictionCounts = [Int](repeating: 0, count: categories)
    truthCounts = predictionCounts
    occurring = [UInt64](repeating: 0, count: (categories + 63) / 64)
  }

  mutating func fill(_ image: some MatchableImage) {
    let predicted = image.predictedCategories
    let scores = image.scores
    let trueCategories = image.truthCategories
    let threshold = scoreThreshold ?? -.infinity
    var kept = 0
    for (index, category) in predicted.enumerated() where scores[index] >= threshold {
      predictionCounts[Int(category)] += 1
      mark(category)
      kept += 1
    }
    for category in trueCategories {
      truthCounts[Int(category)] += 1
      mark(category)
    }
    layOut(predictions: kept, truths: trueCategories.count)
    for (index, category) in predicted.enumerated() where scores[index] >= threshold {
      predictions[predictionCounts[Int(category)]] = index
      predictionCounts[Int(category)] += 1
    }
    for (index, category) in trueCategories.enumerated() {
      truths[truthCounts[Int(category)]] = index
      truthCounts[Int(category)] += 1
    }
    for position in groups.indices { rank(position, scores) }
  }

  private mutating func mark(_ category: Int32) {
    occurring[Int(category) >> 6] |= 1 << UInt64(category & 63)
  }

  /// Turns the counts of each occurring category into where its objects begin.
  private mutating func layOut(predictions predictionCount: Int, truths truthCount: Int) {
    groups.removeAll(keepingCapacity: true)
    var prediction = 0
    var truth = 0
    for word in occurring.indices {
      var bits = occurring[word]
      occurring[word] = 0
      while bits != 0 {
        let category = word << 6 | bits.trailingZeroBitCount
        bits &= bits - 1
        let predictions = prediction..<prediction + predictionCounts[category]
        let truths = truth..<truth + truthCounts[category]
        groups.append(
          CategoryGroup(category: category, predictions: predictions, truths: truths))
        predictionCounts[category] = prediction
        truthCounts[category] = truth
        prediction = predictions.upperBound
        truth = truths.upperBound
      }
    }
    if predictions.count < predictionCount {
      predictions = [Int](repeating: 0, count: predictionCount)
    }
    if truths.count < truthCount { truths = [Int](repeating: 0, count: truthCount) }
  }

  /// Sorts the detections of a group, cuts them, and clears the group's counters.
  private mutating func rank(_ position: Int, _ scores: [Double]) {
    let group = groups[position]
    predictionCounts[group.category] = 0
    truthCounts[group.category] = 0
    let range = group.predictions
    if range.count <= Self.insertionLimit {
      for end in range.dropFirst() {
        let moved = predictions[end]
        var place = end
        while place > range.lowerBound, scores[predictions[place - 1]] < scores[moved] {
          predictions[place] = predictions[place - 1]
          place -= 1
        }
        predictions[place] = moved
      }
    } else {
      let order = ScoreOrder.falling(range.map { scores[predictions[$0]] })
      let sorted = order.map { predictions[range.lowerBound + Int($0)] }
      predictions.replaceSubrange(range, with: sorted)
    }
    if range.count > maximum {
      groups[position].predictions = range.lowerBound..<range.lowerBound + maximum
    }
  }

  /// Up to here insertion is faster than any other sort.
  private static let insertionLimit = 32
}

/// Orders of scores.
enum ScoreOrder {
  /// The positions of finite scores from the highest down; equal scores keep their order.
  ///
  /// Linear time: bytes of the order-preserving bit patterns from the least significant up.
  static func falling(_ scores: [Double]) -> [Int32] {
    var entries = scores.enumerated().map {
      Entry(key: ~SortKey.ascending($1), position: Int32($0))
    }
    var histograms = [Int32](repeating: 0, count: 8 * 256)
    for entry in entries {
      for byte in 0..<8 { histograms[byte << 8 | entry.digit(byte)] += 1 }
    }
    var target = entries
    for byte in 0..<8 {
      var offset: Int32 = 0
      var isTrivial = false
      for digit in byte << 8..<(byte + 1) << 8 {
        let count = histograms[digit]
        isTrivial = isTrivial || Int(count) == entries.count
        histograms[digit] = offset
        offset += count
      }
      if isTrivial { continue }
      for entry in entries {
        let cell = byte << 8 | entry.digit(byte)
        target[Int(histograms[cell])] = entry
        histograms[cell] += 1
      }
      swap(&entries, &target)
    }
    return entries.map(\.position)
  }

  private struct Entry {
    let key: UInt64
    let position: Int32

    func digit(_ byte: Int) -> Int { Int(truncatingIfNeeded: key >> UInt64(8 * byte)) & 0xFF }
  }
}
