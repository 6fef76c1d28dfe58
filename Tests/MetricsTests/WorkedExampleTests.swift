import Metrics
import Testing

/// Examples small enough to be worked by hand.
@Suite("Worked examples")
struct WorkedExampleTests {
  static func value(
    _ task: MetricTask, _ metric: String, _ input: MetricInput,
    _ parameters: [String: ParameterValue] = [:]
  ) throws -> Double {
    let outcome = try MetricsCatalogue.evaluate(
      task: task, metric: metric, input: input, parameters: parameters)
    guard case .value(let value) = outcome else {
      throw MetricError(.invalidValue, "\(metric) gives \(outcome)")
    }
    return value
  }

  @Test("the signed bias keeps its sign and ranks by its size")
  func bias() throws {
    let input = MetricInput.regression(
      RegressionColumns(truth: [1, 2, 3], prediction: [0, 2, 1]))
    #expect(try Self.value(.tabularRegression, "mbe", input) == -1)
    let row = try MetricsCatalogue.metric("mbe", of: .tabularRegression)
    #expect(row.rankKey(.value(-1)) == 1)
    #expect(row.rankKey(.undefined(.overflow)) == nil)
  }

  @Test("sums keep what a running sum would lose")
  func compensation() throws {
    let truth = [1e16, 1, -1e16, 1] + [Double](repeating: 0, count: 4)
    let input = MetricInput.regression(
      RegressionColumns(truth: [Double](repeating: 0, count: 8), prediction: truth))
    #expect(try Self.value(.tabularRegression, "mbe", input) == 0.25)
  }

  @Test("SMAPE of the M4 competition: 100 against 110 is 20/210")
  func symmetricError() throws {
    let input = MetricInput.series([ForecastSeries(truth: [100], prediction: [110])])
    #expect(try Self.value(.timeSeriesForecasting, "smape", input) == 2 * (10.0 / 210))
  }

  @Test("keypoints within a fifth of the box's longer side are correct, the bound included")
  func correctKeypoints() throws {
    let instance = KeypointInstance(
      truth: [0, 0, 2, 10, 0, 2, 0, 0, 0], prediction: [2, 0, 10, 2.5, 50, 50],
      box: Box(x: 0, y: 0, width: 10, height: 4))
    let input = MetricInput.keypoints(
      KeypointInstances(keypointCount: 3, instances: [instance]))
    #expect(try Self.value(.keypointDetection, "pck", input) == 0.5)
    #expect(try Self.value(.keypointDetection, "mpjpe", input) == 2.25)
  }

  @Test("disjoint unit boxes three apart have GIoU -1/2")
  func generalizedOverlap() throws {
    let image = ObjectImage(
      truths: [Box(x: 0, y: 0, width: 1, height: 1)], truthCategories: [0],
      predictions: [Box(x: 3, y: 0, width: 1, height: 1)], predictedCategories: [0], scores: [1])
    let input = MetricInput.detection(
      try ObjectSet(categories: [.integer(1)], images: [image]))
    #expect(try Self.value(.objectDetection, "giou", input) == -0.5)
  }

  @Test("two single pixels three rows and four columns apart are at distance 5")
  func pixelDistance() throws {
    var truth = [Int32](repeating: 0, count: 100)
    var prediction = truth
    truth[22] = 1
    prediction[56] = 1
    let image = SegmentationImage(height: 10, width: 10, truth: truth, prediction: prediction)
    let maps = MetricInput.segmentation(try SegmentationMaps(classCount: 2, images: [image]))
    #expect(try Self.value(.semanticSegmentation, "hausdorff", maps) == 5)
    #expect(try Self.value(.semanticSegmentation, "asd", maps) == 5)
    let stretched = MetricInput.segmentation(
      try SegmentationMaps(classCount: 2, spacing: [2, 0.5], images: [image]))
    #expect(
      try Self.value(.semanticSegmentation, "hausdorff", stretched) == (36.0 + 4).squareRoot())
  }

  @Test("a text and its canonically equivalent spelling are two classes")
  func unicode() throws {
    #expect(Label.text("\u{E9}") != Label.text("e\u{301}"))
    #expect(Label.text("1") != Label.integer(1))
    #expect(Label.integer(10) > Label.integer(9))
    #expect(Label.text("10") < Label.text("9"))
  }

  @Test("typed text is parsed as the parameter's type")
  func typedParameters() throws {
    let row = try MetricsCatalogue.metric("map", of: .objectDetection)
    let parameters = try MetricParameters(
      text: ["iou_thresholds": "0.5, 0.75", "max_dets": "3"], for: row)
    #expect(parameters["iou_thresholds"] == .list([.number(0.5), .number(0.75)]))
    #expect(parameters["max_dets"] == .integer(3))
    for wrong in [["max_dets": "3.5"], ["max_dets": "many"], ["iou_thresholds": ""], ["x": "1"]] {
      let error = #expect(throws: MetricError.self) {
        try MetricParameters(text: wrong, for: row)
      }
      #expect(error?.name == .invalidParameter)
    }
  }

  @Test("a typed positive label matches integer classes by their text")
  func typedLabel() throws {
    let row = try MetricsCatalogue.metric("recall", of: .tabularClassification)
    let parameters = try MetricParameters(text: ["positive_label": "7"], for: row)
    let columns = try LabelColumns(
      classes: [.integer(7), .integer(9)], truth: [0, 0, 1], prediction: [0, 1, 1])
    let outcome = try MetricsCatalogue.evaluate(
      task: .tabularClassification, metric: "recall", input: .labels(columns),
      parameters: parameters)
    #expect(outcome == .value(0.5))
  }
}
