/// Boxes compared by intersection over union.
struct BoxImage: MatchableImage {
  let image: ObjectImage<Box>

  var truthCategories: [Int32] { image.truthCategories }
  var isCrowd: [Bool] { image.isCrowd }
  var predictedCategories: [Int32] { image.predictedCategories }
  var scores: [Double] { image.scores }

  func isUnscored(truth: Int) -> Bool { false }

  func area(truth: Int) -> Double { image.areas?[truth] ?? image.truths[truth].area }

  func area(prediction: Int) -> Double { image.predictions[prediction].area }

  func similarity(_ prediction: Int, _ truth: Int) -> Double {
    let first = image.predictions[prediction]
    let second = image.truths[truth]
    let shared = first.intersection(second)
    guard shared > 0 else { return 0 }
    return shared / (image.isCrowd[truth] ? first.area : first.area + second.area - shared)
  }

  /// Generalized IoU (Rezatofighi et al. 2019).
  func generalized(_ prediction: Int, _ truth: Int) -> Double {
    let first = image.predictions[prediction]
    let second = image.truths[truth]
    let shared = first.intersection(second)
    let union = first.area + second.area - shared
    let overlap = shared > 0 ? shared / union : 0
    let width = max(first.x + first.width, second.x + second.width) - min(first.x, second.x)
    let height = max(first.y + first.height, second.y + second.height) - min(first.y, second.y)
    let enclosing = width * height
    return enclosing > 0 ? overlap - (enclosing - union) / enclosing : overlap
  }
}

/// Masks compared by intersection over union of their pixels.
struct MaskImage: MatchableImage {
  let image: ObjectImage<RunLengthMask>

  var truthCategories: [Int32] { image.truthCategories }
  var isCrowd: [Bool] { image.isCrowd }
  var predictedCategories: [Int32] { image.predictedCategories }
  var scores: [Double] { image.scores }

  func isUnscored(truth: Int) -> Bool { false }

  func area(truth: Int) -> Double { image.areas?[truth] ?? Double(image.truths[truth].area) }

  func area(prediction: Int) -> Double { Double(image.predictions[prediction].area) }

  func similarity(_ prediction: Int, _ truth: Int) -> Double {
    let first = image.predictions[prediction]
    let second = image.truths[truth]
    let shared = first.intersection(second)
    guard shared > 0 else { return 0 }
    let whole = image.isCrowd[truth] ? first.area : first.area + second.area - shared
    return Double(shared) / Double(whole)
  }

  /// The Dice coefficient of the masks.
  func generalized(_ prediction: Int, _ truth: Int) -> Double {
    let first = image.predictions[prediction]
    let second = image.truths[truth]
    let whole = first.area + second.area
    return whole == 0 ? 0 : 2 * Double(first.intersection(second)) / Double(whole)
  }
}

/// Objects made of keypoints, compared by object keypoint similarity.
struct KeypointImage: MatchableImage {
  let image: ObjectImage<KeypointObject>
  let sigmas: [Double]

  var truthCategories: [Int32] { image.truthCategories }
  var isCrowd: [Bool] { image.isCrowd }
  var predictedCategories: [Int32] { image.predictedCategories }
  var scores: [Double] { image.scores }

  func isUnscored(truth: Int) -> Bool {
    let keypoints = image.truths[truth].keypoints
    return !sigmas.indices.contains { keypoints[$0 * 3 + 2] > 0 }
  }

  /// No keypoint row bounds areas.
  func area(truth: Int) -> Double { image.areas?[truth] ?? 0 }

  func area(prediction: Int) -> Double { 0 }

  func similarity(_ prediction: Int, _ truth: Int) -> Double {
    KeypointSimilarity.value(
      prediction: image.predictions[prediction].keypoints, truth: image.truths[truth],
      area: area(truth: truth), sigmas: sigmas)
  }

  func generalized(_ prediction: Int, _ truth: Int) -> Double { similarity(prediction, truth) }
}
