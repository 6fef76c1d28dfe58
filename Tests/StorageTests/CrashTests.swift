import Foundation
import Storage
import Testing

/// Names the database for the process that is to be killed.
private let victimVariable = "ASSAY_STORAGE_TEST_VICTIM"

@Suite("Sudden death", .timeLimit(.minutes(1)))
struct CrashTests {
  @Test("kill -9 loses nothing that was answered")
  func killedWriter() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("victim.sqlite")
    let answered = try killAfterAnswers(100, path: path)
    #expect(answered.count >= 100)

    let database = try Database.open(path: path, migrations: [peopleSchema])
    let stored = try await database.read { reader in
      Set(try reader.query("SELECT email FROM people") { try $0.text(0) })
    }
    #expect(answered.subtracting(stored).isEmpty)
    #expect(try await database.integrityCheck().isEmpty)
    await database.close()
  }

  /// The writer that `killedWriter` starts as a process of its own, and that never ends.
  @Test(
    "the process to be killed writes and says what was answered",
    .enabled(if: ProcessInfo.processInfo.environment[victimVariable] != nil))
  func victim() async throws {
    let path = try #require(ProcessInfo.processInfo.environment[victimVariable])
    let database = try Database.open(path: path, migrations: [peopleSchema])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<8 {
        group.addTask {
          for number in 0... {
            let email = "w\(writer)-\(number)"
            try await database.write {
              try $0.execute("INSERT INTO people (email) VALUES (?1)", email)
            }
            let line = "\nANSWERED \(email)\n"
            write(STDOUT_FILENO, line, line.utf8.count)
          }
        }
      }
      try await group.waitForAll()
    }
  }

  /// Runs `victim` in a process, kills it after so many answers, and returns them.
  private func killAfterAnswers(_ count: Int, path: String) throws -> Set<String> {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = ["--testing-library", "swift-testing", "--filter", "CrashTests/victim"]
    process.environment = ProcessInfo.processInfo.environment.merging([victimVariable: path]) {
      $1
    }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()

    var text = Data()
    var isKilled = false
    while true {
      let piece = output.fileHandleForReading.availableData
      if piece.isEmpty { break }
      text.append(piece)
      if !isKilled && answers(in: text).count >= count {
        kill(process.processIdentifier, SIGKILL)
        isKilled = true
      }
    }
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal)
    return answers(in: text)
  }

  /// The answers in whole lines; the last line may be cut off.
  private func answers(in output: Data) -> Set<String> {
    let lines = String(decoding: output, as: UTF8.self).split(separator: "\n").dropLast()
    return Set(lines.filter { $0.hasPrefix("ANSWERED ") }.map { String($0.dropFirst(9)) })
  }
}
