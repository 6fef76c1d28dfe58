import CSQLite
import Crypto
import Glibc

/// The row that a query stands on, valid until the closure it was handed to returns.
///
/// Every accessor throws `StorageError.column` when the column is missing, is NULL, or holds
/// another type: a schema and a program that disagree are noticed, not guessed around.
public struct Row {
  let statement: Statement

  /// A column, by name or by position from 0.
  public enum Column: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case name(String)
    case index(Int)

    public init(stringLiteral value: String) { self = .name(value) }
    public init(integerLiteral value: Int) { self = .index(value) }
  }

  // MARK: Required values

  /// An INTEGER.
  public func int64(_ column: Column) throws -> Int64 {
    try required(column, optionalInt64(column))
  }

  /// An INTEGER.
  public func int(_ column: Column) throws -> Int { try required(column, optionalInt(column)) }

  /// An INTEGER that fits 32 bits.
  public func int32(_ column: Column) throws -> Int32 {
    try required(column, optionalInt32(column))
  }

  /// An INTEGER that fits 32 bits without sign.
  public func uint32(_ column: Column) throws -> UInt32 {
    try required(column, optionalInteger(column))
  }

  /// An INTEGER that is 0 or 1.
  public func bool(_ column: Column) throws -> Bool { try required(column, optionalBool(column)) }

  /// A REAL.
  public func double(_ column: Column) throws -> Double {
    try required(column, optionalDouble(column))
  }

  /// A TEXT.
  public func text(_ column: Column) throws -> String { try required(column, optionalText(column)) }

  /// A BLOB.
  public func blob(_ column: Column) throws -> [UInt8] {
    try required(column, optionalBlob(column))
  }

  /// A BLOB of 32 bytes.
  public func digest(_ column: Column) throws -> Digest {
    try required(column, optionalDigest(column))
  }

  // MARK: Values that may be NULL

  /// An INTEGER or NULL.
  public func optionalInt64(_ column: Column) throws -> Int64? { try optionalInteger(column) }

  /// An INTEGER or NULL.
  public func optionalInt(_ column: Column) throws -> Int? { try optionalInteger(column) }

  /// An INTEGER that fits 32 bits, or NULL.
  public func optionalInt32(_ column: Column) throws -> Int32? { try optionalInteger(column) }

  /// An INTEGER that is 0 or 1, or NULL.
  public func optionalBool(_ column: Column) throws -> Bool? {
    guard let value = try optionalInt64(column) else { return nil }
    guard value == 0 || value == 1 else {
      throw mismatch(column, "is \(value), expected 0 or 1")
    }
    return value == 1
  }

  /// A REAL or NULL. An INTEGER is taken too where a double holds it exactly, for the result of an
  /// expression such as `coalesce(x, 0)` has no declared type.
  public func optionalDouble(_ column: Column) throws -> Double? {
    let index = try index(of: column)
    switch sqlite3_column_type(statement.pointer, index) {
    case SQLITE_NULL: return nil
    case SQLITE_FLOAT: return sqlite3_column_double(statement.pointer, index)
    case SQLITE_INTEGER:
      let integer = sqlite3_column_int64(statement.pointer, index)
      if let exact = Double(exactly: integer) { return exact }
      throw mismatch(column, "is \(integer), which no double holds exactly")
    case let type: throw mismatch(column, type: type, expected: "REAL")
    }
  }

  /// A TEXT or NULL.
  public func optionalText(_ column: Column) throws -> String? {
    guard let bytes = try utf8(column) else { return nil }
    return try text(bytes, column)
  }

  /// A BLOB or NULL.
  public func optionalBlob(_ column: Column) throws -> [UInt8]? {
    guard let index = try index(of: column, holding: SQLITE_BLOB, "BLOB") else { return nil }
    let start = sqlite3_column_blob(statement.pointer, index)
    let count = Int(sqlite3_column_bytes(statement.pointer, index))
    return Array(UnsafeRawBufferPointer(start: start, count: count))
  }

  /// A BLOB of 32 bytes, or NULL.
  public func optionalDigest(_ column: Column) throws -> Digest? {
    guard let bytes = try optionalBlob(column) else { return nil }
    guard let digest = Digest(bytes: bytes) else {
      throw mismatch(column, "has \(bytes.count) bytes, a digest has \(Digest.byteCount)")
    }
    return digest
  }

  // MARK: Values that mostly stay

  /// Reads a TEXT into `text`, which stays as it is when this throws; returns whether it changed.
  ///
  /// For results in which the same value comes row after row: a string is made only where it
  /// changes.
  public func read(_ column: Column, into text: inout String) throws -> Bool {
    let bytes = try required(column, utf8(column))
    let isSame = text.withUTF8 { known in
      known.count == bytes.count
        && (known.isEmpty || memcmp(known.baseAddress!, bytes.baseAddress!, known.count) == 0)
    }
    if !isSame { text = try self.text(bytes, column) }
    return !isSame
  }

  // MARK: Finding and checking

  private func optionalInteger<I: FixedWidthInteger>(_ column: Column) throws -> I? {
    guard let index = try index(of: column, holding: SQLITE_INTEGER, "INTEGER") else { return nil }
    let value = sqlite3_column_int64(statement.pointer, index)
    guard let narrowed = I(exactly: value) else {
      throw mismatch(column, "is \(value), which does not fit \(I.self)")
    }
    return narrowed
  }

  /// The index of `column`, or `nil` when it holds NULL.
  private func index(
    of column: Column, holding expected: Int32, _ name: String
  ) throws -> Int32? {
    let index = try index(of: column)
    let type = sqlite3_column_type(statement.pointer, index)
    if type == SQLITE_NULL { return nil }
    guard type == expected else { throw mismatch(column, type: type, expected: name) }
    return index
  }

  /// The bytes of a TEXT, valid until the next row; `nil` when the column holds NULL.
  private func utf8(_ column: Column) throws -> UnsafeBufferPointer<UInt8>? {
    guard let index = try index(of: column, holding: SQLITE_TEXT, "TEXT") else { return nil }
    guard let start = sqlite3_column_text(statement.pointer, index) else {
      throw mismatch(column, "could not be read, memory has run out")
    }
    return UnsafeBufferPointer(
      start: start, count: Int(sqlite3_column_bytes(statement.pointer, index)))
  }

  private func text(_ bytes: UnsafeBufferPointer<UInt8>, _ column: Column) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw mismatch(column, "is not UTF-8")
    }
    return text
  }

  private func index(of column: Column) throws -> Int32 {
    switch column {
    case .name(let name): return try statement.column(name)
    case .index(let index):
      guard index >= 0, index < Int(statement.columnCount) else {
        throw StorageError.column(
          "no column \(index), the result has \(statement.columnCount): \(statement.sql)")
      }
      return Int32(index)
    }
  }

  private func required<T>(_ column: Column, _ value: T?) throws -> T {
    guard let value else { throw mismatch(column, "is NULL") }
    return value
  }

  private func mismatch(_ column: Column, type: Int32, expected: String) -> StorageError {
    let names = [
      SQLITE_INTEGER: "INTEGER", SQLITE_FLOAT: "REAL", SQLITE_TEXT: "TEXT", SQLITE_BLOB: "BLOB",
    ]
    return mismatch(column, "holds \(names[type] ?? "NULL"), expected \(expected)")
  }

  private func mismatch(_ column: Column, _ reason: String) -> StorageError {
    let name =
      switch column {
      case .name(let name): "\"\(name)\""
      case .index(let index): "\(index)"
      }
    return .column("column \(name) \(reason), in the result of: \(statement.sql)")
  }
}
