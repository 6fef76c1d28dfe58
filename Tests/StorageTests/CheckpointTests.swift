import CSQLite
import Foundation
import Testing

@testable import Storage

@Suite("The write-ahead log")
struct CheckpointTests {
  private static let limit = 64

  private func fixture() throws -> Fixture {
    var options = Database.Options()
    options.checkpointPages = Self.limit
    return try Fixture(options: options)
  }

  /// Writes about ten pages.
  private func write(_ fixture: Fixture, _ number: Int) async throws {
    try await fixture.database.write { transaction in
      try transaction.execute(
        "INSERT INTO people (email, photo) VALUES (?1, ?2)", "p\(number)",
        [UInt8](repeating: 7, count: 40_000))
    }
  }

  private func pagesInLog(_ fixture: Fixture) throws -> Int {
    let log = try FileManager.default.attributesOfItem(atPath: fixture.path + "-wal")
    return ((log[.size] as? Int) ?? 0) / 4_120
  }

  @Test("its pages are moved beside the writer, and it begins anew while writes go on")
  func bounded() async throws {
    let fixture = try fixture()
    for number in 0..<400 { try await write(fixture, number) }
    // 4,000 pages went through it. How many gather while some are copied depends on the disk.
    #expect(try pagesInLog(fixture) < 2_000)
    let statistics = fixture.database.statistics
    #expect(1..<2_000 ~= statistics.pagesInLog)
    #expect(statistics.failedCheckpoints == 0)
    let copied = try FileManager.default.attributesOfItem(atPath: fixture.path)[.size] as? Int
    #expect((copied ?? 0) > 400 * 40_000 / 2)
    #expect(try await fixture.emails.count == 400)
    #expect(try await fixture.database.integrityCheck().isEmpty)
  }

  @Test("a reader of old pages keeps them in the log, and the log begins anew once it is gone")
  func heldBack() async throws {
    let fixture = try fixture()
    try await write(fixture, 0)
    var other: OpaquePointer?
    #expect(sqlite3_open(fixture.path, &other) == SQLITE_OK)
    defer { sqlite3_close(other) }
    #expect(sqlite3_exec(other, "BEGIN; SELECT count(*) FROM people", nil, nil, nil) == SQLITE_OK)
    for number in 1...200 { try await write(fixture, number) }
    let held = try pagesInLog(fixture)
    #expect(held > 1_500)
    #expect(sqlite3_exec(other, "COMMIT", nil, nil, nil) == SQLITE_OK)
    for number in 201...600 { try await write(fixture, number) }
    // The file keeps its length, and is written again from its beginning.
    #expect(try pagesInLog(fixture) < 2 * held)
    #expect(try await fixture.emails.count == 601)
  }

  @Test("pages that cannot be moved are told of in the figures", .timeLimit(.minutes(1)))
  func failing() throws {
    let fixture = try fixture()
    let counters = Counters()
    let checkpointer = Checkpointer(limit: 1, counters: counters) { _ in }
    let writer = try Connection(Connection.Settings(path: fixture.path))
    try writer.leaveLog()
    try writer.run("INSERT INTO people (email) VALUES ('a')")
    checkpointer.committed(writer)
    // SQLite moves nothing on a connection that is within a transaction.
    let copier = try Connection(Connection.Settings(path: fixture.path))
    try copier.run("BEGIN IMMEDIATE")
    let thread = Handover(value: copier)
    let done = Latch(count: 1) {}
    StorageThread.start(name: "test") {
      checkpointer.run(on: thread.value)
      done.countDown()
    }
    // Figures are read, and wake nobody; the test's time limit is the bound.
    while counters.snapshot.failedCheckpoints == 0 { Thread.sleep(forTimeInterval: 0.001) }
    checkpointer.close()
    done.waitSync()
    #expect(counters.snapshot.pagesInLog > 0)
    try copier.run("ROLLBACK")
    try copier.checkpoint()
  }

  @Test("closing empties it, with the copier at work or not")
  func closing() async throws {
    for count in [1, 8, 64] {
      let fixture = try fixture()
      for number in 0..<count { try await write(fixture, number) }
      await fixture.database.close()
      #expect(!FileManager.default.fileExists(atPath: fixture.path + "-wal"))
    }
  }
}
