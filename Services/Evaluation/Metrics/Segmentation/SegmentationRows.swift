/// The rows of semantic segmentation.
enum SegmentationRows {
  static let all: [MetricRow] =
    [
      row(
        "accuracy", "Accuracy", "Share of pixels with the right class",
        .higher, share, [reduction(["global", "per_image"])], PixelRules.accuracy),
      row(
        "precision", "Precision", "Share of the pixels predicted as a class that are of it",
        .higher, share, averaged("macro"), PixelRules.ratio(.precision, auto: "macro")),
      row(
        "recall", "Recall", "Share of the pixels of a class that are found",
        .higher, share, averaged("macro"), PixelRules.ratio(.recall, auto: "macro")),
      row(
        "f1", "F1 Score", "Harmonic mean of precision and recall of the pixels",
        .higher, share, averaged("macro"), PixelRules.ratio(.fBeta(1), auto: "macro")),
      MetricRow(
        .semanticSegmentation, "loss", "Loss",
        "Cross-entropy or soft Dice loss of the pixels' scores, or the model's own loss",
        .lower, atLeastZero, parameters: lossParameters,
        computations: [
          .segmentationScores: .sums(SegmentationLoss.rule),
          .reportedLoss: ProbabilityLosses.reported,
        ]),
      row(
        "iou", "Intersection over Union (IoU)",
        "Overlap of the true and predicted pixels over their union",
        .higher, share, averaged("micro"), PixelRules.ratio(.jaccard, auto: "micro")),
      row(
        "miou", "Mean Intersection over Union (mIoU)", "Mean IoU of the classes that occur",
        .higher, share, [excluded([]), classesFrom, zeroDivision],
        PixelRules.jaccard(weighted: false)),
      row(
        "fw_iou", "Frequency Weighted IoU", "IoU of each class, weighted by its true pixels",
        .higher, share, [excluded([]), classesFrom, zeroDivision],
        PixelRules.jaccard(weighted: true)),
      row(
        "dice", "Dice Coefficient",
        "Twice the overlap over the sum of true and predicted pixels, by image",
        .higher, share, [reduction(["per_image", "global"]), diceExcluded, bothEmpty],
        PixelRules.dice),
      row(
        "pixel_accuracy", "Pixel Accuracy", "Share of pixels with the right class",
        .higher, share, [reduction(["global", "per_image"])], PixelRules.accuracy),
      row(
        "mean_pixel_accuracy", "Mean Pixel Accuracy",
        "Mean share of the pixels of each true class that are found",
        .higher, share, [excluded([])], PixelRules.meanAccuracy),
      row(
        "boundary_iou", "Boundary IoU", "IoU of the bands along the boundaries of the classes",
        .higher, share, [dilation, reduction(["global", "per_image"]), excluded([0])],
        BoundaryRules.boundaryOverlap),
      row(
        "boundary_f1", "Boundary F1 Score",
        "F1 of boundary pixels that lie near the other boundary",
        .higher, share, [tolerance, toleranceRatio, excluded([0])], BoundaryRules.boundaryF1),
      row(
        "hausdorff", "Hausdorff Distance", "Largest distance from one boundary to the other",
        .lower, atLeastZero, [percentile, empty, excluded([0])], BoundaryRules.hausdorff),
      row(
        "asd", "Average Surface Distance (ASD)",
        "Mean distance of the predicted boundary from the true one",
        .lower, atLeastZero, [symmetric, empty, excluded([0])], BoundaryRules.averageDistance),
    ]

  private static func row(
    _ id: String, _ title: String, _ summary: String, _ direction: MetricDirection,
    _ range: MetricRange, _ parameters: [ParameterDescription], _ computation: Computation
  ) -> MetricRow {
    MetricRow(
      .semanticSegmentation, id, title, summary, direction, range, parameters: parameters,
      computations: [.segmentation: computation])
  }

  // MARK: Ranges and parameters

  private static let share = MetricRange(0, 1)
  private static let atLeastZero = MetricRange(0, nil)
  private static let classIndices: ClosedRange<Int64> = 0...Int64(Int32.max)

  private static func reduction(_ choices: [String]) -> ParameterDescription {
    ParameterDescription(
      "reduction", .choice(choices), default: .text(choices[0]),
      "All pixels of the data set together, or the mean of the images")
  }

  private static func excluded(_ classes: [Int64]) -> ParameterDescription {
    ParameterDescription(
      "exclude_classes",
      .integers(classIndices, count: 0...ParameterDescription.maximumListLength),
      default: .list(classes.map(ParameterValue.integer)), "Classes left out of the average")
  }

  private static let diceExcluded = ParameterDescription(
    "exclude_classes",
    .integers(classIndices, count: 0...ParameterDescription.maximumListLength),
    "Classes left out of the average; without it class 0 of two classes")

  private static func averaged(_ auto: String) -> [ParameterDescription] {
    [
      ParameterDescription(
        "average", .choice(["auto", "binary", "macro", "micro", "weighted", "none"]),
        default: .text("auto"),
        "How classes are averaged; auto is binary for two classes, else \(auto)"),
      ParameterDescription(
        "positive_class", .integer(classIndices), default: .integer(1),
        "The class of a binary average"),
      ParameterDescription(
        "class_index", .integer(classIndices), "This class alone, whatever the average"),
      excluded([]), classesFrom, zeroDivision,
    ]
  }

  private static let classesFrom = ParameterDescription(
    "classes_from", .choice(["union", "ground_truth"]), default: .text("union"),
    "Classes that are averaged: those in truth or prediction, or those in the truth")

  private static let zeroDivision = ParameterDescription(
    "zero_division", .zeroOrOne, default: .number(0), "Value of a ratio with denominator zero")

  private static let bothEmpty = ParameterDescription(
    "both_empty", .choice(["skip", "one"]), default: .text("skip"),
    "A class absent from truth and prediction of an image: left out, or 1")

  private static let dilation = ParameterDescription(
    "dilation_ratio", .number(NumberLimits(above: 0)), default: .number(0.02),
    "Width of the band as a fraction of the image diagonal")

  private static let tolerance = ParameterDescription(
    "tolerance", .number(NumberLimits(from: 0)),
    "Distance that counts as near, in the unit of the spacing")

  private static let toleranceRatio = ParameterDescription(
    "tolerance_ratio", .number(NumberLimits(from: 0)), default: .number(0.0075),
    "Distance that counts as near, as a fraction of the image diagonal")

  private static let percentile = ParameterDescription(
    "percentile", .number(NumberLimits(above: 0, through: 100)), default: .number(100),
    "Which percentile of the distances; 100 is the largest, 95 gives HD95")

  private static let empty = ParameterDescription(
    "empty", .choice(["diagonal", "skip", "error"]), default: .text("diagonal"),
    "One of the masks empty: the image diagonal, leave out, or refuse")

  private static let symmetric = ParameterDescription(
    "symmetric", .choice(["none", "pooled", "mean"]), default: .text("none"),
    "Prediction to truth only, both directions together, or the mean of both")

  private static let lossParameters = [
    ParameterDescription(
      "kind", .choice(["cross_entropy", "soft_dice"]), default: .text("cross_entropy"),
      "Which loss"),
    ParameterDescription(
      "class_weights",
      .numbers(NumberLimits(above: 0), count: 1...ParameterDescription.maximumListLength),
      "One weight per class; acts on the cross-entropy"),
    ParameterDescription(
      "smooth", .number(NumberLimits(from: 0)), default: .number(1e-5),
      "Added to numerator and denominator of the soft Dice"),
  ]
}
