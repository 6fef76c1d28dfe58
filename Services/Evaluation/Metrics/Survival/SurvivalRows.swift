/// The rows of time-to-event prediction.
enum SurvivalRows {
  static let all: [MetricRow] = [
    MetricRow(
      .timeToEventPrediction, "f1", "F1 Score",
      "Harmonic mean of precision and recall of predicting the event",
      .higher, MetricRange(0, 1),
      parameters: [
        ParameterDescription(
          "horizon", .number(NumberLimits(from: 0)),
          "Time by which the event counts; subjects censored earlier are left out"),
        ParameterDescription(
          "threshold", .number(NumberLimits()), default: .number(0.5),
          "A probability above it predicts the event"),
        ParameterDescription(
          "zero_division", .zeroOrOne, default: .number(0),
          "Value of a ratio with denominator zero"),
      ],
      computations: [.survivalEvent: .whole(eventF1)]),
    MetricRow(
      .timeToEventPrediction, "c_index", "Concordance Index (C-Index)",
      "Share of comparable pairs of subjects whose order of events the risks predict",
      .higher, MetricRange(0, 1),
      parameters: [
        ParameterDescription(
          "tied_tol", .number(NumberLimits(from: 0)), default: .number(1e-8),
          "Risks that differ by no more count as tied"),
        ParameterDescription(
          "orientation", .choice(["risk", "survival_time"]), default: .text("risk"),
          "Whether a larger prediction means an earlier or a later event"),
      ],
      computations: [.survival: .whole(ConcordanceIndex.rule)]),
  ]

  private static let eventF1: Computation.Whole = { input, parameters, _ throws(MetricError) in
    guard case .survivalEvent(let columns) = input else { preconditionFailure("takes events") }
    let horizon = parameters.number("horizon")
    let threshold = parameters.required("threshold")
    if horizon != nil, columns.time == nil {
      throw MetricError(.missingField, at: "time", "a horizon needs the times")
    }
    var counts = ClassCounts()
    for index in 0..<columns.count {
      var isTrue = columns.event[index]
      if let horizon, let time = columns.time?[index] {
        if !isTrue, time < horizon { continue }
        isTrue = isTrue && time <= horizon
      }
      let isPredicted =
        columns.predictedEvent?[index] ?? ((columns.probability?[index] ?? 0) > threshold)
      counts += ClassCounts(
        total: 1, positives: isTrue ? 1 : 0, predicted: isPredicted ? 1 : 0,
        hits: isTrue && isPredicted ? 1 : 0)
    }
    guard counts.total > 0 else { return .undefined(.noEvaluableSubjects) }
    let zeroDivision = parameters.required("zero_division")
    return .finite(Ratio.fBeta(1).value(counts, zeroDivision: zeroDivision))
  }
}
