import CSQLite

/// One SQLite connection, used by one thread at a time.
final class Connection {
  /// How a connection is opened.
  struct Settings {
    var path: String
    var mayCreate = false
    var isQueryOnly = false
    var busyTimeoutMilliseconds = 5_000
    var cachedStatements = 256
    var cacheKiB = 2_048
    var checkpointPages = 1_000
    var maximumPages: Int?
  }

  /// `nil` once closed.
  private var handle: OpaquePointer?
  private let settings: Settings
  private var statements: [String: Statement] = [:]
  private var controls: [TransactionControl: Statement] = [:]
  /// Pages in the write-ahead log after this connection's last commit; see `leaveLog`.
  private(set) var pagesInLog = 0
  /// Commits of this connection that changed the write-ahead log; see `leaveLog`.
  private(set) var commitsInLog: UInt64 = 0

  init(_ settings: Settings) throws {
    self.settings = settings
    var opened: OpaquePointer?
    let flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
      | (settings.mayCreate ? SQLITE_OPEN_CREATE : 0)
    let result = sqlite3_open_v2(settings.path, &opened, flags, nil)
    guard let opened, result == SQLITE_OK else {
      // Even a failed open gives a handle, which holds the message and must be closed.
      let reason = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
      sqlite3_close_v2(opened)
      throw StorageError.cannotOpen(path: settings.path, reason: reason)
    }
    handle = opened
    try configure()
  }

  deinit { close() }

  /// Closes the connection; the last one of a database empties the write-ahead log.
  func close() {
    statements.removeAll()
    controls.removeAll()
    // close_v2 leaves nothing open here: the statements are finalized above.
    sqlite3_close_v2(handle)
    handle = nil
  }

  /// SQLite's handle. `close` is called by the owning thread when it is done with the connection.
  private var database: OpaquePointer {
    guard let handle else { preconditionFailure("a closed connection is used") }
    return handle
  }

  private func configure() throws {
    try check(assay_sqlite3_harden(database), sql: "sqlite3_db_config")
    try check(
      sqlite3_busy_timeout(database, Int32(settings.busyTimeoutMilliseconds)),
      sql: "sqlite3_busy_timeout")
    // The first pragma that reads the file: a file that is no database is noticed here.
    let mode = try pragma("journal_mode = WAL")
    guard mode == "wal" else {
      throw StorageError.cannotOpen(
        path: settings.path, reason: "the file system does not allow write-ahead logging")
    }
    for setting in [
      "synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF", "mmap_size = 0",
      "cell_size_check = ON", "temp_store = MEMORY", "journal_size_limit = 67108864",
      "cache_size = -\(settings.cacheKiB)", "wal_autocheckpoint = \(settings.checkpointPages)",
    ] {
      try run("PRAGMA \(setting)")
    }
    if let pages = settings.maximumPages { try run("PRAGMA max_page_count = \(pages)") }
    if settings.isQueryOnly { try run("PRAGMA query_only = ON") }
  }

  // MARK: Errors

  /// The error of the last call, which returned `code`.
  func error(_ code: Int32, sql: String) -> StorageError {
    StorageError(code: code, message: String(cString: sqlite3_errmsg(database)), sql: sql)
  }

  private func check(_ code: Int32, sql: String) throws {
    if code != SQLITE_OK { throw error(code, sql: sql) }
  }

  // MARK: Running SQL

  /// Runs one or more statements that return nothing of interest: pragmas, schema, transactions.
  func run(_ sql: String) throws {
    try check(sqlite3_exec(database, sql, nil, nil, nil), sql: sql)
  }

  /// Reads or sets a pragma and returns its first value as text.
  @discardableResult
  func pragma(_ text: String) throws -> String {
    let statement = try prepare("PRAGMA \(text)", flags: 0)
    guard try statement.step(), let value = sqlite3_column_text(statement.pointer, 0) else {
      return ""
    }
    return String(cString: value)
  }

  /// Runs `body` on the prepared statement of `sql` with its values bound.
  func withStatement<T>(
    _ sql: String, _ values: [(any SQLBindable)?], _ body: (Statement) throws -> T
  ) throws -> T {
    try withStatement(sql) { statement in
      try statement.bind(values)
      return try body(statement)
    }
  }

  /// Runs `body` on the prepared statement of `sql`; it binds the values.
  func withStatement<T>(_ sql: String, _ body: (Statement) throws -> T) throws -> T {
    let statement = try cachedStatement(sql)
    statement.isInUse = true
    defer {
      statement.reset()
      statement.isInUse = false
    }
    return try body(statement)
  }

  private func cachedStatement(_ sql: String) throws -> Statement {
    if let cached = statements[sql] {
      if !cached.isInUse { return cached }
      // A query inside the row closure of the same query: the outer one keeps its place.
      return try prepare(sql, flags: 0)
    }
    try refuseTransactionControl(sql)
    let statement = try prepare(sql, flags: UInt32(SQLITE_PREPARE_PERSISTENT))
    if statements.count >= settings.cachedStatements {
      // Reached only by SQL that is built from unbounded parts; starting over keeps it simple.
      statements = statements.filter(\.value.isInUse)
    }
    statements[sql] = statement
    return statement
  }

  private func prepare(_ sql: String, flags: UInt32) throws -> Statement {
    var prepared: OpaquePointer?
    var sqlText = sql
    let isSingle = try sqlText.withUTF8 { bytes in
      try bytes.withMemoryRebound(to: CChar.self) { characters in
        var tail: UnsafePointer<CChar>?
        try check(
          sqlite3_prepare_v3(
            database, characters.baseAddress, Int32(characters.count), flags, &prepared, &tail),
          sql: sql)
        let end = characters.baseAddress.map { $0 + characters.count }
        guard let tail, let end else { return true }
        return UnsafeBufferPointer(start: tail, count: end - tail).allSatisfy {
          " \n\t\r;".utf8.contains(UInt8(bitPattern: $0))
        }
      }
    }
    guard let prepared else {
      throw StorageError.statement(code: SQLITE_MISUSE, message: "no statement", sql: sql)
    }
    let statement = Statement(pointer: prepared, sql: sql, connection: self)
    guard isSingle else {
      throw StorageError.statement(code: SQLITE_MISUSE, message: "several statements", sql: sql)
    }
    return statement
  }

  /// A body that commits or rolls back by itself would take the other bodies of its group along.
  private func refuseTransactionControl(_ sql: String) throws {
    let word = sql.drop(while: \.isWhitespace).prefix(while: \.isLetter).uppercased()
    let refused = [
      "BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "ATTACH", "DETACH", "PRAGMA",
      "VACUUM",
    ]
    guard refused.contains(word) else { return }
    throw StorageError.statement(
      code: SQLITE_MISUSE, message: "\(word) is not for callers, Storage decides on it", sql: sql)
  }

  /// Begins, divides or ends a transaction.
  func control(_ step: TransactionControl) throws {
    let statement =
      try controls[step] ?? prepare(step.rawValue, flags: UInt32(SQLITE_PREPARE_PERSISTENT))
    controls[step] = statement
    defer { statement.reset() }
    _ = try statement.step()
  }

  // MARK: The write-ahead log

  /// Commits no longer wait for the disk nor move pages into the database file, but tell how many
  /// pages wait in the log: others do both. Still SQLite flushes the log before pages are moved,
  /// and the database file before the log begins anew, so that the file is sound at any time.
  func leaveLog() throws {
    try run("PRAGMA synchronous = NORMAL")
    // The hook goes with the handle, which this object closes before it is gone.
    sqlite3_wal_hook(
      database,
      { connection, _, _, pages in
        guard let connection else { return SQLITE_OK }
        Unmanaged<Connection>.fromOpaque(connection).takeUnretainedValue().wrote(Int(pages))
        return SQLITE_OK
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  private func wrote(_ pages: Int) {
    pagesInLog = pages
    commitsInLog += 1
  }

  /// Where the write-ahead log is.
  var logPath: String {
    guard let name = sqlite3_db_filename(database, "main"), let log = sqlite3_filename_wal(name)
    else { preconditionFailure("a database without a file") }
    return String(cString: log)
  }

  /// Moves all pages into the database file that nobody reads as they were.
  ///
  /// - Returns: how many pages of the log are moved now.
  @discardableResult
  func checkpoint() throws -> Int {
    var moved: Int32 = 0
    try check(
      sqlite3_wal_checkpoint_v2(database, "main", SQLITE_CHECKPOINT_PASSIVE, nil, &moved),
      sql: "wal_checkpoint")
    return Int(moved)
  }

  /// Moves all pages into the database file, brings that to the disk, and empties the log; waits
  /// for those who read older pages.
  func emptyLog() throws {
    try check(
      sqlite3_wal_checkpoint_v2(database, "main", SQLITE_CHECKPOINT_TRUNCATE, nil, nil),
      sql: "wal_checkpoint")
  }

  /// Brings the database file to the disk.
  func synchronizeFile() throws(StorageError) {
    let result = assay_sqlite3_sync_file(database)
    // The file is asked past the connection, which has no message of its own then.
    guard result == SQLITE_OK else {
      throw .inputOutput("\(settings.path) cannot be brought to the disk (SQLite code \(result))")
    }
  }

  // MARK: State

  var isInTransaction: Bool { sqlite3_get_autocommit(database) == 0 }

  var changedRows: Int { Int(sqlite3_changes64(database)) }

  var lastInsertedRowID: Int64 { sqlite3_last_insert_rowid(database) }

  /// Whether deferred foreign keys are violated at this moment.
  var hasUnresolvedForeignKeys: Bool {
    var current: Int32 = 0
    var highest: Int32 = 0
    sqlite3_db_status(database, SQLITE_DBSTATUS_DEFERRED_FKS, &current, &highest, 0)
    return current != 0
  }

  /// Ends whatever transaction is open. SQLite has already done so after some errors.
  func rollbackIfNeeded() {
    // A rollback fails only when there is nothing to roll back.
    if isInTransaction { try? run("ROLLBACK") }
  }

  /// Copies the whole database over the one of `destination`, as one transaction there.
  func copy(to destination: Connection) throws {
    guard let backup = sqlite3_backup_init(destination.database, "main", database, "main") else {
      throw destination.error(sqlite3_extended_errcode(destination.database), sql: "backup")
    }
    // All pages in one step: one snapshot, which writers of a WAL database do not wait for.
    let stepped = sqlite3_backup_step(backup, -1)
    let finished = sqlite3_backup_finish(backup)
    if stepped != SQLITE_DONE { throw destination.error(stepped, sql: "backup") }
    try destination.check(finished, sql: "backup")
  }
}

/// The steps of a transaction, which callers' SQL must not take.
enum TransactionControl: String {
  case begin = "BEGIN IMMEDIATE"
  case savepoint = "SAVEPOINT body"
  case release = "RELEASE body"
  case rollbackToSavepoint = "ROLLBACK TO body"
  case rollback = "ROLLBACK"
  case commit = "COMMIT"
}
