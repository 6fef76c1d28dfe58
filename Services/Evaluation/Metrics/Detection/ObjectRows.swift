/// The rows of object detection and instance segmentation.
enum ObjectRows {
  static let detection: [MetricRow] =
    [
      MetricRow(
        .objectDetection, "accuracy", "Accuracy",
        "Matched objects over matched, wrongly detected and missed ones",
        .higher, share, parameters: iouThreshold + counting(maximum: 100) + [denominator],
        computations: [
          .detection: ObjectRules.counted(.accuracy, threshold: "iou_threshold", BoxImages.self)
        ]),
      MetricRow(
        .objectDetection, "loss", "Loss",
        "Loss of scores and boxes after matching, per true object, or the model's own loss",
        .lower, atLeastZero, parameters: lossParameters,
        computations: [
          .detection: ObjectRules.loss(BoxImages.self),
          .reportedLoss: ProbabilityLosses.reported,
        ]),
      average(
        "map", "Mean Average Precision (mAP)",
        "Mean average precision over classes and IoU 0.50 to 0.95"),
      average(
        "map_50", "Mean Average Precision @ IoU 0.50", "Mean average precision at IoU 0.50",
        thresholds: [0.5]),
      average(
        "map_75", "Mean Average Precision @ IoU 0.75", "Mean average precision at IoU 0.75",
        thresholds: [0.75]),
      average(
        "map_per_class", "mAP per Class", "Average precision of each class over IoU 0.50 to 0.95",
        .precisionPerClass, ranking: "the highest mean over the classes with a truth is best"),
      assigned(
        "iou", "Intersection over Union (IoU)",
        "Mean overlap of each true box with the detection assigned to it",
        MetricRange(0, 1), isGeneralized: false, missing: 0),
      assigned(
        "giou", "GIoU (Generalized IoU)",
        "As IoU, with a penalty for the distance of boxes that do not overlap",
        MetricRange(-1, 1), isGeneralized: true, missing: -1),
      average(
        "mar_1", "Mean Average Recall @ 1 Detection",
        "Mean recall with one detection per image and class", .recall,
        maximum: 1),
      average(
        "mar_10", "Mean Average Recall @ 10 Detections",
        "Mean recall with ten detections per image and class", .recall,
        maximum: 10),
    ]

  static let instances: [MetricRow] =
    [
      masked(
        "accuracy", "Accuracy", "Matched masks over matched, wrongly detected and missed ones",
        .accuracy, further: [denominator]),
      masked("precision", "Precision", "Share of the detected masks that match one", .precision),
      masked("recall", "Recall", "Share of the true masks that are detected", .recall),
      masked("f1", "F1 Score", "Harmonic mean of precision and recall of masks", .f1),
      MetricRow(
        .instanceSegmentation, "loss", "Loss",
        "Loss of scores and masks after matching, per true object, or the model's own loss",
        .lower, atLeastZero, parameters: lossParameters,
        computations: [
          .instances: ObjectRules.loss(MaskImages.self),
          .reportedLoss: ProbabilityLosses.reported,
        ]),
    ]

  /// Mean average precision of masks: not in the list of rows, for comparison with COCO.
  static let maskAveragePrecision = MetricRow(
    .instanceSegmentation, "instance_mask_map", "Mask mAP",
    "Mean average precision of masks over classes and IoU 0.50 to 0.95",
    .higher, share, parameters: averageParameters(AveragePrecision.thresholds, 100),
    computations: [
      .instances: ObjectRules.averaged(.precision, thresholds: "iou_thresholds", MaskImages.self)
    ])

  private static func masked(
    _ id: String, _ title: String, _ summary: String, _ ratio: ObjectRules.CountRatio,
    further: [ParameterDescription] = []
  ) -> MetricRow {
    MetricRow(
      .instanceSegmentation, id, title, summary, .higher, share,
      parameters: iouThreshold + counting(maximum: 100) + further,
      computations: [
        .instances: ObjectRules.counted(ratio, threshold: "iou_threshold", MaskImages.self)
      ])
  }

  private static func average(
    _ id: String, _ title: String, _ text: String,
    _ summary: AveragePrecision.Summary = .precision,
    thresholds: [Double] = AveragePrecision.thresholds, maximum: Int64 = 100,
    ranking: String? = nil
  ) -> MetricRow {
    MetricRow(
      .objectDetection, id, title, text, .higher, share,
      parameters: averageParameters(thresholds, maximum),
      computations: [
        .detection: ObjectRules.averaged(summary, thresholds: "iou_thresholds", BoxImages.self)
      ], ranking: ranking)
  }

  private static func assigned(
    _ id: String, _ title: String, _ summary: String, _ range: MetricRange, isGeneralized: Bool,
    missing: Double
  ) -> MetricRow {
    MetricRow(
      .objectDetection, id, title, summary, .higher, range,
      parameters: [scoreThreshold(0.5), maximumDetections(100)] + pairing,
      computations: [
        .detection: .units(
          ObjectRules.assigned(
            isGeneralized: isGeneralized, missing: missing, BoxImages.self))
      ])
  }

  // MARK: Ranges and parameters

  private static let share = MetricRange(0, 1)
  private static let atLeastZero = MetricRange(0, nil)

  static func maximumDetections(_ maximum: Int64) -> ParameterDescription {
    ParameterDescription(
      "max_dets", .integer(1...Int64(Int32.max)), default: .integer(maximum),
      "How many detections of an image and category count, best scores first")
  }

  static func scoreThreshold(_ value: Double) -> ParameterDescription {
    ParameterDescription(
      "score_threshold", .number(NumberLimits()), default: .number(value),
      "Detections below this score are left out")
  }

  static func similarityThreshold(_ name: String, _ value: Double) -> ParameterDescription {
    ParameterDescription(
      name, .number(NumberLimits(above: 0, through: 1)), default: .number(value),
      "Similarity from which a detection matches a truth")
  }

  static func thresholds(_ name: String, _ values: [Double]) -> ParameterDescription {
    ParameterDescription(
      name, .numbers(NumberLimits(above: 0, through: 1), count: 1...1000),
      default: .list(values.map(ParameterValue.number)), "Similarities that are averaged over")
  }

  private static let iouThreshold = [similarityThreshold("iou_threshold", 0.5)]

  static func counting(maximum: Int64) -> [ParameterDescription] {
    [
      scoreThreshold(0.5), maximumDetections(maximum),
      ParameterDescription(
        "average", .choice(["micro", "macro"]), default: .text("micro"),
        "Counts of all categories together, or the mean of the categories"),
      ParameterDescription(
        "zero_division", .zeroOrOne, default: .number(0),
        "Value of a ratio with denominator zero"),
    ]
  }

  private static let denominator = ParameterDescription(
    "denominator", .choice(["union", "predictions"]), default: .text("union"),
    "What matches are divided by: all objects, or the detections")

  private static func averageParameters(
    _ values: [Double], _ maximum: Int64
  ) -> [ParameterDescription] {
    [
      thresholds("iou_thresholds", values), maximumDetections(maximum),
      ParameterDescription(
        "area_range", .interval(NumberLimits(from: 0)),
        default: .list([.number(0), .number(1e10)]),
        "Areas of the objects that count"),
    ]
  }

  private static let pairing = [
    ParameterDescription(
      "pairing", .choice(["assignment", "all_pairs"]), default: .text("assignment"),
      "Best one-to-one assignment, or the mean over all pairs of a category"),
    ParameterDescription(
      "penalize_extra", .flag, default: .flag(false),
      "Whether surplus detections count with the worst value"),
  ]

  private static let lossParameters = [
    similarityThreshold("iou_threshold", 0.5), scoreThreshold(0), maximumDetections(100),
    ParameterDescription(
      "epsilon", .number(NumberLimits(above: 0, below: 0.5)), default: .number(1e-7),
      "Distance that scores keep from 0 and 1 under a logarithm"),
    ParameterDescription(
      "class_weight", .number(NumberLimits(from: 0)), default: .number(1),
      "Weight of the loss of scores"),
    ParameterDescription(
      "box_weight", .number(NumberLimits(from: 0)), default: .number(1),
      "Weight of the loss of boxes or masks"),
  ]
}
