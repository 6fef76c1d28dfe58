import Foundation
import Synchronization

@testable import Commands

/// Runs command lines in this process and keeps what they print.
final class Recorder: Sendable {
  private let printed = Mutex<(out: String, err: String)>(("", ""))
  private let environment: [String: String]
  private let input: [UInt8]

  init(environment: [String: String] = [:], input: String = "") {
    self.environment = environment
    self.input = Array(input.utf8)
  }

  var out: String { printed.withLock { $0.out } }
  var err: String { printed.withLock { $0.err } }

  var console: Console {
    Console(
      out: { text in self.printed.withLock { $0.out += text } },
      err: { text in self.printed.withLock { $0.err += text } },
      isInteractive: false, readInput: { self.input })
  }

  /// Runs one command line and answers its exit code.
  func run(_ words: String...) async -> Int32 {
    await Application(environment: environment, console: console).run(words)
  }

  /// Runs one command line of a table of its own.
  func run(_ words: [String], commands: [Command]) async -> Int32 {
    await Application(environment: environment, console: console, commands: commands).run(words)
  }
}

/// A folder that is gone when the test is.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "assay-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and answers its path.
  func file(_ name: String, _ text: String) throws -> String {
    let file = "\(path)/\(name)"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }
}

/// The repository's own sample data.
enum Samples {
  static let folder =
    URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path + "/deploy/samples"
}
