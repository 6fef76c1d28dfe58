import CSQLite

/// One prepared statement of one connection.
final class Statement {
  let pointer: OpaquePointer
  let sql: String
  /// Set while a caller steps through it; a second use at the same time gets a copy.
  var isInUse = false
  private unowned let connection: Connection
  /// Index of each result column by name; `nil` as value where a name occurs twice.
  private lazy var columns: [String: Int32?] = makeColumns()

  init(pointer: OpaquePointer, sql: String, connection: Connection) {
    self.pointer = pointer
    self.sql = sql
    self.connection = connection
  }

  deinit { sqlite3_finalize(pointer) }

  var columnCount: Int32 { sqlite3_column_count(pointer) }

  /// Binds the values of ?1, ?2, … in order; there must be one for each parameter.
  func bind(_ values: [(any SQLBindable)?]) throws {
    let expected = Int(sqlite3_bind_parameter_count(pointer))
    guard values.count == expected else {
      throw StorageError.statement(
        code: SQLITE_RANGE, message: "\(expected) parameters, but \(values.count) values", sql: sql)
    }
    for (offset, value) in values.enumerated() {
      let result = bind(value?.sqlValue ?? .null, at: Int32(offset + 1))
      if result != SQLITE_OK { throw connection.error(result, sql: sql) }
    }
  }

  private func bind(_ value: SQLValue, at index: Int32) -> Int32 {
    switch value {
    case .null:
      return sqlite3_bind_null(pointer, index)
    case .integer(let value):
      return sqlite3_bind_int64(pointer, index, value)
    case .real(let value):
      return sqlite3_bind_double(pointer, index, value)
    case .text(var text):
      return text.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) { characters in
          // An empty buffer may have no address, which SQLite would take for NULL.
          guard let address = characters.baseAddress else {
            return assay_sqlite3_bind_text(pointer, index, "", 0)
          }
          return assay_sqlite3_bind_text(
            pointer, index, address, sqlite3_uint64(characters.count))
        }
      }
    case .blob(let bytes):
      guard !bytes.isEmpty else { return sqlite3_bind_zeroblob(pointer, index, 0) }
      return assay_sqlite3_bind_blob(pointer, index, bytes, sqlite3_uint64(bytes.count))
    }
  }

  /// Moves to the next row; `false` when there is none.
  func step() throws -> Bool {
    let result = sqlite3_step(pointer)
    switch result {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default: throw connection.error(result, sql: sql)
    }
  }

  /// Makes the statement ready for its next use. The result repeats the last step's error, which
  /// was thrown already.
  func reset() {
    sqlite3_reset(pointer)
    sqlite3_clear_bindings(pointer)
  }

  /// The index of the column called `name`.
  func column(_ name: String) throws -> Int32 {
    guard let found = columns[name] else {
      throw StorageError.column("no column \"\(name)\" in the result of: \(sql)")
    }
    guard let index = found else {
      throw StorageError.column("two columns are called \"\(name)\" in the result of: \(sql)")
    }
    return index
  }

  private func makeColumns() -> [String: Int32?] {
    var columns: [String: Int32?] = [:]
    for index in 0..<columnCount {
      guard let name = sqlite3_column_name(pointer, index).map({ String(cString: $0) }) else {
        continue
      }
      let isRepeated = columns[name] != nil
      columns.updateValue(isRepeated ? nil : index, forKey: name)
    }
    return columns
  }
}
