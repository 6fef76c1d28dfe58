/// The spelling of single values in JSON.
enum JSONText {
  static func append(_ value: ScalarValue, to text: inout String) {
    switch value {
    case .int32(let number): text += String(number)
    case .uint32(let number): text += String(number)
    // A double, which is what JSON numbers are to most readers, holds 53 bits: hence strings.
    case .int64(let number): text += "\"\(number)\""
    case .uint64(let number): text += "\"\(number)\""
    case .float(let number): text += floatingPoint(number)
    case .double(let number): text += floatingPoint(number)
    case .bool(let value): text += value ? "true" : "false"
    case .string(let value): append(value, to: &text)
    case .bytes(let bytes): text += "\"\(Base64.encode(bytes))\""
    case .enumValue(_, "NULL_VALUE"?): text += "null"
    case .enumValue(_, let name?): text += "\"\(name)\""
    case .enumValue(let number, nil): text += String(number)
    }
  }

  /// The key of a map's entry, which in JSON is always a string.
  static func key(_ value: ScalarValue) -> String {
    switch value {
    case .int32(let number): String(number)
    case .int64(let number): String(number)
    case .uint32(let number): String(number)
    case .uint64(let number): String(number)
    case .bool(let value): value ? "true" : "false"
    case .string(let value): value
    case .float, .double, .bytes, .enumValue: ""  // protobuf has no such keys
    }
  }

  private static func floatingPoint(
    _ number: some BinaryFloatingPoint & LosslessStringConvertible
  ) -> String {
    if number.isNaN { return "\"NaN\"" }
    if number.isInfinite { return number < 0 ? "\"-Infinity\"" : "\"Infinity\"" }
    // The shortest decimal that reads back to the same bits.
    return String(number)
  }

  /// A string with its quotes.
  static func append(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{0}"..."\u{1f}", "\u{7f}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
