import CSQLite

/// Reading SQL, on one snapshot of the database.
///
/// It lives for the body that it is handed to. Values are bound to ?1, ?2, … in order; they are
/// never pasted into the text.
public class Reader {
  let connection: Connection

  init(_ connection: Connection) {
    self.connection = connection
  }

  /// All rows of a query, each made into a value by `row`.
  public func query<T>(
    _ sql: String, _ values: (any SQLBindable)?..., row: (Row) throws -> T
  ) throws -> [T] {
    try query(sql, arguments: values, row: row)
  }

  /// All rows of a query, each made into a value by `row`.
  public func query<T>(
    _ sql: String, arguments: [(any SQLBindable)?], row: (Row) throws -> T
  ) throws -> [T] {
    var results: [T] = []
    try forEach(sql, arguments: arguments) { results.append(try row($0)) }
    return results
  }

  /// The first row of a query, or `nil` when it has none.
  public func queryOne<T>(
    _ sql: String, _ values: (any SQLBindable)?..., row: (Row) throws -> T
  ) throws -> T? {
    try queryOne(sql, arguments: values, row: row)
  }

  /// The first row of a query, or `nil` when it has none.
  public func queryOne<T>(
    _ sql: String, arguments: [(any SQLBindable)?], row: (Row) throws -> T
  ) throws -> T? {
    try connection.withStatement(sql, arguments) { statement in
      guard try statement.step() else { return nil }
      let result = try row(Row(statement: statement))
      // An INSERT … RETURNING takes effect wholly only when it has been stepped to its end.
      if sqlite3_stmt_readonly(statement.pointer) == 0 { while try statement.step() {} }
      return result
    }
  }

  /// Hands each row of a query to `row`, keeping none.
  public func forEach(
    _ sql: String, _ values: (any SQLBindable)?..., row: (Row) throws -> Void
  ) throws {
    try forEach(sql, arguments: values, row: row)
  }

  /// Hands each row of a query to `row`, keeping none.
  public func forEach(
    _ sql: String, arguments: [(any SQLBindable)?], row: (Row) throws -> Void
  ) throws {
    try connection.withStatement(sql, arguments) { statement in
      while try statement.step() { try row(Row(statement: statement)) }
    }
  }

  /// Whether a query has any row.
  public func exists(_ sql: String, _ values: (any SQLBindable)?...) throws -> Bool {
    try exists(sql, arguments: values)
  }

  /// Whether a query has any row.
  public func exists(_ sql: String, arguments: [(any SQLBindable)?]) throws -> Bool {
    try connection.withStatement(sql, arguments) { try $0.step() }
  }
}

/// Reading and writing SQL, as part of a group that is committed together.
///
/// What the body has done is kept when it returns and undone when it throws; either way the other
/// bodies of the group are not concerned. A `Transaction` is a `Reader`: it sees its own writes.
public final class Transaction: Reader {
  /// What `onCommit` and `afterCommit` were given.
  private(set) var actions = AfterCommit()

  /// Runs a statement and returns how many rows it inserted, updated or deleted.
  @discardableResult
  public func execute(_ sql: String, _ values: (any SQLBindable)?...) throws -> Int {
    try execute(sql, arguments: values)
  }

  /// Runs a statement and returns how many rows it inserted, updated or deleted.
  @discardableResult
  public func execute(_ sql: String, arguments: [(any SQLBindable)?]) throws -> Int {
    try connection.withStatement(sql, arguments) { statement in
      while try statement.step() {}
      return sqlite3_stmt_readonly(statement.pointer) == 0 ? connection.changedRows : 0
    }
  }

  /// The key that the last INSERT gave, where the table's key is an INTEGER PRIMARY KEY.
  public var lastInsertedRowID: Int64 { connection.lastInsertedRowID }

  /// Keeps `action` to be run once this body's work is on the disk, before it is answered, and
  /// never if it is not committed.
  ///
  /// It runs on a storage thread, so it must not block: it wakes someone, no more. Those of several
  /// commits may run at once.
  public func afterCommit(_ action: @escaping @Sendable () -> Void) {
    actions.afterCommit.append(action)
  }

  /// Keeps `action` to be run on the writer's thread, before it takes the next body, once this
  /// body's work is committed.
  ///
  /// The disk may not have it yet. It is for what the bodies keep in memory beside the tables; what
  /// anybody else is to hear of is for `afterCommit`.
  public func onCommit(_ action: @escaping @Sendable () -> Void) {
    actions.onCommit.append(action)
  }
}

/// What bodies have asked to be done after their commit, in order.
struct AfterCommit {
  /// At once, on the writer's thread.
  var onCommit: [@Sendable () -> Void] = []
  /// When the disk has it.
  var afterCommit: [@Sendable () -> Void] = []

  mutating func add(_ other: AfterCommit) {
    onCommit += other.onCommit
    afterCommit += other.afterCommit
  }
}
