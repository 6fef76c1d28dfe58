import Foundation
import Metrics

/// One golden case: an input, parameters and what a reference library says about them.
struct GoldenCase: Sendable {
  enum Expectation: Sendable {
    case value(Double)
    case values([Double?], value: Double?)
    case undefined(String)
    case error(String)
  }

  let id: String
  let parameters: JSONValue
  let input: JSONValue
  let expectation: Expectation
  let absoluteTolerance: Double
  let relativeTolerance: Double

  init(_ json: JSONValue) throws {
    id = try json.string("id")
    parameters = json["params"] ?? .object([:])
    input = try json.required("input")
    expectation = try Self.expectation(json.required("expect"))
    absoluteTolerance = try json.required("tol").required("abs").double()
    relativeTolerance = try json.required("tol").required("rel").double()
  }

  private static func expectation(_ json: JSONValue) throws -> Expectation {
    if let error = json["error"] { return .error(try error.string()) }
    if let reason = json["undefined"] { return .undefined(try reason.string()) }
    let value = try json["value"].map { try $0.double() }
    guard let values = json["values"] else { return .value(try json.required("value").double()) }
    return .values(
      try values.entries().map {
        if case .null = $0 { nil } else { try $0.double() }
      }, value: value)
  }

  /// Whether a number is the expected one within the case's tolerance.
  func accepts(_ got: Double, _ expected: Double) -> Bool {
    got.isFinite
      && (got - expected).magnitude
        <= absoluteTolerance + relativeTolerance * expected.magnitude
  }
}

/// One file of the corpus: the cases of one row.
struct GoldenFile: Sendable {
  let name: String
  let task: MetricTask?
  let metric: String
  /// The title and direction of the row.
  let title: String
  let direction: MetricDirection?
  /// Whether the file is about a row of the list.
  let isListed: Bool
  let cases: [GoldenCase]

  static let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["ASSAY_METRIC_CASES"] {
      return URL(fileURLWithPath: path)
    }
    return URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Cases")
  }()

  /// All files of the corpus, in a fixed order; read once for all tests.
  static func all() throws -> [GoldenFile] { try read.get() }

  private static let read = Result { try readAll() }

  private static func readAll() throws -> [GoldenFile] {
    let manager = FileManager.default
    var files: [GoldenFile] = []
    for task in try manager.contentsOfDirectory(atPath: folder.path).sorted() {
      let directory = folder.appendingPathComponent(task)
      guard let names = try? manager.contentsOfDirectory(atPath: directory.path) else { continue }
      for name in names.sorted() where name.hasSuffix(".json") {
        files.append(try read(directory.appendingPathComponent(name)))
      }
    }
    return files
  }

  private static func read(_ url: URL) throws -> GoldenFile {
    let json = try JSONParser.parse([UInt8](Data(contentsOf: url)))
    let task = try json.string("task")
    return GoldenFile(
      name: "\(url.deletingLastPathComponent().lastPathComponent)/\(url.lastPathComponent)",
      task: task == "extras" ? .instanceSegmentation : MetricTask(rawValue: task),
      metric: try json.string("metric"), title: try json.string("row"),
      direction: MetricDirection(rawValue: try json.string("sort")), isListed: task != "extras",
      cases: try json.required("cases").entries().map(GoldenCase.init))
  }
}

extension JSONValue {
  func required(_ name: String) throws -> JSONValue {
    guard let value = self[name] else { throw CorpusError("no field \(name)") }
    return value
  }

  func string(_ name: String) throws -> String { try required(name).string() }

  func string() throws -> String {
    guard case .text(let text) = self else { throw CorpusError("not a string") }
    return text
  }

  /// A number; the strings NaN, Infinity and -Infinity stand for themselves.
  func double() throws -> Double {
    switch self {
    case .integer(let value): return Double(value)
    case .number(let value): return value
    case .text("NaN"): return .nan
    case .text("Infinity"): return .infinity
    case .text("-Infinity"): return -.infinity
    default: throw CorpusError("not a number")
    }
  }

  func integer() throws -> Int64 {
    switch self {
    case .integer(let value): return value
    case .number(let value):
      guard let integer = Int64(exactly: value) else { throw CorpusError("not an integer") }
      return integer
    default: throw CorpusError("not an integer")
    }
  }

  func bool() throws -> Bool {
    switch self {
    case .flag(let value): return value
    case .integer(let value): return value != 0
    default: throw CorpusError("not a flag")
    }
  }

  func entries() throws -> [JSONValue] {
    guard case .list(let entries) = self else { throw CorpusError("not a list") }
    return entries
  }

  func doubles() throws -> [Double] { try entries().map { try $0.double() } }
  func integers() throws -> [Int64] { try entries().map { try $0.integer() } }
  func bools() throws -> [Bool] { try entries().map { try $0.bool() } }

  func labels() throws -> [Label] {
    try entries().map {
      switch $0 {
      case .text(let text): .text(text)
      case .integer(let value): .integer(value)
      default: throw CorpusError("not a label")
      }
    }
  }

  /// The same value as a parameter.
  func parameter() throws -> ParameterValue {
    switch self {
    case .flag(let value): return .flag(value)
    case .integer(let value): return .integer(value)
    case .number(let value): return .number(value)
    case .text(let text): return .text(text)
    case .list(let entries): return .list(try entries.map { try $0.parameter() })
    case .null, .object: throw CorpusError("not a parameter")
    }
  }
}
