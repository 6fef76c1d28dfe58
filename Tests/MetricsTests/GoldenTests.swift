import Foundation
import Metrics
import Testing

/// The golden corpus: values of the reference libraries.
@Suite("Golden cases")
struct GoldenTests {
  /// How an input is fed to the engine.
  struct Feeding: CustomStringConvertible {
    /// Samples per chunk; nil: all at once through `evaluate`.
    let chunk: Int?
    let workers: Int

    var description: String { "chunk \(chunk.map(String.init) ?? "all"), \(workers) workers" }

    static let variants = [
      Feeding(chunk: 1, workers: 1), Feeding(chunk: 1, workers: 3), Feeding(chunk: 7, workers: 1),
      Feeding(chunk: 7, workers: 2), Feeding(chunk: nil, workers: 2),
      Feeding(chunk: nil, workers: 8),
    ]
  }

  /// An outcome or the name of an error.
  enum Answer: Equatable {
    case outcome(MetricOutcome)
    case error(MetricError.Name)
  }

  @Test("every case gives the value of the reference library within its tolerance")
  func corpus() throws {
    let files = try GoldenFile.all()
    var report = ""
    for file in files {
      var failures = 0
      for one in file.cases {
        for problem in try check(one, of: file) {
          failures += 1
          Issue.record("\(file.name) \(one.id): \(problem)")
        }
      }
      report += "\(file.name): \(file.cases.count) cases, \(failures) failures\n"
    }
    print(
      report + "\(files.reduce(0) { $0 + $1.cases.count }) golden cases in \(files.count) files")
  }

  @Test("every row of the catalogue has golden cases, and every file a row")
  func coverage() throws {
    let files = try GoldenFile.all().filter { $0.isListed && !$0.cases.isEmpty }
    let covered = Set(files.map { "\($0.task?.rawValue ?? "")/\($0.metric)" })
    let rows = MetricTask.allCases.flatMap(MetricsCatalogue.metrics)
    #expect(rows.count == 120)
    for row in rows {
      #expect(
        covered.contains("\(row.task.rawValue)/\(row.id)"), "no case of \(row.task) \(row.id)")
    }
    for file in files {
      let task = try #require(file.task)
      let row = try MetricsCatalogue.metric(file.metric, of: task)
      #expect(row.title == file.title)
      #expect(row.direction == file.direction)
    }
  }

  /// The problems of one case, over all ways to feed it.
  private func check(_ one: GoldenCase, of file: GoldenFile) throws -> [String] {
    guard let task = file.task else { return ["unknown task"] }
    let input = Result { try GoldenInput.decode(one.input) }
    func answer(_ feeding: Feeding) throws -> Answer {
      do {
        return .outcome(try outcome(one, input, task, file.metric, feeding))
      } catch let error as MetricError {
        return .error(error.name)
      }
    }
    let reference = try answer(Feeding(chunk: nil, workers: 1))
    if let problem = problem(reference, one) { return [problem] }
    var problems: [String] = []
    for feeding in Feeding.variants {
      let other = try answer(feeding)
      if !identical(reference, other) {
        problems.append("\(feeding) gives \(other), all at once \(reference)")
      }
    }
    return problems
  }

  private func problem(_ answer: Answer, _ one: GoldenCase) -> String? {
    switch (one.expectation, answer) {
    case (.error(let name), .error(let got)) where got.rawValue == name: return nil
    case (.undefined(let reason), .outcome(.undefined(let got))) where got.rawValue == reason:
      return nil
    case (.value(let expected), .outcome(.value(let got))) where one.accepts(got, expected):
      return nil
    case (.values(let expected, let value), .outcome(.values(let got, let mean))):
      let areEqual =
        expected.count == got.count
        && zip(expected, got).allSatisfy { expected, got in
          guard let expected, let got else { return expected == nil && got == nil }
          return one.accepts(got, expected)
        }
      let isMeanEqual = value.map { one.accepts(mean ?? .nan, $0) } ?? true
      if areEqual, isMeanEqual { return nil }
    default: break
    }
    return
      "expected \(one.expectation), got \(answer), "
      + "tolerance \(one.absoluteTolerance) + \(one.relativeTolerance)·|x|"
  }

  private func identical(_ first: Answer, _ second: Answer) -> Bool {
    switch (first, second) {
    case (.outcome(.value(let a)), .outcome(.value(let b))): a.bitPattern == b.bitPattern
    default: first == second
    }
  }

  private func outcome(
    _ one: GoldenCase, _ decoded: Result<MetricInput, any Error>, _ task: MetricTask,
    _ metric: String, _ feeding: Feeding
  ) throws -> MetricOutcome {
    guard case .object(let fields) = one.parameters else { throw CorpusError("no parameters") }
    let description = try MetricsCatalogue.metric(metric, of: task)
    let parameters = try MetricParameters(
      fields.mapValues { try $0.parameter() }, for: description)
    let input = try decoded.get()
    guard let chunk = feeding.chunk, input.count > 0 else {
      return try MetricsCatalogue.evaluate(
        task: task, metric: metric, input: input, parameters: parameters,
        workers: feeding.workers)
    }
    return try chunked(input, chunk, feeding.workers) {
      try MetricsCatalogue.makeState(task: task, metric: metric, parameters: parameters)
    }
  }

  /// Deals chunks out to states in turn, the last chunk first, and merges the states backwards.
  private func chunked(
    _ input: MetricInput, _ chunk: Int, _ workers: Int, _ make: () throws -> MetricState
  ) throws -> MetricOutcome {
    var states = try (0..<workers).map { _ in try make() }
    let starts = Array(stride(from: 0, to: input.count, by: chunk))
    for (index, start) in starts.enumerated().reversed() {
      let part = input.slice(start..<min(start + chunk, input.count))
      try states[index % workers].add(part, at: start)
    }
    var whole = try make()
    for state in states.reversed() { try whole.merge(state) }
    return try whole.outcome()
  }
}
