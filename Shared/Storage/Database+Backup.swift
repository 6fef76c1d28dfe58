import Foundation

extension Database {
  /// Copies the database, as it is at this moment, to a new file, while reads and writes go on.
  ///
  /// The copy is checked, flushed, and only then given its name: a file of that name is a whole
  /// backup. Throws when a file of that name is there already.
  public func backup(to destination: String) async throws {
    let (path, applicationID) = (path, options.applicationID)
    try await StorageThread.run(name: "storage-backup") {
      try Database.backup(from: path, to: destination, applicationID: applicationID)
    }
  }

  /// As `backup(to:)`, for a tool: the service may be running or not. Blocks.
  public static func backup(
    from path: String, to destination: String, applicationID: Int32
  ) throws {
    let files = FileManager.default
    guard !files.fileExists(atPath: destination) else {
      throw StorageError.cannotOpen(path: destination, reason: "it exists already")
    }
    let partial = destination + ".partial"
    try? files.removeItem(atPath: partial)
    defer { for suffix in ["", "-wal", "-shm"] { unlink(partial + suffix) } }
    do {
      let source = try Connection(Connection.Settings(path: path, isQueryOnly: true))
      try requireApplication(source, applicationID, path)
      let copy = try Connection(Connection.Settings(path: partial, mayCreate: true))
      try source.copy(to: copy)
      // What the backup has, the database is to have, whatever happens now.
      try LogFile(source.logPath).flush()
      try requireSound(copy, partial)
      // A backup is one file: without this it would be opened with a write-ahead log beside it.
      try copy.pragma("journal_mode = DELETE")
    }
    try FileSystem.synchronize(partial)
    try FileSystem.rename(partial, to: destination)
  }

  /// Puts a backup in the place of the database at `path`, which no process may have open.
  ///
  /// The backup is checked first. Its content replaces the old one in one transaction: after a
  /// crash in the middle the old content is there. Blocks.
  public static func restore(
    from backup: String, to path: String, applicationID: Int32
  ) throws {
    let lock = try ProcessLock(databasePath: path)
    defer { withExtendedLifetime(lock) {} }
    guard FileManager.default.fileExists(atPath: backup) else {
      throw StorageError.cannotOpen(path: backup, reason: "there is no such file")
    }
    // The backup may lie on a read-only medium: work on a copy beside the database.
    let partial = path + ".restoring"
    defer { for suffix in ["", "-wal", "-shm"] { unlink(partial + suffix) } }
    try? FileManager.default.removeItem(atPath: partial)
    try FileManager.default.copyItem(atPath: backup, toPath: partial)
    chmod(partial, 0o600)
    let source = try Connection(Connection.Settings(path: partial))
    try requireApplication(source, applicationID, backup)
    try requireSound(source, backup)
    try createPrivateFile(path)
    let target = try Connection(Connection.Settings(path: path, mayCreate: true))
    try source.copy(to: target)
    try target.pragma("wal_checkpoint(TRUNCATE)")
  }

  /// Reads the whole database and returns what is wrong with it; empty when it is sound.
  public func integrityCheck() async throws -> [String] {
    let path = path
    return try await StorageThread.run(name: "storage-check") {
      let connection = try Connection(Connection.Settings(path: path, isQueryOnly: true))
      return try Database.problems(of: connection)
    }
  }

  private static func requireApplication(
    _ connection: Connection, _ expected: Int32, _ path: String
  ) throws {
    let found = Int32(try connection.pragma("application_id")) ?? 0
    guard found == expected else {
      throw StorageError.wrongApplication(path: path, found: found, expected: expected)
    }
  }

  private static func requireSound(_ connection: Connection, _ path: String) throws {
    if let problem = try problems(of: connection).first {
      throw StorageError.corrupt("\(path): \(problem)")
    }
  }

  private static func problems(of connection: Connection) throws -> [String] {
    let reader = Reader(connection)
    let damages = try reader.query("SELECT * FROM pragma_integrity_check") { try $0.text(0) }
    let orphans = try reader.query("SELECT * FROM pragma_foreign_key_check") { row in
      "table \(try row.text(0)), row \(try row.optionalInt64(1) ?? 0): "
        + "refers to a missing row of \(try row.text(2))"
    }
    return damages.filter { $0 != "ok" } + orphans
  }
}
