/// Parameters that classification rows share.
enum ClassificationParameters {
  static let positive = [
    ParameterDescription(
      "positive_label", .label, "The positive class; without it the last of two classes")
  ]

  static let label =
    positive + [
      ParameterDescription(
        "threshold", .number(NumberLimits()), default: .number(0.5),
        "A binary score above it predicts the second class")
    ]

  private static let zeroDivision = ParameterDescription(
    "zero_division", .zeroOrOne, default: .number(0), "Value of a ratio with denominator zero")

  private static let macroOver = ParameterDescription(
    "macro_over", .choice(["observed", "declared"]), default: .text("observed"),
    "Classes of a macro average: those that occur, or all declared")

  private static func average(_ choices: [String], _ summary: String) -> ParameterDescription {
    ParameterDescription("average", .choice(choices), default: .text(choices[0]), summary)
  }

  static let fixedAverage = [zeroDivision, macroOver] + label

  static let averaged =
    [
      average(
        ["auto", "binary", "macro", "micro", "weighted", "samples", "none"],
        "How classes are averaged; auto is binary up to two classes, else macro")
    ] + fixedAverage

  static let averagedWithoutSamples =
    [
      average(
        ["auto", "binary", "macro", "micro", "weighted", "none"],
        "How classes are averaged; auto is binary up to two classes, else macro")
    ] + fixedAverage

  static let loss =
    [
      ParameterDescription(
        "label_smoothing", .number(NumberLimits(from: 0, below: 1)), default: .number(0),
        "Share of the target spread over all classes; acts on logits"),
      ParameterDescription(
        "class_weights",
        .numbers(NumberLimits(above: 0), count: 1...ParameterDescription.maximumListLength),
        "One weight per class; acts on logits"),
    ] + positive

  static let brier =
    [
      ParameterDescription(
        "scale_by_half", .flagOrAuto, default: .text("auto"),
        "Whether the sum over the classes is halved; auto: for two classes")
    ] + positive

  static let aucROC =
    [
      ParameterDescription(
        "multi_class", .choice(["ovr", "ovo"]), default: .text("ovr"),
        "More than two classes: each against the rest, or every pair"),
      average(["macro", "weighted", "micro"], "How classes or pairs are averaged"),
    ] + positive

  static let aucPR =
    [
      ParameterDescription(
        "method", .choice(["ap", "trapezoid"]), default: .text("ap"),
        "Area as steps (average precision) or by straight lines"),
      average(["macro", "weighted", "micro"], "How classes are averaged"),
    ] + positive

  static let normalizedGini =
    [
      ParameterDescription(
        "ties", .choice(["row_order", "average"]), default: .text("row_order"),
        "Equal predictions: by row, or sharing their mean target")
    ] + positive
}
