import Foundation

/// A program of this build that ran to its end.
struct ProgramRun {
  let code: Int32
  /// All that it said, on both outputs.
  let said: String

  init(_ program: String, _ words: [String]) throws {
    // The folder of the running test bundle, which is the build's own.
    let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent()
    let process = Process()
    process.executableURL = folder.appendingPathComponent(program)
    process.arguments = words
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    said = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    code = process.terminationStatus
  }
}
