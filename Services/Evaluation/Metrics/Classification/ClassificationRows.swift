/// The rows of image, text and tabular classification.
enum ClassificationRows {
  static let image = rows(
    .imageClassification,
    [
      accuracy, precision, recall, f1, loss, logLoss, aucROC, aucPR, topK(3), topK(5), kappa,
      matthews, quadraticKappa, brier,
    ])

  static let text = rows(
    .textClassification,
    [
      accuracy, precision, recall, f1, f1Weighted, f1Micro, loss, logLoss, aucROC, hammingLoss,
      jaccard, kappa, matthews, quadraticKappa, brier,
    ])

  static let tabular = rows(
    .tabularClassification,
    [
      accuracy, precision, recall, f1, loss, logLoss, auc, aucROC, aucPR, balancedAccuracy,
      specificity, negativePredictiveValue, fBeta(0.5, "fbeta_0_5", "F-beta Score (beta = 0.5)"),
      fBeta(2, "fbeta_2", "F-beta Score (beta = 2)"), hammingLoss, jaccard, kappa, matthews,
      quadraticKappa, brier,
      gini, normalizedGini,
    ])

  private typealias MakeRow = @Sendable (MetricTask) -> MetricRow

  private static func rows(_ task: MetricTask, _ makers: [MakeRow]) -> [MetricRow] {
    makers.map { $0(task) }
  }

  // MARK: Labels

  private static let accuracy: MakeRow = { task in
    MetricRow(
      task, "accuracy", "Accuracy", "Share of samples whose prediction is the truth",
      .higher, MetricRange(0, 1), parameters: ClassificationParameters.label,
      computations: ClassificationRules.accuracy)
  }

  private static let precision: MakeRow = { task in
    MetricRow(
      task, "precision", "Precision", "Share of the predictions of a class that are right",
      .higher, MetricRange(0, 1), parameters: ClassificationParameters.averaged,
      computations: ClassificationRules.ratio { _ in .precision })
  }

  private static let recall: MakeRow = { task in
    MetricRow(
      task, "recall", "Recall", "Share of the samples of a class that are found",
      .higher, MetricRange(0, 1), parameters: ClassificationParameters.averaged,
      computations: ClassificationRules.ratio { _ in .recall })
  }

  private static let f1: MakeRow = { task in
    MetricRow(
      task, "f1", "F1 Score", "Harmonic mean of precision and recall",
      .higher, MetricRange(0, 1), parameters: ClassificationParameters.averaged,
      computations: ClassificationRules.ratio { _ in .fBeta(1) })
  }

  private static let f1Weighted: MakeRow = { task in
    MetricRow(
      task, "f1_weighted", "F1 Weighted", "F1 of each class, weighted by its true samples",
      .higher, MetricRange(0, 1), parameters: ClassificationParameters.fixedAverage,
      computations: ClassificationRules.ratio(average: "weighted") { _ in .fBeta(1) })
  }

  private static let f1Micro: MakeRow = { task in
    MetricRow(
      task, "f1_micro", "Micro F1", "F1 of the counts of all classes together",
      .higher, MetricRange(0, 1), parameters: ClassificationParameters.fixedAverage,
      computations: ClassificationRules.ratio(average: "micro") { _ in .fBeta(1) })
  }

  private static let jaccard: MakeRow = { task in
    MetricRow(
      task, "jaccard", "Jaccard Score",
      "Overlap of the true and predicted samples of a class over their union",
      .higher, MetricRange(0, 1), parameters: ClassificationParameters.averaged,
      computations: ClassificationRules.ratio { _ in .jaccard })
  }

  private static let specificity: MakeRow = { task in
    MetricRow(
      task, "specificity", "Specificity (True Negative Rate)",
      "Share of the samples outside a class that are kept out of it",
      .higher, MetricRange(0, 1), parameters: ClassificationParameters.averagedWithoutSamples,
      computations: ClassificationRules.ratio(multilabel: false) { _ in .specificity })
  }

  private static let negativePredictiveValue: MakeRow = { task in
    MetricRow(
      task, "npv", "NPV (Negative Predictive Value)",
      "Share of the predictions against a class that are right",
      .higher, MetricRange(0, 1), parameters: ClassificationParameters.averagedWithoutSamples,
      computations: ClassificationRules.ratio(multilabel: false) { _ in
        .negativePredictiveValue
      })
  }

  private static func fBeta(_ beta: Double, _ id: String, _ title: String) -> MakeRow {
    { task in
      MetricRow(
        task, id, title,
        beta < 1
          ? "Weighted harmonic mean of precision and recall that favours precision"
          : "Weighted harmonic mean of precision and recall that favours recall",
        .higher, MetricRange(0, 1),
        parameters: [
          ParameterDescription(
            "beta", .number(NumberLimits(from: 0)), default: .number(beta),
            "How many times as much recall counts as precision")
        ] + ClassificationParameters.averaged,
        computations: ClassificationRules.ratio { .fBeta($0.required("beta")) })
    }
  }

  private static let balancedAccuracy: MakeRow = { task in
    MetricRow(
      task, "balanced_accuracy", "Balanced Accuracy",
      "Mean recall of the classes that occur in the truth",
      .higher, MetricRange(0, 1), parameters: ClassificationParameters.label,
      computations: ClassificationRules.balancedAccuracy)
  }

  private static let hammingLoss: MakeRow = { task in
    MetricRow(
      task, "hamming_loss", "Hamming Loss", "Share of labels that are wrong",
      .lower, MetricRange(0, 1), parameters: ClassificationParameters.label,
      computations: ClassificationRules.hammingLoss)
  }

  private static let kappa: MakeRow = { task in
    MetricRow(
      task, "cohen_kappa", "Cohen’s Kappa", "Agreement beyond what chance would give",
      .higher, MetricRange(-1, 1), parameters: ClassificationParameters.label,
      computations: ClassificationRules.counted { counts, _ in Agreement.kappa(counts) })
  }

  private static let matthews: MakeRow = { task in
    MetricRow(
      task, "mcc", "Matthews Correlation Coefficient (MCC)",
      "Correlation of truth and prediction over the whole confusion matrix",
      .higher, MetricRange(-1, 1), parameters: ClassificationParameters.label,
      computations: ClassificationRules.counted { counts, _ in Agreement.matthews(counts) })
  }

  private static let quadraticKappa: MakeRow = { task in
    MetricRow(
      task, "qwk", "Quadratic Weighted Kappa (QWK)",
      "Agreement beyond chance, errors weighted by the squared distance of the class positions",
      .higher, MetricRange(-1, 1), parameters: ClassificationParameters.label,
      computations: ClassificationRules.counted { counts, _ in Agreement.quadraticKappa(counts) })
  }

  // MARK: Probabilities

  private static let loss: MakeRow = { task in
    MetricRow(
      task, "loss", "Loss", "Cross-entropy of logits or probabilities, or the model's own loss",
      .lower, MetricRange(0, nil), parameters: ClassificationParameters.loss,
      computations: [
        .logits: .sums(ProbabilityLosses.softmax),
        .binaryLogits: .sums(ProbabilityLosses.sigmoid),
        .multilabelLogits: .sums(ProbabilityLosses.sigmoid),
        .probabilities: .sums(ProbabilityLosses.logLoss),
        .binaryScores: .sums(ProbabilityLosses.logLoss),
        .reportedLoss: ProbabilityLosses.reported,
      ])
  }

  private static let logLoss: MakeRow = { task in
    MetricRow(
      task, "log_loss", "Log Loss", "Mean of minus the logarithm of the true class's probability",
      .lower, MetricRange(0, nil), parameters: ClassificationParameters.positive,
      computations: [
        .probabilities: .sums(ProbabilityLosses.logLoss),
        .binaryScores: .sums(ProbabilityLosses.logLoss),
      ])
  }

  private static let brier: MakeRow = { task in
    MetricRow(
      task, "brier", "Brier Score",
      "Mean squared distance of the probabilities from the truth, halved for two classes",
      .lower, MetricRange(0, 2), parameters: ClassificationParameters.brier,
      computations: [
        .probabilities: .sums(ProbabilityLosses.brier),
        .binaryScores: .sums(ProbabilityLosses.brier),
      ])
  }

  // MARK: Ranking

  private static func scored(
    multilabel: Bool = false, _ whole: @escaping Computation.Whole
  ) -> [InputKind: Computation] {
    var computations: [InputKind: Computation] = [
      .probabilities: .whole(whole), .logits: .whole(whole), .binaryScores: .whole(whole),
    ]
    if multilabel { computations[.multilabelScores] = .whole(whole) }
    return computations
  }

  private static let auc: MakeRow = { task in
    MetricRow(
      task, "auc", "AUC", "Chance that a positive sample scores above a negative one",
      .higher, MetricRange(0, 1), parameters: ClassificationParameters.positive,
      computations: scored(RankingRules.binaryArea))
  }

  private static let aucROC: MakeRow = { task in
    MetricRow(
      task, "auc_roc", "AUC-ROC",
      "Area under the ROC curve; over several classes the mean of one-versus-rest or pairs",
      .higher, MetricRange(0, 1), parameters: ClassificationParameters.aucROC,
      computations: scored(multilabel: true, RankingRules.areaUnderROC),
      check: { parameters throws(MetricError) in
        guard parameters.text("multi_class") == "ovo", parameters.text("average") == "micro" else {
          return
        }
        throw MetricError(
          .invalidParameter, at: "average", "micro exists only for multi_class ovr")
      })
  }

  private static let aucPR: MakeRow = { task in
    MetricRow(
      task, "auc_pr", "AUC-PR", "Area under the precision-recall curve (average precision)",
      .higher, MetricRange(0, 1), parameters: ClassificationParameters.aucPR,
      computations: scored(multilabel: true, RankingRules.areaUnderPrecisionRecall))
  }

  private static let gini: MakeRow = { task in
    MetricRow(
      task, "gini", "Gini Coefficient", "Twice the AUC minus one",
      .higher, MetricRange(-1, 1), parameters: ClassificationParameters.positive,
      computations: scored(RankingRules.gini))
  }

  private static let normalizedGini: MakeRow = { task in
    MetricRow(
      task, "normalized_gini", "Normalized Gini",
      "Gini of the predicted order over the Gini of the perfect order",
      .higher, MetricRange(nil, 1), parameters: ClassificationParameters.normalizedGini,
      computations: scored(NormalizedGini.rule).merging(
        [.regression: .whole(NormalizedGini.rule)], uniquingKeysWith: { first, _ in first }))
  }

  private static func topK(_ k: Int64) -> MakeRow {
    { task in
      MetricRow(
        task, "top\(k)_accuracy", "Top-\(k) Accuracy",
        "Share of samples whose true class is among the \(k) best-scored ones",
        .higher, MetricRange(0, 1),
        parameters: [
          ParameterDescription(
            "k", .integer(1...Int64.max), default: .integer(k), "How many classes may be named")
        ] + ClassificationParameters.positive,
        computations: [.probabilities: RankingRules.topK, .logits: RankingRules.topK])
    }
  }
}
