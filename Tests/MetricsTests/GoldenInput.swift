import Metrics

/// Reads the inputs of golden cases.
enum GoldenInput {
  /// Throws `MetricError` for what is wrong with the data, `CorpusError` for a broken file.
  static func decode(_ json: JSONValue) throws -> MetricInput {
    let name = try json.string("kind")
    guard let kind = InputKind(rawValue: name) else { throw CorpusError("unknown kind \(name)") }
    switch kind {
    case .labels:
      return .labels(
        try LabelColumns(
          classes: json["classes"]?.labels(), truth: json.required("y_true").labels(),
          prediction: json.required("y_pred").labels()))
    case .probabilities: return .probabilities(try classScores(json, "proba"))
    case .logits: return .logits(try classScores(json, "logits"))
    case .binaryScores: return .binaryScores(try binaryScores(json, "scores"))
    case .binaryLogits: return .binaryLogits(try binaryScores(json, "logits"))
    case .multilabel:
      return .multilabel(
        try MultilabelColumns(truth: rows(json, "y_true"), prediction: rows(json, "y_pred")))
    case .multilabelScores:
      return .multilabelScores(
        try MultilabelScores(truth: rows(json, "y_true"), rows: matrix(json, "scores")))
    case .multilabelLogits:
      return .multilabelLogits(
        try MultilabelScores(truth: rows(json, "y_true"), rows: matrix(json, "logits")))
    case .reportedLoss:
      return .reportedLoss(
        ReportedLoss(
          values: try json.required("values").doubles(), counts: try json["counts"]?.integers()))
    case .regression:
      return .regression(
        RegressionColumns(
          truth: try json.required("y_true").doubles(),
          prediction: try json.required("y_pred").doubles()))
    case .series:
      return .series(
        try json.required("series").entries().map {
          ForecastSeries(
            truth: try $0.required("y_true").doubles(),
            prediction: try $0.required("y_pred").doubles(),
            history: try $0["history"]?.doubles() ?? [])
        })
    case .survival:
      return .survival(
        SurvivalColumns(
          event: try json.required("event").bools(), time: try json.required("time").doubles(),
          risk: try json.required("risk").doubles()))
    case .survivalEvent:
      return .survivalEvent(
        SurvivalEvents(
          event: try json.required("event").bools(), time: try json["time"]?.doubles(),
          predictedEvent: try json["predicted_event"]?.bools(),
          probability: try json["probability"]?.doubles()))
    case .detection, .instances, .keypointDetection: return try GoldenVision.objects(json, kind)
    case .segmentation: return .segmentation(try GoldenVision.maps(json))
    case .segmentationScores: return .segmentationScores(try GoldenVision.scores(json))
    case .keypoints: return .keypoints(try GoldenVision.keypoints(json))
    }
  }

  private static func classScores(_ json: JSONValue, _ field: String) throws -> ClassScores {
    try ClassScores(
      classes: json["classes"]?.labels(), truth: json.required("y_true").labels(),
      rows: matrix(json, field))
  }

  private static func binaryScores(_ json: JSONValue, _ field: String) throws -> BinaryScores {
    try BinaryScores(
      classes: json["classes"]?.labels(), truth: json.required("y_true").labels(),
      scores: json.required(field).doubles())
  }

  private static func matrix(_ json: JSONValue, _ field: String) throws -> [[Double]] {
    try json.required(field).entries().map { try $0.doubles() }
  }

  private static func rows(_ json: JSONValue, _ field: String) throws -> [[Int64]] {
    try json.required(field).entries().map { try $0.integers() }
  }
}
