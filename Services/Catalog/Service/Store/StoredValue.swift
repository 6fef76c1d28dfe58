import Storage

/// Reads back what this service wrote.
enum StoredValue {
  /// A value of an enum stored by its text.
  static func parse<Value: RawRepresentable<String>>(_ text: String) throws -> Value {
    guard let value = Value(rawValue: text) else {
      throw StorageError.column("\"\(text)\" is no \(Value.self)")
    }
    return value
  }
}
