import Foundation
import Storage
import Testing

@Suite("Opening, migrating, backing up", .timeLimit(.minutes(1)))
struct OpeningTests {
  private let second = Migration(2, "nick names", "ALTER TABLE people ADD COLUMN nick TEXT")

  @Test("missing migrations are applied, and applied once")
  func migrations() throws {
    let fixture = try Fixture()
    fixture.database.closeSync()
    for _ in 0..<2 {
      let database = try Database.open(path: fixture.path, migrations: [peopleSchema, second])
      _ = try database.readSync { try $0.exists("SELECT nick FROM people") }
      database.closeSync()
    }
  }

  @Test("a database newer than the program is refused")
  func newerDatabase() throws {
    let fixture = try Fixture(migrations: [peopleSchema, second])
    fixture.database.closeSync()
    #expect(throws: StorageError.newerDatabase(path: fixture.path, found: 2, known: 1)) {
      try Database.open(path: fixture.path, migrations: [peopleSchema])
    }
    // The refusal left no lock behind.
    try Database.open(path: fixture.path, migrations: [peopleSchema, second]).closeSync()
  }

  @Test("a migration whose text was changed is refused")
  func changedMigration() throws {
    let fixture = try Fixture()
    fixture.database.closeSync()
    let edited = Migration(1, "people", peopleSchema.sql + " ")
    #expect(
      throws: StorageError.changedMigration(path: fixture.path, version: 1, name: "people")
    ) {
      try Database.open(path: fixture.path, migrations: [edited])
    }
  }

  @Test("a migration that fails leaves nothing of itself behind")
  func failedMigration() throws {
    let fixture = try Fixture()
    fixture.database.closeSync()
    let broken = Migration(2, "broken", "CREATE TABLE half (x INTEGER) STRICT; CREATE nonsense")
    let error = #expect(throws: StorageError.self) {
      try Database.open(path: fixture.path, migrations: [peopleSchema, broken])
    }
    guard case .migration(version: 2, name: "broken", _) = error else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    let database = try Database.open(path: fixture.path, migrations: [peopleSchema, second])
    let hasHalf = try database.readSync {
      try $0.exists("SELECT 1 FROM sqlite_schema WHERE name = 'half'")
    }
    #expect(!hasHalf)
    database.closeSync()
  }

  @Test("another service's database is refused")
  func wrongApplication() throws {
    let fixture = try Fixture(options: .init(applicationID: 7))
    fixture.database.closeSync()
    #expect(
      throws: StorageError.wrongApplication(path: fixture.path, found: 7, expected: 8)
    ) {
      try Database.open(
        path: fixture.path, migrations: [peopleSchema], options: .init(applicationID: 8))
    }
  }

  @Test("a file that is no database is refused")
  func notADatabase() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("text.sqlite")
    try String(repeating: "this is no database\n", count: 200).write(
      toFile: path, atomically: false, encoding: .utf8)
    let error = #expect(throws: StorageError.self) { try Database.open(path: path, migrations: []) }
    guard case .corrupt = error else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
  }

  @Test("a folder that is missing, no folder, or not writable is refused with its path")
  func unusableFolders() throws {
    let folder = try TemporaryFolder()
    try "x".write(toFile: folder.file("file"), atomically: false, encoding: .utf8)
    for path in [folder.file("none/a.sqlite"), folder.file("file/a.sqlite"), "/proc/a.sqlite"] {
      let error = #expect(throws: StorageError.self) {
        try Database.open(path: path, migrations: [])
      }
      guard case .cannotOpen(let named, let reason) = error else {
        Issue.record("unexpected \(String(describing: error))")
        return
      }
      #expect(named.hasPrefix(path))
      #expect(reason.contains("folder must"))
    }
  }

  @Test("a database that is open elsewhere is refused, naming the process")
  func processLock() throws {
    let fixture = try Fixture()
    #expect(throws: StorageError.locked(path: fixture.path, holder: "process \(getpid())")) {
      try Database.open(path: fixture.path, migrations: [peopleSchema])
    }
    fixture.database.closeSync()
    try Database.open(path: fixture.path, migrations: [peopleSchema]).closeSync()
  }

  @Test("a tool can read beside the running service, but not write")
  func readOnly() async throws {
    let fixture = try Fixture()
    try await fixture.insert("a")
    let tool = try Database.open(
      path: fixture.path, migrations: [peopleSchema], options: .init(access: .readOnly))
    #expect(try await tool.read { try $0.exists("SELECT 1 FROM people") })
    await #expect(throws: StorageError.self) {
      try await tool.write { try $0.execute("DELETE FROM people") }
    }
    await tool.close()
    #expect(
      throws: StorageError.outdatedDatabase(path: fixture.path, found: 1, known: 2)
    ) {
      try Database.open(
        path: fixture.path, migrations: [peopleSchema, second], options: .init(access: .readOnly))
    }
    try await fixture.insert("b")
  }

  @Test("the files of a database are readable by their owner only")
  func privateFiles() async throws {
    let fixture = try Fixture()
    try await fixture.insert("a")
    for suffix in ["", "-wal", "-shm", ".lock"] {
      let attributes = try FileManager.default.attributesOfItem(atPath: fixture.path + suffix)
      #expect(attributes[.posixPermissions] as? Int == 0o600, "\(suffix)")
    }
  }

  @Test("a backup taken during writes is whole, and restores what it held")
  func backupAndRestore() async throws {
    let fixture = try Fixture(options: .init(applicationID: 5))
    for number in 0..<20 { try await fixture.insert("p\(number)") }
    let backup = fixture.folder.file("backup.sqlite")
    async let writing: Void = {
      for number in 20..<40 { try await fixture.insert("p\(number)") }
    }()
    try await fixture.database.backup(to: backup)
    try await writing
    await #expect(throws: StorageError.self) { try await fixture.database.backup(to: backup) }
    #expect(throws: StorageError.self) {
      try Database.restore(from: backup, to: fixture.path, applicationID: 5)
    }
    await fixture.database.close()

    #expect(throws: StorageError.self) {
      try Database.restore(from: backup, to: fixture.path, applicationID: 6)
    }
    try Database.restore(from: backup, to: fixture.path, applicationID: 5)
    let database = try Database.open(
      path: fixture.path, migrations: [peopleSchema], options: .init(applicationID: 5))
    let emails = try database.readSync { reader in
      try reader.query("SELECT email FROM people ORDER BY id") { try $0.text(0) }
    }
    #expect(emails.count >= 20)
    #expect(emails == (0..<emails.count).map { "p\($0)" })
    #expect(try await database.integrityCheck().isEmpty)
    await database.close()
    let names = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path)
    #expect(names.sorted() == ["backup.sqlite", "test.sqlite", "test.sqlite.lock"])
  }

  @Test("a damaged file is found by the integrity check")
  func damage() async throws {
    let fixture = try Fixture()
    try await fixture.database.write { transaction in
      for number in 0..<500 {
        try transaction.execute("INSERT INTO people (email) VALUES (?1)", "person \(number)")
      }
    }
    await fixture.database.close()
    let handle = try #require(FileHandle(forUpdatingAtPath: fixture.path))
    try handle.seek(toOffset: 4_096 * 6 + 200)
    try handle.write(contentsOf: Data(repeating: 0xff, count: 3_000))
    try handle.close()
    let database = try Database.open(path: fixture.path, migrations: [peopleSchema])
    #expect(try await !database.integrityCheck().isEmpty)
    await database.close()
  }
}
