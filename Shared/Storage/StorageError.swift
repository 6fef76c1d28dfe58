import CSQLite
import Crypto

/// Which rule of the schema a statement broke.
public enum ConstraintKind: String, Sendable {
  case unique, primaryKey, foreignKey, check, notNull, other
}

/// What can go wrong in this module, for services to map to a status in one place.
public enum StorageError: Error, Equatable, Sendable {
  /// A statement broke a rule of the schema. SQLite's message names the table and columns.
  case constraint(ConstraintKind, message: String)
  /// More work is waiting than the named queue may hold. Nothing was done; try again later.
  case overloaded(queue: String, limit: Int)
  /// The database or blob store has been closed.
  case closed
  /// Another process kept the database locked for longer than the busy timeout.
  case busy(String)
  /// No room is left on the disk, or the database reached its `maximumPages`.
  case diskFull(String)
  /// The database was opened for reading only, or the file system refuses writes.
  case readOnly(String)
  /// The operating system refused a read, write or flush.
  case inputOutput(String)
  /// A file is not a database, or a damaged one.
  case corrupt(String)
  /// A file or folder could not be opened or made.
  case cannotOpen(path: String, reason: String)
  /// Another process has the database open.
  case locked(path: String, holder: String)
  /// The database was written by a newer version of the program.
  case newerDatabase(path: String, found: Int, known: Int)
  /// A database opened for reading only still needs migrations.
  case outdatedDatabase(path: String, found: Int, known: Int)
  /// A migration that was applied long ago reads differently now.
  case changedMigration(path: String, version: Int, name: String)
  /// The file is the database of another service.
  case wrongApplication(path: String, found: Int32, expected: Int32)
  /// A migration failed and was rolled back.
  case migration(version: Int, name: String, reason: String)
  /// A row has no such column, or it holds another type than was asked for.
  case column(String)
  /// Any other refusal of a statement; most are mistakes in it.
  case statement(code: Int32, message: String, sql: String)
  /// No blob of this digest is stored.
  case blobNotFound(Digest)
  /// The bytes on disk no longer have the digest that names them.
  case blobCorrupt(Digest)
  /// More bytes were appended than the writer's limit allows.
  case blobTooLarge(limit: Int64)
  /// A blob's writer or reader is used after it was finished, abandoned or closed.
  case blobClosed

  /// Whether a value that must be unique was there already.
  public var isUniqueViolation: Bool {
    switch self {
    case .constraint(.unique, _), .constraint(.primaryKey, _): true
    default: false
    }
  }
}

extension StorageError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .constraint(let kind, let message): "\(kind.rawValue) constraint: \(message)"
    case .overloaded(let queue, let limit):
      "the \(queue) queue is full, \(limit) calls are waiting; try again later"
    case .closed: "the store is closed"
    case .busy(let message): "the database is locked by another process: \(message)"
    case .diskFull(let message): "no space is left: \(message); free some space and try again"
    case .readOnly(let message): "writing is not possible: \(message)"
    case .inputOutput(let message): "input or output failed: \(message)"
    case .corrupt(let message): "the file is damaged: \(message); restore it from a backup"
    case .cannotOpen(let path, let reason): "cannot open \(path): \(reason)"
    case .locked(let path, let holder):
      "\(path) is in use by \(holder); stop that process or choose another data folder"
    case .newerDatabase(let path, let found, let known):
      "\(path) has schema version \(found), this program knows up to \(known); "
        + "run the newer program, or restore a backup made before the upgrade"
    case .outdatedDatabase(let path, let found, let known):
      "\(path) has schema version \(found), this program needs \(known); "
        + "start the service once to migrate it"
    case .changedMigration(let path, let version, let name):
      "\(path) was built with another text of migration \(version) (\(name)); "
        + "run the program that built it, released migrations must not change"
    case .wrongApplication(let path, let found, let expected):
      "\(path) is not this service's database: its application id is \(found), "
        + "expected \(expected); check the data folder"
    case .migration(let version, let name, let reason):
      "migration \(version) (\(name)) failed and was rolled back: \(reason)"
    case .column(let message): message
    case .statement(let code, let message, let sql): "SQLite error \(code): \(message), in: \(sql)"
    case .blobNotFound(let digest): "no blob \(digest) is stored"
    case .blobCorrupt(let digest):
      "blob \(digest) is damaged: its bytes have another hash; restore it from a backup"
    case .blobTooLarge(let limit): "the content is larger than the limit of \(limit) bytes"
    case .blobClosed: "the blob was already finished, abandoned or closed"
    }
  }
}

extension StorageError {
  /// The error for a result code of SQLite (extended codes are on).
  init(code: Int32, message: String, sql: String) {
    switch code & 0xff {
    case SQLITE_CONSTRAINT: self = .constraint(ConstraintKind(code: code), message: message)
    case SQLITE_FULL: self = .diskFull(message)
    case SQLITE_READONLY, SQLITE_PERM: self = .readOnly(message)
    case SQLITE_IOERR, SQLITE_CANTOPEN: self = .inputOutput(message)
    case SQLITE_CORRUPT, SQLITE_NOTADB: self = .corrupt(message)
    case SQLITE_BUSY, SQLITE_LOCKED: self = .busy(message)
    default: self = .statement(code: code, message: message, sql: sql)
    }
  }
}

extension ConstraintKind {
  // SQLite's extended codes are casts in macros, which Swift does not import: 19 | n << 8.
  fileprivate init(code: Int32) {
    switch code >> 8 {
    case 1: self = .check
    case 3: self = .foreignKey
    case 5: self = .notNull
    case 6, 10: self = .primaryKey
    case 8: self = .unique
    default: self = .other
    }
  }
}
