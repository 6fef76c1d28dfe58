import Foundation
import Synchronization
import Testing

@testable import Storage

@Suite("Bringing commits to the disk")
struct FlushTests {
  /// A disk that takes as long as the test wants, and fails when it is told to.
  private final class SlowDisk: Sendable {
    private let gate = DispatchSemaphore(value: 0)
    private let state = Mutex((begun: 0, isFailing: false))

    func flush() throws(StorageError) {
      state.withLock { $0.begun += 1 }
      gate.wait()
      if state.withLock({ $0.isFailing }) { throw StorageError.inputOutput("the disk is gone") }
    }

    var begun: Int { state.withLock { $0.begun } }

    func letThrough(_ count: Int = 1) { for _ in 0..<count { gate.signal() } }

    func fail() {
      state.withLock { $0.isFailing = true }
      letThrough(100)
    }

    func untilBegun(_ count: Int) async {
      while begun < count { await Task.yield() }
    }
  }

  private let folder: TemporaryFolder
  private let disk = SlowDisk()
  private let database: Database

  init() throws {
    folder = try TemporaryFolder()
    database = try Database(
      path: folder.file("test.sqlite"), migrations: [peopleSchema], options: .init(),
      flush: disk.flush)
  }

  private func insert(_ email: String) -> Task<Void, any Error> {
    Task { [database] in
      _ = try await database.write {
        try $0.execute("INSERT INTO people (email) VALUES (?1)", email)
      }
    }
  }

  private func count() -> Task<Int, any Error> {
    Task { [database] in
      try await database.read { reader in
        try reader.queryOne("SELECT count(*) FROM people") { try $0.int(0) } ?? 0
      }
    }
  }

  /// Whether the task ends within a tenth of a second; a correct program never makes this fail.
  private func ends<Value: Sendable>(_ task: Task<Value, any Error>) async throws -> Bool {
    let ended = Mutex(false)
    let watcher = Task {
      _ = try? await task.value
      ended.withLock { $0 = true }
    }
    try await Task.sleep(for: .milliseconds(100))
    watcher.cancel()
    return ended.withLock { $0 }
  }

  @Test("a write is answered when the disk has it, and not before")
  func writeWaits() async throws {
    let write = insert("a")
    await disk.untilBegun(1)
    #expect(try await !ends(write))
    disk.letThrough()
    try await write.value
  }

  @Test("the next bodies run and commit while the disk is busy; one flush answers all of them")
  func writerGoesOn() async throws {
    let ran = Recorder<Int>()
    let first = insert("a")
    await disk.untilBegun(1)
    let others = (0..<3).map { number in
      Task { [database] in
        try await database.write { transaction in
          try transaction.execute("INSERT INTO people (email) VALUES (?1)", "b\(number)")
          ran.append(number)
        }
      }
    }
    // The first was alone, so that the writer waited for the disk itself.
    disk.letThrough()
    try await first.value
    await disk.untilBegun(2)
    while ran.all.count < 3 { await Task.yield() }
    for other in others { #expect(try await !ends(other)) }
    disk.letThrough(10)
    for other in others { try await other.value }
    #expect(database.statistics.flushes <= 4)
  }

  @Test("who reads what the disk has not yet is answered when it has it")
  func readWaits() async throws {
    #expect(try await count().value == 0, "nothing to wait for")
    let write = insert("a")
    await disk.untilBegun(1)
    let read = count()
    #expect(try await !ends(read))
    disk.letThrough()
    #expect(try await read.value == 1)
    try await write.value
    #expect(try await count().value == 1, "nothing to wait for any more")
  }

  @Test("afterCommit runs when the disk has it; onCommit at once, before the next body")
  func actions() async throws {
    let ran = Recorder<String>()
    let write = Task { [database] in
      try await database.write { transaction in
        try transaction.execute("INSERT INTO people (email) VALUES ('a')")
        transaction.afterCommit { ran.append("afterCommit") }
        transaction.onCommit { ran.append("onCommit") }
      }
    }
    await disk.untilBegun(1)
    #expect(ran.all == ["onCommit"])
    disk.letThrough()
    try await write.value
    #expect(ran.all == ["onCommit", "afterCommit"])
  }

  @Test("what changes nothing waits for no disk")
  func nothingChanged() async throws {
    try await database.write { _ = try $0.exists("SELECT 1 FROM people") }
    await #expect(throws: StorageError.self) {
      try await database.write { try $0.execute("INSERT INTO people (email) VALUES (NULL)") }
    }
    #expect(database.statistics.flushes == 0)
    #expect(disk.begun == 0)
  }

  @Test("a flush that fails fails what waits for it, and all that comes after")
  func failure() async throws {
    let ran = Recorder<String>()
    database.onDiskFailure { ran.append("\($0)") }
    let write = Task { [database] in
      try await database.write { transaction in
        try transaction.execute("INSERT INTO people (email) VALUES ('a')")
        transaction.afterCommit { ran.append("afterCommit") }
      }
    }
    await disk.untilBegun(1)
    let read = count()
    disk.fail()
    await #expect(throws: StorageError.inputOutput("the disk is gone")) { try await write.value }
    await #expect(throws: StorageError.inputOutput("the disk is gone")) { try await read.value }
    await #expect(throws: StorageError.inputOutput("the disk is gone")) {
      try await insert("b").value
    }
    await #expect(throws: StorageError.inputOutput("the disk is gone")) {
      _ = try await count().value
    }
    #expect(ran.all == ["input or output failed: the disk is gone"], "told once, of nothing kept")
    #expect(disk.begun == 1, "a second attempt would say nothing")
    await database.close()
    // Begun anew: whether it has what nobody was told of is open, but it is sound and goes on.
    let again = try Database.open(path: folder.file("test.sqlite"), migrations: [peopleSchema])
    try await again.write { try $0.execute("INSERT INTO people (email) VALUES ('c')") }
    #expect(try await again.integrityCheck().isEmpty)
    await again.close()
  }

  @Test("closing answers all that waits for the disk")
  func closing() async throws {
    let writes = (0..<20).map { insert("w\($0)") }
    await disk.untilBegun(1)
    let closing = Task { [database] in await database.close() }
    disk.letThrough(100)
    await closing.value
    for write in writes {
      do { try await write.value } catch {
        #expect(error as? StorageError == .closed, "it came after the end")
      }
    }
    let again = try Database.open(path: folder.file("test.sqlite"), migrations: [peopleSchema])
    let stored = try await again.read { reader in
      try reader.queryOne("SELECT count(*) FROM people") { try $0.int(0) } ?? 0
    }
    #expect(stored > 0)
    await again.close()
  }

  @Test("a log that cannot be opened is named")
  func missingLog() throws {
    let log = LogFile(folder.file("nothing-wal"))
    let error = #expect(throws: StorageError.self) { try log.flush() }
    #expect("\(String(describing: error))".contains("nothing-wal"))
  }
}
