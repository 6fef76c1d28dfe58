/// The rows of keypoint detection.
enum KeypointRows {
  static let all: [MetricRow] =
    [
      matched("precision", "Precision", "Share of the detected objects that match one", .precision),
      matched("recall", "Recall", "Share of the true objects that are detected", .recall),
      matched("f1", "F1 Score", "Harmonic mean of precision and recall of objects", .f1),
      MetricRow(
        .keypointDetection, "loss", "Loss",
        "Mean loss of the coordinates (squared by default), or the model's own loss",
        .lower, atLeastZero,
        parameters: [kind, beta, visibleOnly, missing, KeypointSimilarity.parameter],
        computations: [
          .keypoints: .sums(KeypointRules.loss), .reportedLoss: ProbabilityLosses.reported,
        ]),
      row(
        "mae", "Mean Absolute Error (MAE)",
        "Mean distance of predicted from true coordinates, in pixels",
        .lower, atLeastZero, [visibleOnly, missing], KeypointRules.absoluteError),
      correct("pck", "PCK (Percentage of Correct Keypoints)", 0.2),
      correct("pck_0_05", "PCK@0.05", 0.05),
      correct("pck_0_1", "PCK@0.1", 0.1), correct("pck_0_2", "PCK@0.2", 0.2),
      correct("pck_0_3", "PCK@0.3", 0.3), correct("pck_0_5", "PCK@0.5", 0.5),
      MetricRow(
        .keypointDetection, "oks", "Object Keypoint Similarity (OKS)",
        "Similarity of predicted and true keypoints relative to the object's size",
        .higher, share,
        parameters: [
          KeypointSimilarity.parameter, visibleOnly, mode, ObjectRows.scoreThreshold(0.5),
          ObjectRows.maximumDetections(20),
          ObjectRows.thresholds("oks_thresholds", AveragePrecision.thresholds),
        ],
        computations: [
          .keypoints: .sums(KeypointRules.similarity), .keypointDetection: detectedSimilarity,
        ]),
      row(
        "mpjpe", "Mean Per Joint Position Error (MPJPE)",
        "Mean distance of predicted from true keypoints",
        .lower, atLeastZero, [rootIndex, visibleOnly, missing], KeypointRules.meanDistance),
      row(
        "visibility_accuracy", "Visibility Accuracy",
        "Share of keypoints whose visibility is predicted",
        .higher, share, [visibilityMode, visibilityThreshold], KeypointRules.visibility),
    ]

  /// By assignment, or as average precision.
  private static let detectedSimilarity: Computation = {
    let assigned = ObjectRules.assigned(
      isGeneralized: false, missing: 0, KeypointImages.self)
    let averaged = ObjectRules.averagedRule(
      .precision, thresholds: "oks_thresholds", KeypointImages.self)
    return .units(
      UnitRule(
        partial: { input, range, parameters, workers throws(MetricError) in
          let rule = parameters.text("mode") == "ap" ? averaged : assigned
          return try rule.partial(input, range, parameters, workers)
        },
        finish: { partials, context, parameters, workers in
          let rule = parameters.text("mode") == "ap" ? averaged : assigned
          return rule.finish(partials, context, parameters, workers)
        }))
  }()

  private static func matched(
    _ id: String, _ title: String, _ summary: String, _ ratio: ObjectRules.CountRatio
  ) -> MetricRow {
    MetricRow(
      .keypointDetection, id, title, summary, .higher, share,
      parameters: [ObjectRows.similarityThreshold("oks_threshold", 0.5)]
        + ObjectRows.counting(maximum: 20) + [KeypointSimilarity.parameter],
      computations: [
        .keypointDetection: ObjectRules.counted(
          ratio, threshold: "oks_threshold", KeypointImages.self)
      ])
  }

  private static func correct(_ id: String, _ title: String, _ threshold: Double) -> MetricRow {
    let text = ParameterValue.number(threshold)
    return row(
      id, title, "Share of keypoints within \(text) of the reference length of their place",
      .higher, share,
      [
        ParameterDescription(
          "threshold", .number(NumberLimits(from: 0)), default: text,
          "Fraction of the reference length that counts as correct"),
        normalizer,
        ParameterDescription(
          "constant", .number(NumberLimits(above: 0)), "Reference length of normalizer constant"),
        ParameterDescription(
          "torso", .integers(0...Int64(Int32.max), count: 2...2),
          "The two keypoints of normalizer torso"),
        ParameterDescription(
          "average", .choice(["micro", "per_joint"]), default: .text("micro"),
          "All keypoints together, or the mean of the keypoint types"),
        visibleOnly,
      ], KeypointRules.correctKeypoints,
      check: { parameters throws(MetricError) in
        for name in ["constant", "torso"] where parameters.text("normalizer") == name {
          guard parameters[name] == nil else { continue }
          throw MetricError(
            .invalidParameter, at: name, "normalizer \(name) needs the parameter \(name)")
        }
      })
  }

  private static func row(
    _ id: String, _ title: String, _ summary: String, _ direction: MetricDirection,
    _ range: MetricRange, _ parameters: [ParameterDescription], _ rule: SumRule,
    check: @escaping @Sendable (MetricParameters) throws(MetricError) -> Void = { _ in }
  ) -> MetricRow {
    MetricRow(
      .keypointDetection, id, title, summary, direction, range, parameters: parameters,
      computations: [.keypoints: .sums(rule)], check: check)
  }

  // MARK: Ranges and parameters

  private static let share = MetricRange(0, 1)
  private static let atLeastZero = MetricRange(0, nil)

  private static let visibleOnly = ParameterDescription(
    "visible_only", .flag, default: .flag(false), "Whether occluded keypoints are left out")

  private static let missing = ParameterDescription(
    "missing", .choice(["error", "skip"]), default: .text("error"),
    "Instances without prediction: refuse, or leave out")

  private static let kind = ParameterDescription(
    "kind", .choice(["mse", "mae", "smooth_l1", "oks"]), default: .text("mse"),
    "Which loss of the coordinates is averaged")

  private static let beta = ParameterDescription(
    "beta", .number(NumberLimits(above: 0)), default: .number(1),
    "Error at which the smooth L1 loss turns linear")

  private static let normalizer = ParameterDescription(
    "normalizer",
    .choice(["bbox_max", "bbox_diagonal", "head", "torso", "area_sqrt", "constant"]),
    default: .text("bbox_max"), "The reference length of an instance")

  private static let mode = ParameterDescription(
    "mode", .choice(["assignment", "ap"]), default: .text("assignment"),
    "Detections: best one-to-one assignment, or average precision")

  private static let rootIndex = ParameterDescription(
    "root_index", .integer(0...Int64(Int32.max)),
    "Keypoint that is subtracted first; without it positions are absolute")

  private static let visibilityMode = ParameterDescription(
    "mode", .choice(["exact", "binary"]), default: .text("exact"),
    "All three codes, or visible or not among labelled keypoints")

  private static let visibilityThreshold = ParameterDescription(
    "threshold", .number(NumberLimits()), default: .number(0.5),
    "A probability above it predicts visible")
}
