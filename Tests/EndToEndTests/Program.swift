import Foundation
import Synchronization

/// The executables under test, as the build has just made them.
enum Executables {
  /// The folder of the running test bundle, which is the build's own.
  static let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().path

  static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  static func path(_ name: String) throws -> String {
    let path = "\(folder)/\(name)"
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw TestFailure("\(path) is not there; run: swift build --build-tests")
    }
    return path
  }
}

/// Something that a test needs did not work.
struct TestFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// What a program that has ended said.
struct Reply: Sendable {
  let code: Int32
  let out: String
  let err: String

  /// The JSON object on the last line of standard output.
  var object: [String: Any] {
    get throws {
      let line = out.split(separator: "\n").last.map(String.init) ?? ""
      guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      else { throw TestFailure("exit code \(code), no JSON: \(out)\(err)") }
      return object
    }
  }

  /// The value behind dotted names: `run.id`.
  func value(_ path: String) throws -> Any {
    var value: Any = try object
    for name in path.split(separator: ".") {
      guard let next = (value as? [String: Any])?[String(name)] else {
        throw TestFailure("no \(path) in \(out)")
      }
      value = next
    }
    return value
  }

  /// The text behind dotted names; 64-bit numbers are texts in proto3's JSON.
  func text(_ path: String) throws -> String {
    guard let text = try value(path) as? String else {
      throw TestFailure("\(path) is no text in \(out)")
    }
    return text
  }

  /// The objects of a list.
  func list(_ path: String) throws -> [[String: Any]] {
    guard let list = try value(path) as? [[String: Any]] else {
      throw TestFailure("\(path) is no list in \(out)")
    }
    return list
  }
}

extension Process {
  private static let starting = Mutex(())

  /// Starts it while no other is being started: that one could inherit the socket by which
  /// Foundation learns of this one's end, and this one would seem to live as long as that one
  /// (swift-corelibs-foundation, issue 4795).
  func runAlone() throws {
    try Self.starting.withLock { _ in try run() }
  }
}

/// Runs a program to its end.
///
/// Output goes through files, so that a program that says much never waits for a reader.
func run(
  _ path: String, _ arguments: [String], environment: [String: String] = [:], input: [UInt8] = []
) async throws -> Reply {
  let folder = NSTemporaryDirectory() + "assay-run-" + UUID().uuidString
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  for name in ["in", "out", "err"] {
    let content = name == "in" ? Data(input) : Data()
    try content.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
  }
  let process = Process()
  process.executableURL = URL(fileURLWithPath: path)
  process.arguments = arguments
  process.environment = ["PATH": "/usr/bin:/bin", "HOME": folder].merging(environment) { $1 }
  process.standardInput = FileHandle(forReadingAtPath: "\(folder)/in")
  process.standardOutput = FileHandle(forWritingAtPath: "\(folder)/out")
  process.standardError = FileHandle(forWritingAtPath: "\(folder)/err")
  let code = try await withCheckedThrowingContinuation {
    (continuation: CheckedContinuation<Int32, any Error>) in
    process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
    do {
      try process.runAlone()
    } catch {
      continuation.resume(throwing: error)
    }
  }
  return Reply(
    code: code, out: try String(contentsOfFile: "\(folder)/out", encoding: .utf8),
    err: try String(contentsOfFile: "\(folder)/err", encoding: .utf8))
}

/// Asks again until the answer is there, for at most `seconds`.
///
/// Separate processes have no clock that a test could set, so this is the one place that waits.
func eventually<Value>(
  _ what: String, within seconds: Double = 20, _ ask: () async throws -> Value?
) async throws -> Value {
  let clock = ContinuousClock()
  let deadline = clock.now + .seconds(seconds)
  while clock.now < deadline {
    if let value = try await ask() { return value }
    try await Task.sleep(for: .milliseconds(50))
  }
  throw TestFailure("\(what) did not happen within \(seconds) s")
}
