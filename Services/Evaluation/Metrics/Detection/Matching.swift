/// Counts of detections and truths.
struct ObjectCounts: Sendable, Equatable {
  var right: Int64 = 0
  var wrong: Int64 = 0
  var missed: Int64 = 0

  var total: Int64 { right + wrong + missed }

  static func += (left: inout ObjectCounts, right: ObjectCounts) {
    left.right += right.right
    left.wrong += right.wrong
    left.missed += right.missed
  }
}

/// Decides which detections of one category of one image match which truths, as COCO's evaluator
/// does: detections by falling score, each takes the most similar truth that is left.
///
/// Every similarity is computed once, for all thresholds and area ranges. Storage is used again
/// for the next category.
struct Matcher<Image: MatchableImage> {
  /// A truth that is similar enough to the current detection for at least one threshold.
  private struct Candidate {
    let truth: Int
    let similarity: Double
  }

  private let thresholds: [Double]
  private let areas: [ClosedRange<Double>?]
  private let words: Int
  private let lowest: Double
  private var truthCount = 0
  private var isCrowd: [Bool] = []
  /// Area by area, whether each truth counts neither as found nor as missed.
  private var isIgnored: [Bool] = []
  /// Area by area, for each truth one bit per threshold at which it is taken.
  private var taken: [UInt64] = []
  private var candidates: [Candidate] = []

  /// `areas` bounds the truths that count and the unmatched detections that do; nil: no bound.
  init(thresholds: [Double], areas: [ClosedRange<Double>?] = [nil]) {
    self.thresholds = thresholds.map { min($0, 1 - 1e-10) }
    self.areas = areas
    words = (thresholds.count + 63) / 64
    lowest = self.thresholds.min() ?? 1
  }

  /// Begins with the truths of a category; none of them is taken.
  mutating func begin(_ image: Image, _ truths: ArraySlice<Int>) {
    truthCount = truths.count
    isCrowd.removeAll(keepingCapacity: true)
    isIgnored.removeAll(keepingCapacity: true)
    taken.removeAll(keepingCapacity: true)
    guard truthCount > 0 else { return }
    for truth in truths { isCrowd.append(image.isCrowd[truth]) }
    for area in areas {
      for (position, truth) in truths.enumerated() {
        let isOutside = area.map { !$0.contains(image.area(truth: truth)) } ?? false
        isIgnored.append(isCrowd[position] || isOutside || image.isUnscored(truth: truth))
      }
    }
    taken.append(contentsOf: repeatElement(0, count: areas.count * truthCount * words))
  }

  /// Compares the next detection with the truths; false if it cannot match at any threshold.
  mutating func compare(_ image: Image, _ prediction: Int, _ truths: ArraySlice<Int>) -> Bool {
    candidates.removeAll(keepingCapacity: true)
    for (position, truth) in truths.enumerated() {
      let similarity = image.similarity(prediction, truth)
      if similarity < lowest { continue }
      candidates.append(Candidate(truth: position, similarity: similarity))
    }
    return !candidates.isEmpty
  }

  /// The position of the truth that the compared detection matches, which is then taken.
  mutating func match(area: Int, threshold: Int) -> Int? {
    let base = area * truthCount
    let word = threshold >> 6
    let bit: UInt64 = 1 << UInt64(threshold & 63)
    var best = thresholds[threshold]
    var match: Int?
    // Truths that do not count are looked at only if no other one matches.
    for ignored in [false, true] where match == nil {
      for candidate in candidates where isIgnored[base + candidate.truth] == ignored {
        let isTaken = taken[(base + candidate.truth) * words + word] & bit != 0
        if isTaken, !isCrowd[candidate.truth] { continue }
        if candidate.similarity < best { continue }
        best = candidate.similarity
        match = candidate.truth
      }
    }
    if let match { taken[(base + match) * words + word] |= bit }
    return match
  }

  func isIgnored(truth: Int, area: Int = 0) -> Bool { isIgnored[area * truthCount + truth] }

  /// Whether a truth has been matched at the first threshold and area.
  func isMatched(truth: Int) -> Bool { taken[truth * words] & 1 != 0 }

  /// Truths that count, in an area range.
  func positives(area: Int) -> Int {
    var count = 0
    for cell in area * truthCount..<(area + 1) * truthCount where !isIgnored[cell] { count += 1 }
    return count
  }
}
