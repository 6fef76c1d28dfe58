import Foundation
import Metrics
import Testing

/// Rows of images that no reference library has, worked by hand from where they are defined.
@Suite("Worked vision")
struct WorkedVisionTests {
  static func box(_ x: Double, _ y: Double, _ width: Double, _ height: Double) -> Box {
    Box(x: x, y: y, width: width, height: height)
  }

  /// A truth found by half, one missed, and a detection of nothing.
  static func boxes() throws -> MetricInput {
    .detection(
      try ObjectSet(
        categories: [.integer(1)],
        images: [
          ObjectImage(
            truths: [box(0, 0, 2, 2), box(20, 20, 1, 1)], truthCategories: [0, 0],
            predictions: [box(0, 0, 2, 1), box(10, 10, 1, 1)], predictedCategories: [0, 0],
            scores: [0.8, 0.1])
        ]))
  }

  /// The 2018 Data Science Bowl and StarDist's matching: TP / (TP + FP + FN).
  @Test("accuracy of detections counts what was missed; its other form does not")
  func accuracy() throws {
    let task = MetricTask.objectDetection
    try task.expect("accuracy", Self.boxes(), is: 1 / 2.0)
    try task.expect("accuracy", Self.boxes(), ["denominator": .text("predictions")], is: 1)
    try task.expect("accuracy", Self.boxes(), ["score_threshold": .number(0)], is: 1 / 3.0)
  }

  /// Lin et al., "Focal Loss for Dense Object Detection" (2017), normalises by the truths;
  /// Rezatofighi et al., "Generalized Intersection over Union" (2019), gives the loss of boxes.
  @Test("loss of detections: cross-entropy of the scores, 1 - GIoU of the boxes")
  func detectionLoss() throws {
    let scores = -log(0.8) - log(0.9) - log(1e-7)
    let task = MetricTask.objectDetection
    // GIoU is 1/2: the boxes' union fills the box around both.
    try task.expect("loss", Self.boxes(), is: (scores + 0.5 + 1) / 2)
    try task.expect(
      "loss", Self.boxes(), ["class_weight": .number(0), "box_weight": .number(4)], is: 4 * 1.5 / 2)
  }

  /// Milletari et al., "V-Net" (2016): the Dice of two masks.
  @Test("loss of instances: two of four pixels found have a Dice of 2/3")
  func instanceLoss() throws {
    let input = MetricInput.instances(
      try ObjectSet(
        categories: [.integer(1)],
        images: [
          ObjectImage(
            truths: [try RunLengthMask(height: 2, width: 3, runs: [0, 4, 2])],
            truthCategories: [0],
            predictions: [try RunLengthMask(height: 2, width: 3, runs: [2, 2, 2])],
            predictedCategories: [0], scores: [0.8])
        ]))
    try MetricTask.instanceSegmentation.expect("loss", input, is: -log(0.8) + 1 - 2 / 3.0)
  }

  @Test("IoU of boxes is per truth; surplus detections count only when told")
  func assignedOverlap() throws {
    let task = MetricTask.objectDetection
    let all: [String: ParameterValue] = ["score_threshold": .number(0)]
    try task.expect("iou", Self.boxes(), all, is: 0.5 / 2)
    // (1/2 of the found truth and what the far pair of boxes has) over two truths: a unit box at
    // 10 and one at 20 have a box of 11 by 11 around them.
    try task.expect("giou", Self.boxes(), all, is: (0.5 - (121 - 2) / 121.0) / 2)
    try task.expect(
      "iou", Self.boxes(), ["pairing": .text("all_pairs"), "score_threshold": .number(0)],
      is: 0.5 / 4)
  }

  // MARK: Keypoints

  /// Andriluka et al., "2D Human Pose Estimation" (2014): PCKh, bound included.
  @Test("PCKh: the head's size is 0.6 of its diagonal")
  func head() throws {
    let instance = KeypointInstance(
      truth: [0, 0, 2, 0, 0, 1], prediction: [1.5, 0, 0, 1.6], headBox: Self.box(0, 0, 3, 4))
    let input = MetricInput.keypoints(
      KeypointInstances(keypointCount: 2, instances: [instance]))
    try MetricTask.keypointDetection.expect(
      "pck_0_5", input, ["normalizer": .text("head")], is: 0.5)
  }

  /// Ionescu et al., "Human3.6M" (2014).
  @Test("MPJPE after moving the roots onto each other")
  func jointDistance() throws {
    let instance = KeypointInstance(
      truth: [1, 1, 1, 2, 1, 1, 5, 2], prediction: [0, 0, 0, 3, 4, 4])
    let input = MetricInput.keypoints(
      KeypointInstances(keypointCount: 2, dimensions: 3, instances: [instance]))
    try MetricTask.keypointDetection.expect("mpjpe", input, ["root_index": .integer(0)], is: 2.5)
    try MetricTask.keypointDetection.expect(
      "mpjpe", input, is: (3.0.squareRoot() + 14.0.squareRoot()) / 2)
  }

  /// COCO's definition: exp(-d² / 2s²k²), k twice the constant of the nose, 0.026.
  @Test("OKS of a nose that is 0.52 pixels off on a person of 100 pixels is exp(-1/2)")
  func similarity() throws {
    let truth = [0, 0, 2] + [Double](repeating: 0, count: 48)
    let prediction = [0.52] + [Double](repeating: 0, count: 33)
    let instance = KeypointInstance(
      truth: truth, prediction: prediction, box: Self.box(0, 0, 10, 10), area: 100)
    let input = MetricInput.keypoints(
      KeypointInstances(keypointCount: 17, instances: [instance]))
    try MetricTask.keypointDetection.expect("oks", input, is: exp(-0.5))
  }
}
