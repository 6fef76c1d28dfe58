import API
import Codec

/// Enum values as people type and read them: `tabular-classification`.
enum EnumName {
  /// Every value but "unspecified", in the schema's order.
  static func all<Value: ProtoEnum>(_ type: Value.Type) -> [String] {
    type.allCases.filter { $0.rawValue != 0 }.map(text)
  }

  /// `TASK_TABULAR_CLASSIFICATION` as `tabular-classification`; the number of a value that this
  /// version does not know.
  static func text<Value: ProtoEnum>(_ value: Value) -> String {
    guard let name = value.protoName else { return String(value.rawValue) }
    return String(name.dropFirst(prefix(Value.self)).map { $0 == "_" ? "-" : $0 }).lowercased()
  }

  /// The value of a name, with dashes or underscores, in any case.
  static func value<Value: ProtoEnum>(_ name: String, _ type: Value.Type = Value.self) -> Value? {
    let wanted = String(name.lowercased().map { $0 == "_" ? "-" : $0 })
    return type.allCases.first { $0.rawValue != 0 && text($0) == wanted }
  }

  /// Length of what all the names begin with (`TASK_`): the zero value's name less `UNSPECIFIED`.
  private static func prefix<Value: ProtoEnum>(_ type: Value.Type) -> Int {
    (Value(rawValue: 0).protoName ?? "").count - "UNSPECIFIED".count
  }
}

extension Arguments {
  /// An enum's value by its name.
  func choice<Value: ProtoEnum>(_ option: String, _ type: Value.Type = Value.self) throws -> Value?
  {
    guard let name = self[option] else { return nil }
    return try value(option, name)
  }

  /// Enum values by their names, comma-separated or repeated.
  func choices<Value: ProtoEnum>(_ option: String, _ type: Value.Type = Value.self) throws
    -> [Value]
  {
    try separated(option).map { try value(option, $0) }
  }

  private func value<Value: ProtoEnum>(_ option: String, _ name: String) throws -> Value {
    guard let value = EnumName.value(name, Value.self) else {
      throw wrong(option, name, "one of " + EnumName.all(Value.self).joined(separator: ", "))
    }
    return value
  }
}
