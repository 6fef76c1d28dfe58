import CSQLite
import Storage
import Testing

private struct Refused: Error {}

@Suite("Group commit", .timeLimit(.minutes(1)))
struct WriteTests {
  @Test("writes that wait share one commit")
  func groupCommit() async throws {
    let fixture = try Fixture()
    let gate = await fixture.holdWriter()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<200 { group.addTask { try await fixture.insert("p\(number)") } }
      await fixture.untilWaiting(200)
      gate.open()
      try await group.waitForAll()
    }
    let statistics = fixture.database.statistics
    #expect(statistics.writes == 201)
    #expect(statistics.commits == 2)
    #expect(statistics.largestCommit == 200)
    #expect(try await fixture.emails.count == 200)
  }

  @Test("no commit holds more than the limit")
  func groupLimit() async throws {
    var options = Database.Options()
    options.maximumWritesPerCommit = 16
    let fixture = try Fixture(options: options)
    let gate = await fixture.holdWriter()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<40 { group.addTask { try await fixture.insert("p\(number)") } }
      await fixture.untilWaiting(40)
      gate.open()
      try await group.waitForAll()
    }
    #expect(fixture.database.statistics.largestCommit == 16)
    #expect(fixture.database.statistics.commits == 4)
  }

  @Test("a body that throws undoes its own work only, and its error comes back unchanged")
  func throwingBody() async throws {
    let fixture = try Fixture()
    let gate = await fixture.holdWriter()
    async let first: Void = fixture.insert("first")
    await fixture.untilWaiting(1)
    let refused = Task {
      try await fixture.database.write { transaction in
        try transaction.execute("INSERT INTO people (email) VALUES ('refused')")
        throw Refused()
      }
    }
    await fixture.untilWaiting(2)
    async let last: Void = fixture.insert("last")
    await fixture.untilWaiting(3)
    gate.open()
    try await first
    await #expect(throws: Refused.self) { try await refused.value }
    try await last
    #expect(try await fixture.emails == ["first", "last"])
    #expect(fixture.database.statistics.commits == 2)
    #expect(fixture.database.statistics.rolledBackWrites == 1)
  }

  @Test("a deferred foreign key that stays broken is its own body's fault")
  func deferredForeignKey() async throws {
    let fixture = try Fixture()
    try await fixture.insert("a")
    let error = await #expect(throws: StorageError.self) {
      try await fixture.database.write { transaction in
        try transaction.execute("INSERT INTO letters (id, person, reply_to) VALUES (1, 1, 99)")
      }
    }
    guard case .constraint(.foreignKey, _) = error else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    try await fixture.database.write { transaction in
      try transaction.execute("INSERT INTO letters (id, person, reply_to) VALUES (2, 1, 3)")
      try transaction.execute("INSERT INTO letters (id, person, reply_to) VALUES (3, 1, NULL)")
    }
  }

  @Test("a body that goes on after SQLite gave the transaction up has done nothing")
  func givenUp() async throws {
    var options = Database.Options()
    options.maximumPages = 40
    let fixture = try Fixture(options: options)
    let error = await #expect(throws: StorageError.self) {
      try await fixture.database.write { transaction in
        try transaction.execute("INSERT INTO people (email) VALUES ('before')")
        // Full: SQLite rolls all of the transaction back.
        _ = try? transaction.execute(
          "INSERT INTO people (email, photo) VALUES ('large', ?1)",
          [UInt8](repeating: 1, count: 1_000_000))
        _ = try? transaction.exists("SELECT 1 FROM people")
      }
    }
    guard case .inputOutput = error else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    #expect(try await fixture.emails.isEmpty)
    try await fixture.insert("after")
    #expect(try await fixture.emails == ["after"])
  }

  @Test("afterCommit runs for what was kept, and only after it is visible")
  func afterCommit() async throws {
    let fixture = try Fixture()
    let ran = Recorder<String>()
    _ = try? await fixture.database.write { transaction in
      transaction.afterCommit { ran.append("refused") }
      throw Refused()
    }
    try await fixture.database.write { transaction in
      try transaction.execute("INSERT INTO people (email) VALUES ('a')")
      transaction.afterCommit { [database = fixture.database] in
        let count = try? database.readSync { reader in
          try reader.queryOne("SELECT count(*) FROM people") { try $0.int(0) }
        }
        ran.append("kept \(count.flatMap { $0 } ?? -1)")
      }
    }
    #expect(ran.all == ["kept 1"])
  }

  @Test("a cancelled write that waits is skipped")
  func cancellation() async throws {
    let fixture = try Fixture()
    let gate = await fixture.holdWriter()
    let task = Task { try await fixture.insert("cancelled") }
    await fixture.untilWaiting(1)
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    gate.open()
    try await fixture.insert("kept")
    #expect(try await fixture.emails == ["kept"])
    #expect(fixture.database.statistics.skippedWrites == 1)
  }

  @Test("a write in a task that is cancelled already does not run")
  func cancelledBefore() async throws {
    let fixture = try Fixture()
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await fixture.insert("cancelled")
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await fixture.emails.isEmpty)
  }

  @Test("more waiting writes than the limit are refused at once")
  func overload() async throws {
    var options = Database.Options()
    options.maximumWaitingWrites = 1
    let fixture = try Fixture(options: options)
    let gate = await fixture.holdWriter()
    async let waiting: Void = fixture.insert("waiting")
    await fixture.untilWaiting(1)
    await #expect(throws: StorageError.overloaded(queue: "write", limit: 1)) {
      try await fixture.insert("too many")
    }
    gate.open()
    try await waiting
    #expect(try await fixture.emails == ["waiting"])
  }

  @Test("closing does what waits, then refuses")
  func close() async throws {
    let fixture = try Fixture()
    let gate = await fixture.holdWriter()
    async let waiting: Void = fixture.insert("waiting")
    await fixture.untilWaiting(1)
    async let closed: Void = fixture.database.close()
    gate.open()
    try await waiting
    await closed
    await #expect(throws: StorageError.closed) { try await fixture.insert("late") }
    let again = try Database.open(path: fixture.path, migrations: [peopleSchema])
    let count = try again.readSync { reader in
      try reader.queryOne("SELECT count(*) FROM people") { try $0.int(0) }
    }
    #expect(count == 1)
    again.closeSync()
  }

  @Test("when the transaction cannot begin, every write of the group gets the error")
  func busy() async throws {
    var options = Database.Options()
    options.busyTimeoutMilliseconds = 10
    let fixture = try Fixture(options: options)
    var other: OpaquePointer?
    #expect(sqlite3_open(fixture.path, &other) == SQLITE_OK)
    defer { sqlite3_close(other) }
    #expect(sqlite3_exec(other, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK)
    for _ in 0..<2 {
      let error = await #expect(throws: StorageError.self) { try await fixture.insert("a") }
      guard case .busy = error else {
        Issue.record("unexpected \(String(describing: error))")
        return
      }
    }
    #expect(sqlite3_exec(other, "ROLLBACK", nil, nil, nil) == SQLITE_OK)
    try await fixture.insert("a")
    #expect(fixture.database.statistics.failedCommits == 2)
  }

  @Test("a full disk is a typed error, and what was stored stays readable")
  func diskFull() async throws {
    var options = Database.Options()
    options.maximumPages = 20
    let fixture = try Fixture(options: options)
    try await fixture.insert("kept")
    let error = await #expect(throws: StorageError.self) {
      try await fixture.database.write { transaction in
        for number in 0..<100 {
          try transaction.execute(
            "INSERT INTO people (email, photo) VALUES (?1, ?2)", "p\(number)",
            [UInt8](repeating: 7, count: 4_096))
        }
      }
    }
    guard case .diskFull = error else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    #expect(try await fixture.emails == ["kept"])
    try await fixture.insert("fits")
    #expect(try await fixture.database.integrityCheck().isEmpty)
  }
}
