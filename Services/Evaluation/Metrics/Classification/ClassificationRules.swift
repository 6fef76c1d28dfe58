/// Computations of rows that count hard labels.
enum ClassificationRules {
  /// Kinds of input that give one label per sample.
  static let labelKinds: [InputKind] = [.labels, .probabilities, .logits, .binaryScores]

  /// Counts of single labels, and of multilabel samples if there is a rule for them.
  static func counted(
    multilabel: MultilabelRule? = nil,
    _ finish:
      @escaping @Sendable (ConfusionCounts, MetricParameters) throws(MetricError) -> MetricOutcome
  ) -> [InputKind: Computation] {
    let checked: Computation = .confusion { counts, parameters throws(MetricError) in
      _ = try parameters.positiveClass(in: counts.classes)
      return try finish(counts, parameters)
    }
    var computations = Dictionary(uniqueKeysWithValues: labelKinds.map { ($0, checked) })
    if let multilabel { computations[.multilabel] = .multilabel(multilabel) }
    return computations
  }

  /// A ratio of one-vs-rest counts with the usual averages.
  static func ratio(
    multilabel: Bool = true, average fixed: String? = nil,
    _ ratio: @escaping @Sendable (MetricParameters) -> Ratio
  ) -> [InputKind: Computation] {
    let rule = MultilabelRule(
      sampleRatio: ratio,
      finish: { counts, parameters throws(MetricError) in
        let average = resolved(fixed ?? parameters.text("average"), auto: "macro")
        if average == "binary" {
          throw MetricError(
            .invalidParameter, at: "average", "binary has no meaning for multilabel samples")
        }
        if average == "samples" { return .finite(counts.sampleMean) }
        return try averaging(average, parameters, overDeclared: true)
          .value(ratio(parameters), counts.labels, positive: nil)
      })
    return counted(multilabel: multilabel ? rule : nil) { counts, parameters throws(MetricError) in
      let auto = counts.classCount <= 2 ? "binary" : "macro"
      let average = resolved(fixed ?? parameters.text("average"), auto: auto)
      if average == "samples" {
        throw MetricError(
          .invalidParameter, at: "average", "samples is an average of multilabel samples only")
      }
      var positive = try parameters.positiveClass(in: counts.classes)
      if positive == nil, counts.classCount <= 2 { positive = counts.classCount - 1 }
      let overDeclared = parameters.text("macro_over") == "declared"
      return try averaging(average, parameters, overDeclared: overDeclared)
        .value(ratio(parameters), counts.margins(), positive: positive)
    }
  }

  static let accuracy = counted(
    multilabel: MultilabelRule(sampleRatio: nil) { counts, _ in
      .finite(Double(counts.exactSamples) / Double(counts.samples))
    }
  ) { counts, _ in
    .finite(Double(hits(counts)) / Double(counts.total))
  }

  static let hammingLoss = counted(
    multilabel: MultilabelRule(sampleRatio: nil) { counts, _ in
      .finite(Double(counts.wrongCells) / Double(counts.cells))
    }
  ) { counts, _ in
    .finite(Double(counts.total - hits(counts)) / Double(counts.total))
  }

  static let balancedAccuracy = counted { counts, _ in
    let recalls = counts.margins().filter { $0.positives > 0 }.map {
      Ratio.recall.value($0, zeroDivision: 0)
    }
    return .finite(BlockSum.mean(recalls))
  }

  private static func hits(_ counts: ConfusionCounts) -> Int64 {
    var hits: Int64 = 0
    counts.forEachCell { truth, prediction, count in hits += truth == prediction ? count : 0 }
    return hits
  }

  private static func resolved(_ average: String, auto: String) -> String {
    average == "auto" ? auto : average
  }

  private static func averaging(
    _ average: String, _ parameters: MetricParameters, overDeclared: Bool
  ) -> Averaging {
    Averaging(
      average: average, zeroDivision: parameters.required("zero_division"),
      overDeclared: overDeclared)
  }
}
