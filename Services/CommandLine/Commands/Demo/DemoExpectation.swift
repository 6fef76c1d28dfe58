import Foundation

/// What the reference libraries say of a folder of samples: `expected.json`.
struct DemoExpectation: Decodable, Sendable {
  let task: String
  /// Scores by participant and metric.
  let participants: [String: [String: Double]]

  /// Largest difference that still is the same score.
  static let tolerance = 1e-9

  init(folder: String) throws {
    let path = folder + "/expected.json"
    let bytes = try LocalFile.contents(path, limit: 1 << 20)
    do {
      self = try JSONDecoder().decode(DemoExpectation.self, from: Data(bytes))
    } catch {
      throw CommandFailure("\(path) is not an object of a task and participants' scores")
    }
  }

  /// The metric and its parameters behind a name of the file: `f1_macro` is F1, `average=macro`.
  static func metric(_ name: String) -> (id: String, parameters: [String]) {
    name == "f1_macro" ? ("f1", ["average=macro"]) : (name, [])
  }

  /// The expected score of a use case's own metric.
  func primary(_ participant: String, of useCase: DemoUseCase) -> Double? {
    participants[participant]?.first {
      Self.metric($0.key) == (useCase.metric, useCase.parameters)
    }?.value
  }
}

/// Everything that was not as expected.
struct DemoFindings {
  private(set) var faults: [String] = []
  private(set) var comparisons = 0

  /// Notes a difference unless `isTrue`.
  mutating func check(_ isTrue: Bool, _ fault: @autoclosure () -> String) {
    comparisons += 1
    if !isTrue { faults.append(fault()) }
  }

  /// Notes a difference unless a score is the expected one.
  mutating func score(_ name: String, _ got: Double?, expected: Double?) {
    let isSame =
      if let got, let expected { abs(got - expected) <= DemoExpectation.tolerance } else { false }
    check(isSame, "\(name): \(JSON.number(got)), expected \(JSON.number(expected))")
  }
}
