/// An image whose detections can be compared with its truths.
protocol MatchableImage {
  var truthCategories: [Int32] { get }
  var isCrowd: [Bool] { get }
  var predictedCategories: [Int32] { get }
  var scores: [Double] { get }
  /// Whether a truth is left out of scoring although it is no crowd.
  func isUnscored(truth: Int) -> Bool
  func area(truth: Int) -> Double
  func area(prediction: Int) -> Double
  /// How alike a detection and a truth are, from 0 to 1; a crowd is compared by what it covers.
  func similarity(_ prediction: Int, _ truth: Int) -> Double
  /// What an assignment maximizes in place of the similarity.
  func generalized(_ prediction: Int, _ truth: Int) -> Double
}

/// The truths and detections of one category in one image.
struct Candidates {
  let category: Int
  /// Detections by falling score, stably, no more than allowed.
  let predictions: [Int]
  let truths: [Int]

  /// The categories of an image that have truths or detections, in category order.
  static func inImage(
    _ image: some MatchableImage, scoreThreshold: Double?, maximum: Int
  ) -> [Candidates] {
    var predictions: [Int32: [Int]] = [:]
    var truths: [Int32: [Int]] = [:]
    for (index, category) in image.predictedCategories.enumerated() {
      if let scoreThreshold, image.scores[index] < scoreThreshold { continue }
      predictions[category, default: []].append(index)
    }
    for (index, category) in image.truthCategories.enumerated() {
      truths[category, default: []].append(index)
    }
    return Set(predictions.keys).union(truths.keys).sorted().map { category in
      let sorted = (predictions[category] ?? []).stablySorted {
        image.scores[$0] > image.scores[$1]
      }
      return Candidates(
        category: Int(category), predictions: Array(sorted.prefix(maximum)),
        truths: truths[category] ?? [])
    }
  }
}

extension Array {
  /// Sorts without changing the order of equal elements.
  func stablySorted(by precedes: (Element, Element) -> Bool) -> [Element] {
    enumerated().sorted {
      precedes($0.element, $1.element)
        || (!precedes($1.element, $0.element) && $0.offset < $1.offset)
    }.map(\.element)
  }
}

/// Which detections match which truths at one threshold, as COCO's evaluator decides it.
struct Matches {
  /// For each candidate detection the truth that it matches, as a position in the truths.
  var truthOf: [Int?]
  /// Detections that count neither as right nor as wrong.
  var isPredictionIgnored: [Bool]
  var isTruthMatched: [Bool]
  let isTruthIgnored: [Bool]

  /// Truths that count.
  var positives: Int { isTruthIgnored.reduce(0) { $0 + ($1 ? 0 : 1) } }

  /// Right and wrong detections, and missed truths.
  var counts: ObjectCounts {
    var counts = ObjectCounts()
    for (index, truth) in truthOf.enumerated() where !isPredictionIgnored[index] {
      if truth == nil { counts.wrong += 1 } else { counts.right += 1 }
    }
    for (index, isMatched) in isTruthMatched.enumerated()
    where !isMatched && !isTruthIgnored[index] {
      counts.missed += 1
    }
    return counts
  }
}

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

/// Matches one category of one image at any number of thresholds.
struct Matcher {
  private let similarity: [Double]
  private let isIgnored: [Bool]
  private let isCrowd: [Bool]
  private let isPredictionOutside: [Bool]
  /// Positions of the truths, those that count first.
  private let order: [Int]
  private let predictionCount: Int

  /// `areas` bounds the truths that count and the unmatched detections that do.
  init(_ candidates: Candidates, _ image: some MatchableImage, areas: ClosedRange<Double>?) {
    let truths = candidates.truths
    isCrowd = truths.map { image.isCrowd[$0] }
    let isIgnored = truths.map { truth in
      let isOutside = areas.map { !$0.contains(image.area(truth: truth)) } ?? false
      return image.isCrowd[truth] || image.isUnscored(truth: truth) || isOutside
    }
    self.isIgnored = isIgnored
    order = truths.indices.filter { !isIgnored[$0] } + truths.indices.filter { isIgnored[$0] }
    predictionCount = candidates.predictions.count
    isPredictionOutside = candidates.predictions.map { prediction in
      areas.map { !$0.contains(image.area(prediction: prediction)) } ?? false
    }
    similarity = candidates.predictions.flatMap { prediction in
      truths.map { image.similarity(prediction, $0) }
    }
  }

  func matches(threshold: Double) -> Matches {
    var matches = Matches(
      truthOf: [Int?](repeating: nil, count: predictionCount),
      isPredictionIgnored: isPredictionOutside,
      isTruthMatched: [Bool](repeating: false, count: isCrowd.count), isTruthIgnored: isIgnored)
    for prediction in 0..<predictionCount {
      guard let truth = partner(of: prediction, threshold, matches.isTruthMatched) else {
        continue
      }
      matches.truthOf[prediction] = truth
      matches.isTruthMatched[truth] = true
      matches.isPredictionIgnored[prediction] = isIgnored[truth]
    }
    return matches
  }

  private func partner(
    of prediction: Int, _ threshold: Double, _ isTaken: [Bool]
  ) -> Int? {
    var best = min(threshold, 1 - 1e-10)
    var match: Int?
    for truth in order {
      if isTaken[truth], !isCrowd[truth] { continue }
      if let match, !isIgnored[match], isIgnored[truth] { break }
      let value = similarity[prediction * isCrowd.count + truth]
      if value < best { continue }
      best = value
      match = truth
    }
    return match
  }
}
