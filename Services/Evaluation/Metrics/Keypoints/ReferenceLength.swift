/// The length that distances of an instance's keypoints are compared with.
struct ReferenceLength {
  private enum Normalizer {
    case longerSide, diagonal, head, areaRoot
    case constant(Double)
    case torso([Int])
  }

  private let normalizer: Normalizer
  private let counting: KeypointRules.Counting

  init(_ counting: KeypointRules.Counting, _ parameters: MetricParameters) {
    self.counting = counting
    switch parameters.text("normalizer") {
    case "bbox_max": normalizer = .longerSide
    case "bbox_diagonal": normalizer = .diagonal
    case "head": normalizer = .head
    case "area_sqrt": normalizer = .areaRoot
    case "constant": normalizer = .constant(parameters.number("constant") ?? 0)
    default: normalizer = .torso(parameters.integers("torso") ?? [])
    }
  }

  /// Throws `missingField` if the instance lacks what the length is made of, and
  /// `invalidNormalizer` if it is not above zero.
  func value(_ instance: KeypointInstance, _ index: Int) throws(MetricError) -> Double {
    let value = try length(instance, index)
    if value > 0 { return value }
    throw MetricError(
      .invalidNormalizer, at: "instances[\(index)]",
      "expected a reference length above 0, got \(value)")
  }

  private func length(_ instance: KeypointInstance, _ index: Int) throws(MetricError) -> Double {
    switch normalizer {
    case .longerSide:
      let box = try required(instance.box, "box", index)
      return max(box.width, box.height)
    case .diagonal: return Self.diagonal(try required(instance.box, "box", index))
    case .head: return 0.6 * Self.diagonal(try required(instance.headBox, "head_box", index))
    case .areaRoot: return max(0, try required(instance.area, "area", index)).squareRoot()
    case .constant(let constant): return constant
    case .torso(let ends): return try torso(instance, ends)
    }
  }

  private func required<Value>(
    _ value: Value?, _ field: String, _ index: Int
  ) throws(MetricError) -> Value {
    if let value { return value }
    throw MetricError(
      .missingField, at: "instances[\(index)].\(field)", "the normalizer needs \(field)")
  }

  private static func diagonal(_ box: Box) -> Double {
    (box.width * box.width + box.height * box.height).squareRoot()
  }

  /// The distance of two true keypoints; 0 if one of them is not labelled.
  private func torso(_ instance: KeypointInstance, _ ends: [Int]) throws(MetricError) -> Double {
    let keypoints = counting.set.keypointCount
    guard ends.count == 2, ends.allSatisfy({ $0 < keypoints }) else {
      throw MetricError(
        .invalidParameter, at: "torso", "expected two keypoints below \(keypoints)")
    }
    guard ends.allSatisfy({ counting.code(instance, $0) > 0 }) else { return 0 }
    let dimensions = counting.set.dimensions
    var squared = 0.0
    for axis in 0..<dimensions {
      let difference =
        instance.truth[ends[0] * (dimensions + 1) + axis]
        - instance.truth[ends[1] * (dimensions + 1) + axis]
      squared += difference * difference
    }
    return squared.squareRoot()
  }
}
