import Foundation
import Synchronization
import Testing

@testable import Storage

/// Waits for what only becomes true. The sleep is the pace of looking: a test's time limit cancels
/// it, which ends the wait.
private func until(_ isTrue: () -> Bool) async throws {
  while !isTrue() { try await Task.sleep(for: .milliseconds(1)) }
}

@Suite("Bringing commits to the disk", .timeLimit(.minutes(1)))
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

    func untilBegun(_ count: Int) async throws {
      try await until { self.begun >= count }
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
    try await disk.untilBegun(1)
    #expect(try await !ends(write))
    disk.letThrough()
    try await write.value
  }

  @Test("the next bodies run and commit while the disk is busy, some; one flush answers for them")
  func writerGoesOn() async throws {
    let (ran, answered) = (Recorder<Int>(), Recorder<Int>())
    let second = Gate()
    insertInTurn(0..<4, ran, answered, before: [1: second])
    try await disk.untilBegun(1)
    second.open()
    // The first is on its way to the disk, the next two wait for it, and the last for room.
    try await until { ran.all.count >= 3 }
    // Time for a fourth that should not run; a correct program never makes this fail.
    try await Task.sleep(for: .milliseconds(100))
    #expect(ran.all == [0, 1, 2])
    #expect(disk.begun == 1)
    #expect(answered.all.isEmpty)
    disk.letThrough()
    try await disk.untilBegun(2)
    try await until { ran.all.count >= 4 }
    #expect(answered.all == [0])
    disk.letThrough()
    try await disk.untilBegun(3)
    try await until { answered.all.count >= 3 }
    #expect(answered.all == [0, 1, 2])
    disk.letThrough()
    try await until { answered.all.count >= 4 }
    #expect(database.statistics.flushes == 3)
  }

  /// Inserts a row in a commit of its own for each number; each body hands over the next, so that
  /// the writer is never alone and leaves the disk to the flusher, but for the last.
  private func insertInTurn(
    _ numbers: Range<Int>, _ ran: Recorder<Int>, _ answered: Recorder<Int>,
    _ failed: Recorder<String> = Recorder(), before gates: [Int: Gate] = [:]
  ) {
    guard let number = numbers.first else { return }
    database.enqueueWrite { [self] transaction in
      gates[number]?.waitSync()
      try transaction.execute("INSERT INTO people (email) VALUES (?1)", "n\(number)")
      ran.append(number)
      insertInTurn(numbers.dropFirst(), ran, answered, failed, before: gates)
    } completion: { result in
      switch result {
      case .success: answered.append(number)
      case .failure(let error): failed.append("\(error)")
      }
    }
  }

  @Test("a flush that fails fails the commits that wait behind it, too")
  func failureOfSeveral() async throws {
    let (ran, answered, failed) = (Recorder<Int>(), Recorder<Int>(), Recorder<String>())
    insertInTurn(0..<4, ran, answered, failed)
    try await until { ran.all.count >= 3 }
    disk.fail()
    try await until { failed.all.count >= 4 }
    #expect(answered.all.isEmpty)
    #expect(Set(failed.all) == ["input or output failed: the disk is gone"])
    #expect(disk.begun == 1)
    let late = Recorder<String>()
    database.onDiskFailure { late.append("\($0)") }
    #expect(late.all.count == 1, "who asks afterwards is told at once")
  }

  @Test("who reads what the disk has not yet is answered when it has it")
  func readWaits() async throws {
    #expect(try await count().value == 0, "nothing to wait for")
    let write = insert("a")
    try await disk.untilBegun(1)
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
    try await disk.untilBegun(1)
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
    try await disk.untilBegun(1)
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
    try await disk.untilBegun(1)
    let closing = Task { [database] in await database.close() }
    disk.letThrough(100)
    await closing.value
    var answered = 0
    for write in writes {
      do {
        try await write.value
        answered += 1
      } catch {
        #expect(error as? StorageError == .closed, "it came after the end")
      }
    }
    let again = try Database.open(path: folder.file("test.sqlite"), migrations: [peopleSchema])
    let stored = try await again.read { reader in
      try reader.queryOne("SELECT count(*) FROM people") { try $0.int(0) } ?? 0
    }
    #expect(stored == answered)
    #expect(answered > 0)
    await again.close()
  }

  @Test("a log that cannot be opened is named")
  func missingLog() throws {
    let error = #expect(throws: StorageError.self) { try LogFile(folder.file("nothing-wal")) }
    #expect("\(String(describing: error))".contains("nothing-wal"))
  }
}

@Suite("What a power cut leaves")
struct PowerCutTests {
  /// The files as they were at the last flush: what a disk would have that keeps nothing else.
  private final class CopyingDisk: Sendable {
    private let live: String
    private let folder: TemporaryFolder
    private let last = Mutex(0)

    init(of live: String, in folder: TemporaryFolder) {
      self.live = live
      self.folder = folder
    }

    func flush() throws(StorageError) {
      let number = last.withLock { $0 + 1 }
      do {
        for suffix in ["", "-wal"] {
          try FileManager.default.copyItem(
            atPath: live + suffix, toPath: folder.file("disk\(number)") + suffix)
        }
      } catch {
        throw .inputOutput("\(error)")
      }
      last.withLock { $0 = number }
    }

    /// A copy of the newest copy that is whole, for one to open.
    func open(_ name: String) throws -> Database {
      let newest = folder.file("disk\(last.withLock { $0 })")
      for suffix in ["", "-wal"] {
        try FileManager.default.copyItem(
          atPath: newest + suffix, toPath: folder.file(name) + suffix)
      }
      return try Database.open(path: folder.file(name), migrations: [peopleSchema])
    }
  }

  @Test("whatever was answered is on the disk", .timeLimit(.minutes(1)))
  func answered() async throws {
    let folder = try TemporaryFolder()
    let disk = CopyingDisk(of: folder.file("live.sqlite"), in: folder)
    var options = Database.Options()
    // Copies are of one moment only where nobody moves pages meanwhile.
    options.checkpointPages = 1_000_000
    let database = try Database(
      path: folder.file("live.sqlite"), migrations: [peopleSchema], options: options,
      flush: disk.flush)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for client in 0..<8 {
        group.addTask {
          for number in 0..<12 {
            let email = "\(client)-\(number)"
            try await database.write {
              try $0.execute("INSERT INTO people (email) VALUES (?1)", email)
            }
            guard number.isMultiple(of: 4) else { continue }
            let copy = try disk.open(email)
            let isThere = try await copy.read {
              try $0.exists("SELECT 1 FROM people WHERE email = ?1", email)
            }
            #expect(isThere, "\(email) was answered, and is not on the disk")
            await copy.close()
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(database.statistics.flushes > 0)
    await database.close()
  }

  @Test("what an earlier process left in the log is in the file before anything is answered")
  func leftInLog() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("left.sqlite")
    let database = try Database.open(path: path, migrations: [peopleSchema])
    try await database.write { try $0.execute("INSERT INTO people (email) VALUES ('a')") }
    // As a kill leaves them.
    for suffix in ["", "-wal"] {
      try FileManager.default.copyItem(
        atPath: path + suffix, toPath: folder.file("killed.sqlite") + suffix)
    }
    await database.close()
    let again = try Database.open(path: folder.file("killed.sqlite"), migrations: [peopleSchema])
    let log = try FileManager.default.attributesOfItem(
      atPath: folder.file("killed.sqlite-wal"))
    #expect(log[.size] as? Int == 0)
    let count = try await again.read { reader in
      try reader.queryOne("SELECT count(*) FROM people") { try $0.int(0) }
    }
    #expect(count == 1)
    await again.close()
  }
}
