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
      let input = try read(.tabularClassification, data, "truth.csv", "predictions.csv", workers)
      let metric = try MetricsCatalogue.metric("log_loss", of: .tabularClassification)
      let outcome = try input.scoring.outcome(
        of: metric, parameters: MetricParameters(for: metric), workers: workers)
      guard let outcome else { throw BenchError("log_loss needs other columns") }
      return [outcome]
    },
    FileCase(name: "coco-to-score", set: "coco-box", files: ["truth.json", "results.json"]) {
      data, workers in
      let input = try read(.objectDetection, data, "truth.json", "results.json", workers)
      let metric = try MetricsCatalogue.metric("map", of: .objectDetection)
      guard let boxes = input.scoring.input(for: metric) else { throw BenchError("no boxes") }
      return try COCOSummary(boxes, workers: workers).entries.map(\.outcome)
    },
  ]

  private static func read(
    _ task: MetricTask, _ data: BenchData, _ truthFile: String, _ predictionsFile: String,
    _ workers: Int
  ) throws -> (task: MetricTask, scoring: ScoringInput) {
    let truth = try DatasetReader.read(path: data.path(truthFile), task: task, workers: workers)
    let predictions = try PredictionsReader.read(
      path: data.path(predictionsFile), for: truth, options: .predictionColumns, workers: workers)
    return (task, try ScoringInput(truth, predictions))
  }
}
