import Foundation
import Metrics
import Testing

@testable import Formats

/// Which metrics each form of predictions allows, and what is said of files that have none.
@Suite("Forms of predictions")
struct FormTests {
  static func metrics(
    _ truth: String, _ predictions: String, _ task: MetricTask = .tabularClassification,
    options: PredictionOptions = PredictionOptions()
  ) throws -> Set<String> {
    let dataset = try TableTests.dataset(truth, task)
    let read = try PredictionsReader.read(
      bytes: Array(predictions.utf8), for: dataset, options: options)
    let input = try ScoringInput(dataset, read)
    for metric in input.metrics {
      // Some refuse the data: an AUC of three classes. None is refused for its kind of input.
      do throws(MetricError) {
        _ = try input.outcome(of: metric, parameters: MetricParameters(for: metric))
      } catch {
        #expect(error.name != .unsupportedInput, "\(metric.id): \(error)")
      }
    }
    return Set(input.metrics.map(\.id))
  }

  static let three = "id,label\na,x\nb,y\nc,z\n"
  static let two = "id,label\na,no\nb,yes\nc,no\n"
  static let several = "id,x,y\na,1,0\nb,1,1\nc,0,1\n"

  @Test("logits allow rankings, labels and the loss, but no metric of probabilities")
  func logits() throws {
    let found = try Self.metrics(
      Self.three, "id,logit:z,logit:x,logit:y\na,0,5,-1\nb,1,2,3\nc,9,0,0\n")
    #expect(found.isSuperset(of: ["accuracy", "auc_roc", "loss", "mcc"]))
    #expect(found.isDisjoint(with: ["log_loss", "brier"]))
  }

  @Test("one column of scores or logits is for two classes")
  func binary() throws {
    let scores = try Self.metrics(Self.two, "id,score\nc,0.3\na,0.1\nb,0.9\n")
    #expect(scores.isSuperset(of: ["auc", "gini", "log_loss", "brier", "accuracy"]))
    let logits = try Self.metrics(Self.two, "id,logit\nc,-3\na,-1\nb,4\n")
    #expect(logits.contains("loss"))
    #expect(!logits.contains("log_loss"))
    let problems = try TableTests.predictionProblems("id,score\na,1\nb,1\nc,1\n", for: Self.three)
    #expect(problems.map(\.kind) == [.wrongHeader])
    #expect(problems[0].column == 2)
  }

  @Test("a class named as a special column keeps its column")
  func specialNames() throws {
    let found = try Self.metrics(
      "id,label\na,score\nb,logit\n", "id,score,logit\na,0.75,0.25\nb,0.5,0.5\n")
    #expect(found.contains("log_loss"))
  }

  @Test("several labels are told by 0 and 1, scores and logits by their columns")
  func multilabel() throws {
    let labels = try Self.metrics(Self.several, "id,y,x\nc,1,0\na,0,1\nb,1,1\n")
    #expect(labels.isSuperset(of: ["accuracy", "f1", "hamming_loss", "auc_roc"]))
    let scores = try Self.metrics(Self.several, "id,y,x\nc,0.5,0\na,0.25,1\nb,1,1\n")
    #expect(scores.contains("auc_roc"))
    #expect(!scores.contains("f1"))
    let logits = try Self.metrics(
      Self.several, "id,logit:x,logit:y\na,3,-3\nb,1,1\nc,-9,9\n")
    #expect(logits == ["loss"])
    let all = try Self.metrics(
      Self.several,
      "id,x,y,score:x,score:y,logit:x,logit:y\na,1,0,7,-1,1,2\nb,1,1,3,4,5,6\nc,0,1,0,1,0,1\n")
    #expect(all.isSuperset(of: ["accuracy", "f1", "auc_roc", "auc_pr", "loss"]))
  }

  @Test("a perfect table of several labels scores 1, whatever the order of its columns")
  func multilabelScores() throws {
    let dataset = try TableTests.dataset(Self.several)
    #expect(dataset.classes == ["x", "y"])
    #expect(dataset.classCounts.map(\.count) == [2, 2])
    let predictions = try PredictionsReader.read(
      bytes: Array("id,y,x\nc,1,0\na,0,1\nb,1,1\n".utf8), for: dataset)
    #expect(try SampleTests.score(dataset, predictions, "accuracy") == 1)
    #expect(try SampleTests.score(dataset, predictions, "auc_roc") == 1)
  }

  @Test("what is wrong with several labels is said with line and column")
  func badMultilabel() throws {
    let kinds = { (text: String) in
      try TableTests.predictionProblems(text, for: Self.several).map(\.kind)
    }
    #expect(try TableTests.truthProblems("id,x,y\na,1,2\n").map(\.kind) == [.outOfRange])
    #expect(try TableTests.truthProblems("id,x,y\na,1,cat\n").map(\.column) == [3])
    #expect(try kinds("id,x\na,1\n") == [.wrongHeader])
    #expect(try kinds("id,x,y,z\na,1,1,1\n") == [.wrongHeader])
    #expect(try kinds("id,score:x\na,1\n") == [.wrongHeader])
    #expect(try kinds("id\na\n") == [.wrongHeader])
    #expect(
      try kinds("id,x,y\na,1,1.5\nb,nan,0\nc,1,\n")
        == [.invalidProbability, .notFinite, .missingValue])
    let declared = try TableTests.dataset("id,x,age,y\na,1,34,0\n", classes: ["y", "x"])
    #expect(declared.classes == ["y", "x"])
    #expect(declared.columns.map(\.role) == [.id, .label, .feature, .label])
  }

  @Test("a reported loss is taken where that is allowed, and nowhere else")
  func reportedLoss() throws {
    var options = PredictionOptions()
    options.allowsReportedLoss = true
    let truth = "id,target\na,1\n"
    #expect(
      try Self.metrics(truth, "loss,count\n0.7,32\n0.5,16\n", .tabularRegression, options: options)
        == ["loss"])
    let dataset = try TableTests.dataset(truth, .tabularRegression)
    let read = try PredictionsReader.read(
      bytes: Array("count,loss\n3,1\n1,0\n".utf8), for: dataset, options: options)
    #expect(try SampleTests.score(dataset, read, "loss") == 0.75)
    let problems = try TableTests.problems {
      _ = try PredictionsReader.read(
        bytes: Array("loss,count\nx,1\n1,0\n1,1.5\n".utf8), for: dataset, options: options)
    }
    #expect(problems.map(\.kind) == [.notANumber, .outOfRange, .outOfRange])
    #expect(
      try TableTests.predictionProblems("loss\n0\n", for: truth, .tabularRegression).map(\.kind)
        == [.wrongHeader])
  }

  // MARK: Arrays

  static func floats(_ shape: String, _ values: [Double]) -> [UInt8] {
    let data = values.flatMap { value in
      (0..<8).map { UInt8(value.bitPattern >> (8 * UInt64($0)) & 0xFF) }
    }
    return ObjectTests.array("<f8", shape, data)
  }

  static func problem(
    _ truth: [UInt8], _ prediction: [UInt8]? = nil, _ task: MetricTask = .tabularClassification,
    classes: [String]? = nil, ignoreIndex: Int32? = nil
  ) throws -> FormatProblem.Kind? {
    try TableTests.problems {
      let dataset = try DatasetReader.read(
        bytes: truth, task: task, classes: classes, ignoreIndex: ignoreIndex)
      if let prediction { _ = try PredictionsReader.read(bytes: prediction, for: dataset) }
    }.first?.kind
  }

  @Test("arrays of classification: shapes, types, ranges")
  func classArrays() throws {
    let truth = ObjectTests.array("|u1", "2,", [0, 1])
    #expect(try Self.problem(truth, Self.floats("2, 2", [1, 0, 0.5, 0.5])) == nil)
    #expect(try Self.problem(Self.floats("2,", [0, 1])) == .shapeMismatch)
    #expect(try Self.problem(ObjectTests.array("|u1", "0,", [])) == .emptyFile)
    #expect(try Self.problem(ObjectTests.array("|u1", "", [1])) == .shapeMismatch)
    #expect(try Self.problem(truth, Self.floats("3,", [0, 1, 0])) == .shapeMismatch)
    #expect(try Self.problem(truth, Self.floats("2, 0", [])) == .shapeMismatch)
    #expect(try Self.problem(truth, Self.floats("2, 1, 1", [1, 0])) == .shapeMismatch)
    #expect(try Self.problem(truth, Self.floats("2, 2", [1, 0, 0.5, 0.6])) == .probabilitySum)
    #expect(try Self.problem(truth, Self.floats("2, 2", [2, -1, 1, 0])) == .invalidProbability)
    #expect(try Self.problem(truth, Self.floats("2,", [1, .infinity])) == .notFinite)
    let cells = ObjectTests.array("|u1", "1, 2", [0, 1])
    #expect(try Self.problem(cells, cells) == nil)
    #expect(try Self.problem(ObjectTests.array("|u1", "1, 2", [0, 2])) == .outOfRange)
    #expect(try Self.problem(cells, ObjectTests.array("|i1", "1, 2", [0, 255])) == .outOfRange)
    #expect(try Self.problem(cells, truth) == .shapeMismatch)
    #expect(try Self.problem([], []) == .emptyFile)
  }

  @Test("arrays of segmentation: labels that are no class, scores that are no probabilities")
  func mapArrays() throws {
    let kind = { (truth: [UInt8], prediction: [UInt8]?) in
      try Self.problem(
        truth, prediction, .semanticSegmentation, classes: ["a", "b"], ignoreIndex: 9)
    }
    let truth = ObjectTests.array("|u1", "1, 2", [0, 9])
    #expect(try kind(truth, ObjectTests.array("|i1", "1, 2", [1, 255])) == nil)
    #expect(try kind(truth, ObjectTests.array("|i1", "1, 2", [255, 1])) == .unknownLabel)
    #expect(try kind(truth, ObjectTests.array("|u1", "1, 2", [2, 1])) == .unknownLabel)
    #expect(try kind(ObjectTests.array("|u1", "1, 2", [0, 2]), nil) == .unknownLabel)
    #expect(try kind(truth, ObjectTests.array("|u1", "2, 1", [0, 1])) == .shapeMismatch)
    #expect(try kind(truth, Self.floats("1, 2", [0, 1])) == .shapeMismatch)
    #expect(try kind(truth, Self.floats("3, 1, 2", [0, 0, 1, 1, 0, 0])) == .shapeMismatch)
    #expect(try kind(truth, Self.floats("2, 1, 2", [7, 0.5, -6, 0.5])) == .invalidProbability)
    #expect(try kind(truth, Self.floats("2, 1, 2", [0.5, 0.2, 0.4, 0.2])) == .probabilitySum)
    #expect(try kind(truth, Self.floats("2, 1, 2", [0.5, 0.2, 0.5, 0.2])) == nil)
    #expect(try kind(Self.floats("1, 2", [0, 1]), nil) == .shapeMismatch)
  }

  @Test("scores of pixels give the loss; logits where they are declared")
  func pixelScores() throws {
    let dataset = try DatasetReader.read(
      bytes: ObjectTests.array("|u1", "1, 1, 2", [0, 1]), task: .semanticSegmentation)
    for (areLogits, scores) in [(false, [0.5, 0.5, 0.5, 0.5]), (true, [3, -2, 3, -2])] {
      var options = PredictionOptions()
      options.areLogits = areLogits
      let predictions = try PredictionsReader.read(
        bytes: Self.floats("1, 2, 1, 2", scores), for: dataset, options: options)
      #expect(try ScoringInput(dataset, predictions).metrics.map(\.id) == ["loss"])
      let loss = try SampleTests.score(dataset, predictions, "loss")
      #expect((loss - 0.6931471805599453).magnitude < 1e-12)
    }
  }

  @Test("some rows of an array are scored alone")
  func someRows() throws {
    let dataset = try DatasetReader.read(
      bytes: ObjectTests.array("<i2", "3,", [0, 0, 1, 0, 1, 0]), task: .tabularClassification)
    let predictions = try PredictionsReader.read(
      bytes: ObjectTests.array("|u1", "3,", [0, 0, 1]), for: dataset)
    let metric = try MetricsCatalogue.metric("accuracy", of: .tabularClassification)
    let part = try ScoringInput(dataset, predictions, rows: [0, 2])
    #expect(
      try part.outcome(of: metric, parameters: MetricParameters(for: metric)) == .value(1))
  }
}
