import Formats
import Metrics

/// From files to scores, as `assay score` does it.
struct FileCase {
  let name: String
  let set: String
  let files: [String]
  let score: @Sendable (BenchData, _ workers: Int) throws -> [MetricOutcome]

  static let all = [
    FileCase(name: "csv-to-score", set: "csv", files: ["truth.csv", "predictions.csv"]) {
      data, workers in
      let input = try read(.tabularClassification, data, "truth.csv", "predictions.csv")
      return try outcomes([MetricCase.Row(metric: "log_loss")], input, workers)
    },
    FileCase(name: "coco-to-score", set: "coco-box", files: ["truth.json", "results.json"]) {
      data, workers in
      let input = try read(.objectDetection, data, "truth.json", "results.json")
      return try outcomes(COCORows.twelve, input, workers)
    },
  ]

  private static func read(
    _ task: MetricTask, _ data: BenchData, _ truthFile: String, _ predictionsFile: String
  ) throws -> (MetricTask, ScoringInput) {
    let truth = try DatasetReader.read(path: data.path(truthFile), task: task)
    let predictions = try PredictionsReader.read(
      path: data.path(predictionsFile), for: truth, classOrder: .predictionColumns)
    return (task, try ScoringInput(truth, predictions))
  }

  private static func outcomes(
    _ rows: [MetricCase.Row], _ input: (task: MetricTask, scoring: ScoringInput), _ workers: Int
  ) throws -> [MetricOutcome] {
    try rows.map { row in
      let metric = try MetricsCatalogue.metric(row.metric, of: input.task)
      let parameters = try MetricParameters(row.parameters, for: metric)
      let outcome = try input.scoring.outcome(
        of: metric, parameters: parameters, workers: workers)
      guard let outcome else { throw BenchError("\(row.metric) needs other columns") }
      return outcome
    }
  }
}
