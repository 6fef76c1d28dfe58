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

/// The images of an input, by position.
///
/// Rules are generic over it, so that the innermost loops call no closure and no witness.
protocol ObjectSource: Sendable {
  associatedtype Image: MatchableImage
  /// `sigmas` are the fall-off constants of keypoints; other objects ignore them.
  init(_ input: MetricInput, sigmas: [Double]?) throws(MetricError)
  var categoryCount: Int { get }
  func image(_ index: Int) -> Image
}

/// Boxes compared by intersection over union.
struct BoxImages: ObjectSource {
  private let objects: ObjectSet<Box>

  init(_ input: MetricInput, sigmas: [Double]?) {
    guard case .detection(let set) = input else { preconditionFailure("takes boxes") }
    objects = set
  }

  var categoryCount: Int { objects.categories.count }

  func image(_ index: Int) -> BoxImage { BoxImage(image: objects.images[index]) }
}

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
struct MaskImages: ObjectSource {
  private let objects: ObjectSet<RunLengthMask>

  init(_ input: MetricInput, sigmas: [Double]?) {
    guard case .instances(let set) = input else { preconditionFailure("takes masks") }
    objects = set
  }

  var categoryCount: Int { objects.categories.count }

  func image(_ index: Int) -> MaskImage { MaskImage(image: objects.images[index]) }
}

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
    let shared = image.predictions[prediction].intersection(image.truths[truth])
    guard shared > 0 else { return 0 }
    let first = image.predictions[prediction].area
    let whole = image.isCrowd[truth] ? first : first + image.truths[truth].area - shared
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
struct KeypointImages: ObjectSource {
  private let objects: ObjectSet<KeypointObject>
  private let sigmas: [Double]

  init(_ input: MetricInput, sigmas: [Double]?) throws(MetricError) {
    guard case .keypointDetection(let set) = input else { preconditionFailure("takes keypoints") }
    objects = set.objects
    self.sigmas = try KeypointSimilarity.sigmas(sigmas, keypoints: set.keypointCount)
  }

  var categoryCount: Int { objects.categories.count }

  func image(_ index: Int) -> KeypointImage {
    KeypointImage(image: objects.images[index], sigmas: sigmas)
  }
}

struct KeypointImage: MatchableImage {
  let image: ObjectImage<KeypointObject>
  let sigmas: [Double]

  var truthCategories: [Int32] { image.truthCategories }
  var isCrowd: [Bool] { image.isCrowd }
  var predictedCategories: [Int32] { image.predictedCategories }
  var scores: [Double] { image.scores }

  func isUnscored(truth: Int) -> Bool { !image.truths[truth].isLabelled }

  func area(truth: Int) -> Double { image.areas?[truth] ?? 0 }

  /// COCO takes a detection to be as large as the box around its keypoints.
  func area(prediction: Int) -> Double { image.predictions[prediction].extent }

  func similarity(_ prediction: Int, _ truth: Int) -> Double {
    KeypointSimilarity.value(
      prediction: image.predictions[prediction].keypoints, truth: image.truths[truth],
      area: area(truth: truth), sigmas: sigmas)
  }

  func generalized(_ prediction: Int, _ truth: Int) -> Double { similarity(prediction, truth) }
}
