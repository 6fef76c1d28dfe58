import Metrics

extension ScoringInput {
  /// The numbers that COCO's evaluator prints; nil if these are no detected objects.
  ///
  /// Throws `missingSigmas` for keypoints that are not COCO's 17 and come without `sigmas`.
  public func summary(
    sigmas: [Double]? = nil, workers: Int = 1
  ) throws(MetricError) -> COCOSummary? {
    let kinds: [InputKind] = [.detection, .instances, .keypointDetection]
    for metric in metrics {
      guard let input = input(for: metric), kinds.contains(input.kind) else { continue }
      return try COCOSummary(input, sigmas: sigmas, workers: workers)
    }
    return nil
  }
}
