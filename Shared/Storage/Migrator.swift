import Crypto

/// Brings a database's schema to what the program knows, or refuses the database.
struct Migrator {
  let connection: Connection
  let path: String
  let migrations: [Migration]
  let applicationID: Int32

  /// Applies what is missing, each migration in a transaction of its own.
  func migrate(now: Int64) throws {
    try requireAscendingVersions()
    try claimFile()
    try connection.run(
      """
      CREATE TABLE IF NOT EXISTS storage_migrations (
        version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 BLOB NOT NULL,
        applied_at INTEGER NOT NULL
      ) STRICT
      """)
    let applied = try appliedCount()
    for migration in migrations.dropFirst(applied) { try apply(migration, now: now) }
  }

  /// Makes sure that nothing is missing, without writing.
  func requireCurrent() throws {
    try requireAscendingVersions()
    try requireApplication()
    let hasTable = try Reader(connection).exists(
      "SELECT 1 FROM sqlite_schema WHERE name = 'storage_migrations'")
    let applied = hasTable ? try appliedCount() : 0
    guard applied == migrations.count else {
      throw StorageError.outdatedDatabase(path: path, found: applied, known: migrations.count)
    }
  }

  private func requireAscendingVersions() throws {
    for (offset, migration) in migrations.enumerated() where migration.version != offset + 1 {
      throw StorageError.migration(
        version: migration.version, name: migration.name,
        reason: "stands at place \(offset + 1); versions are 1, 2, 3 … in order")
    }
  }

  /// Writes the application id into a new file; refuses a file that bears another.
  private func claimFile() throws {
    let isNew = try !Reader(connection).exists("SELECT 1 FROM sqlite_schema")
    if isNew { try connection.run("PRAGMA application_id = \(applicationID)") }
    try requireApplication()
  }

  private func requireApplication() throws {
    let found = Int32(try connection.pragma("application_id")) ?? 0
    guard found == applicationID else {
      throw StorageError.wrongApplication(path: path, found: found, expected: applicationID)
    }
  }

  /// How many migrations the database has seen, each of them still the same.
  private func appliedCount() throws -> Int {
    let applied = try Reader(connection).query(
      "SELECT version, name, sha256 FROM storage_migrations ORDER BY version"
    ) { row in
      (version: try row.int(0), name: try row.text(1), digest: try row.digest(2))
    }
    if let newest = applied.last, newest.version > migrations.count {
      throw StorageError.newerDatabase(
        path: path, found: newest.version, known: migrations.count)
    }
    for (known, found) in zip(migrations, applied)
    where known.version != found.version || known.digest != found.digest {
      throw StorageError.changedMigration(path: path, version: found.version, name: found.name)
    }
    return applied.count
  }

  private func apply(_ migration: Migration, now: Int64) throws {
    do {
      try connection.run("BEGIN IMMEDIATE")
      try connection.run(migration.sql)
      guard connection.isInTransaction else {
        throw StorageError.migration(
          version: migration.version, name: migration.name, reason: "it contains a COMMIT")
      }
      try Transaction(connection).execute(
        "INSERT INTO storage_migrations (version, name, sha256, applied_at) "
          + "VALUES (?1, ?2, ?3, ?4)",
        migration.version, migration.name, migration.digest, now)
      try connection.run("COMMIT")
    } catch {
      connection.rollbackIfNeeded()
      switch error {
      case StorageError.statement(_, let message, _), StorageError.constraint(_, let message):
        throw StorageError.migration(
          version: migration.version, name: migration.name, reason: message)
      default:
        throw error
      }
    }
  }
}
