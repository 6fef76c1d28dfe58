import Metrics
import Testing

@testable import Formats

/// What tables may look like, and what is said of those that may not.
@Suite("Tables")
struct TableTests {
  static func dataset(
    _ text: String, _ task: MetricTask = .tabularClassification, classes: [String]? = nil
  ) throws -> Dataset {
    try DatasetReader.read(bytes: Array(text.utf8), task: task, classes: classes)
  }

  static let animals = "id,label\na,cat\nb,dog\nc,cat\n"

  static func problems(_ body: () throws -> Void) throws -> [FormatProblem] {
    do {
      try body()
    } catch let error as FormatError {
      return error.problems
    }
    return []
  }

  static func truthProblems(
    _ text: String, _ task: MetricTask = .tabularClassification, classes: [String]? = nil
  ) throws -> [FormatProblem] {
    try problems { _ = try dataset(text, task, classes: classes) }
  }

  static func predictionProblems(
    _ text: String, for truth: String = animals, _ task: MetricTask = .tabularClassification
  ) throws -> [FormatProblem] {
    let dataset = try dataset(truth, task)
    return try problems {
      _ = try PredictionsReader.read(bytes: Array(text.utf8), for: dataset)
    }
  }

  @Test("chunks of any size give the same table", arguments: [1, 2, 3, 7, 64, 4096])
  func chunks(size: Int) throws {
    let text =
      "\u{FEFF}id,label,\"note, free\"\r\n"
      + "\"a\",cat,\"says \"\"miau\"\"\r\nand sleeps\"\r\nb,dög,\r\n"
    var reader = DatasetReader(task: .textClassification)
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: size) {
      try reader.read(Array(bytes[start..<min(start + size, bytes.count)]))
    }
    let dataset = try reader.finish()
    #expect(dataset.rowCount == 2)
    #expect(dataset.id(ofRow: 0) == "a")
    #expect(dataset.classes == ["cat", "dög"])
    #expect(dataset.columns[2].name == "note, free")
    #expect(dataset.columns[2].missingCount == 1)
    #expect(dataset.columns[2].type == .text)
  }

  @Test("integer labels are ordered by value")
  func integerClasses() throws {
    #expect(try Self.dataset("id,label\na,10\nb,9\nc,2\n").classes == ["2", "9", "10"])
    #expect(try Self.dataset("id,label\na,10\nb,9\nc,x\n").classes == ["10", "9", "x"])
  }

  @Test("declared classes keep their order and may be absent")
  func declaredClasses() throws {
    let dataset = try Self.dataset(Self.animals, classes: ["mouse", "dog", "cat"])
    #expect(dataset.classes == ["mouse", "dog", "cat"])
    #expect(dataset.classCounts.map(\.count) == [0, 1, 2])
    let problems = try Self.truthProblems(Self.animals, classes: ["cat"])
    #expect(problems.map(\.kind) == [.unknownLabel])
    #expect(problems[0].line == 3)
    #expect(problems[0].column == 2)
  }

  @Test("labels that only look alike stay apart")
  func unicodeTwins() throws {
    #expect(try Self.dataset("id,label\na,\u{E9}\nb,e\u{301}\n").classes.count == 2)
  }

  @Test("what is wrong with a truth is said with line, column and expectation")
  func truthProblems() throws {
    #expect(try Self.truthProblems("").map(\.kind) == [.emptyFile])
    #expect(try Self.truthProblems("id,label\n").map(\.kind) == [.emptyFile])
    #expect(try Self.truthProblems("id,class\na,b\n").map(\.kind) == [.wrongHeader])
    #expect(try Self.truthProblems("id,label,id\na,b,c\n").map(\.kind) == [.wrongHeader])
    #expect(try Self.truthProblems("id,label\na,b,c\n").map(\.kind) == [.raggedRow])
    #expect(try Self.truthProblems("id,label\na,\"cat").map(\.kind) == [.unterminatedQuote])
    #expect(try Self.truthProblems("id,label\na,c\"at\n").map(\.kind) == [.malformedQuote])
    #expect(try Self.truthProblems("id,label\na,\"c\"at\n").map(\.kind) == [.malformedQuote])
    #expect(try Self.truthProblems("id,label\na,cat\rb,dog\n").map(\.kind) == [.bareCarriageReturn])
    #expect(try Self.truthProblems("id,label\na,cat\na,dog\n").map(\.kind) == [.duplicateID])
    #expect(try Self.truthProblems("id,label\na,\n").map(\.kind) == [.missingValue])
    let ragged = try Self.truthProblems("id,label\na,b\n\n\"x\ny\",b\nc\n")
    #expect(ragged.map(\.line) == [6])
  }

  @Test("numbers must be numbers, finite and in their range")
  func numbers() throws {
    let regression = try Self.truthProblems(
      "id,target\na,1\nb,x\nc,nan\nd,-inf\ne,0x10\nf,\n", .tabularRegression)
    #expect(
      regression.map(\.kind) == [.notANumber, .notFinite, .notFinite, .notANumber, .missingValue])
    #expect(regression.map(\.line) == [3, 4, 5, 6, 7])
    let survival = try Self.truthProblems(
      "id,time,event\na,-1,1\nb,2,maybe\n", .timeToEventPrediction)
    #expect(survival.map(\.kind) == [.outOfRange, .outOfRange])
  }

  @Test("bytes that are not UTF-8 are refused")
  func encoding() throws {
    let bytes = Array("id,label\na,".utf8) + [0xFF, 0xFE] + Array("\n".utf8)
    let problems = try Self.problems {
      _ = try DatasetReader.read(bytes: bytes, task: .tabularClassification)
    }
    #expect(problems.map(\.kind) == [.invalidUTF8])
    #expect(problems[0].line == 2)
    #expect(problems[0].column == 2)
  }

  @Test("problems are collected up to the limit")
  func limit() throws {
    let rows = (0..<50).map { "a\($0),x\n" }.joined()
    let error = #expect(throws: FormatError.self) {
      _ = try Self.dataset("id,target\n" + rows, .tabularRegression)
    }
    #expect(error?.problems.count == 20)
    #expect(error?.isTruncated == true)
  }

  @Test("what is wrong with predictions is said with line and column")
  func predictionProblems() throws {
    #expect(
      try Self.predictionProblems("id,label\na,cat\nb,dog\n").map(\.kind) == [.missingID])
    #expect(
      try Self.predictionProblems("id,label\na,cat\nb,dog\nc,cow\nd,cat\na,cat\n").map(\.kind)
        == [.unknownLabel, .unknownID, .duplicateID])
    #expect(
      try Self.predictionProblems("id,cat,dog\na,1,0\nb,0.5,1.5\nc,0.5,0.6\n").map(\.kind)
        == [.invalidProbability, .probabilitySum])
    #expect(try Self.predictionProblems("id,cat\na,1\n").map(\.kind) == [.wrongHeader])
    #expect(try Self.predictionProblems("id,cat,dog,cow\na,1,0,0\n").map(\.kind) == [.wrongHeader])
    #expect(try Self.predictionProblems("id\na\n").map(\.kind) == [.wrongHeader])
    #expect(
      try Self.predictionProblems(
        "id,prediction,extra\na,1,2\n", for: "id,target\na,1\n", .tabularRegression
      ).map(\.kind) == [.wrongHeader])
  }

  @Test("class columns are matched by name, not by position")
  func classColumns() throws {
    let dataset = try Self.dataset(Self.animals)
    let outcomes = try [
      "id,cat,dog\na,1,0\nb,0.2,0.8\nc,1,0\n", "dog,id,cat\n0,c,1\n0.8,b,0.2\n0,a,1\n",
    ]
    .map { text in
      let predictions = try PredictionsReader.read(bytes: Array(text.utf8), for: dataset)
      return try SampleTests.score(dataset, predictions, "log_loss")
    }
    #expect(outcomes[0] == outcomes[1])
  }

  @Test("label metrics use the label column if there is one, else the most probable class")
  func labelColumn() throws {
    let dataset = try Self.dataset(Self.animals)
    let both = try PredictionsReader.read(
      bytes: Array("id,label,cat,dog\na,dog,1,0\nb,cat,0,1\nc,dog,1,0\n".utf8), for: dataset)
    #expect(try SampleTests.score(dataset, both, "accuracy") == 0)
    let probabilities = try PredictionsReader.read(
      bytes: Array("id,cat,dog\na,1,0\nb,0,1\nc,1,0\n".utf8), for: dataset)
    #expect(try SampleTests.score(dataset, probabilities, "accuracy") == 1)
    let labels = try PredictionsReader.read(
      bytes: Array("id,label\na,cat\nb,dog\nc,cat\n".utf8), for: dataset)
    let allowed = try ScoringInput(dataset, labels).metrics.map(\.id)
    #expect(allowed.contains("f1"))
    #expect(!allowed.contains("log_loss"))
  }

  @Test("forecasts are put in time order within each series")
  func timeOrder() throws {
    let truth = "series,timestamp,target\nb,2,1\na,10,30\na,9,10\na,11,20\nb,1,5\n"
    let dataset = try Self.dataset(truth, .timeSeriesForecasting)
    let predicted = "series,timestamp,prediction\na,9,11\na,10,29\na,11,20\nb,1,5\nb,2,1\n"
    let predictions = try PredictionsReader.read(bytes: Array(predicted.utf8), for: dataset)
    let metric = try MetricsCatalogue.metric("mae", of: .timeSeriesForecasting)
    let input = try #require(try ScoringInput(dataset, predictions).input(for: metric))
    guard case .series(let series) = input else {
      Issue.record("not series")
      return
    }
    #expect(series.map(\.truth) == [[5, 1], [10, 30, 20]])
    #expect(series.map(\.prediction) == [[5, 1], [11, 29, 20]])
    #expect(
      try Self.truthProblems(
        "series,timestamp,target\na,2020-02-30,1\na,1999-01-01,2\na,3,1\n", .timeSeriesForecasting
      ).map(\.kind) == [.invalidTimestamp, .invalidTimestamp])
  }

  @Test("the history of a series is what another table holds before its first point")
  func history() throws {
    let train = try Self.dataset(
      "series,timestamp,target\na,2020-01-02,2\na,2020-01-01,1\nb,2020-01-01,7\n",
      .timeSeriesForecasting)
    let dataset = try Self.dataset(
      "series,timestamp,target\na,2020-01-03,3\n", .timeSeriesForecasting)
    let predictions = try PredictionsReader.read(
      bytes: Array("series,timestamp,prediction\na,2020-01-03,4\n".utf8), for: dataset)
    let metric = try MetricsCatalogue.metric("theil_u2", of: .timeSeriesForecasting)
    let scoring = try ScoringInput(dataset, predictions, history: train)
    let parameters = try MetricParameters(text: ["use_history": "true"], for: metric)
    #expect(try scoring.outcome(of: metric, parameters: parameters) == .value(1))
  }

  @Test("an evaluation can be restricted to some rows")
  func rows() throws {
    let dataset = try Self.dataset(Self.animals)
    let predictions = try PredictionsReader.read(
      bytes: Array("id,label\na,cat\nb,cat\nc,cat\n".utf8), for: dataset)
    let metric = try MetricsCatalogue.metric("accuracy", of: .tabularClassification)
    let parameters = try MetricParameters(for: metric)
    let part = try ScoringInput(dataset, predictions, rows: [0, 1])
    #expect(try part.outcome(of: metric, parameters: parameters) == .value(0.5))
  }

  @Test("decimal numbers are parsed to the nearest Float64")
  func decimals() throws {
    let texts = [
      "0.1", "1e-5", "123456789.123456789", "5e-324", "1.7976931348623157e308", "-0.0",
      "9007199254740993", "0.000000000000000000000001", "3.5E2", "+4", ".5", "5.",
    ]
    let rows = texts.enumerated().map { "r\($0),\($1)\n" }.joined()
    let dataset = try Self.dataset("id,target\n" + rows, .tabularRegression)
    let predictions = try PredictionsReader.read(
      bytes: Array(("id,prediction\n" + rows).utf8), for: dataset)
    let metric = try MetricsCatalogue.metric("mae", of: .tabularRegression)
    let input = try ScoringInput(dataset, predictions).input(for: metric)
    guard case .regression(let columns)? = input else {
      Issue.record("not a regression")
      return
    }
    for (text, value) in zip(texts, columns.truth) { #expect(Double(text) == value, "\(text)") }
  }
}
