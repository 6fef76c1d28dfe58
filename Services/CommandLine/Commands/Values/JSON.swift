import Codec

/// One-line JSON for `--json`: messages as proto3 JSON, and what is put together from them.
enum JSON {
  /// A message by the rules of proto3's JSON mapping; fields at their default are there too, so
  /// that a reader finds `entries` even where it is empty.
  static func of(_ message: some Message) -> String {
    JSONPrinter(isPretty: false, includesDefaults: true).print(message)
  }

  /// An object of values that are JSON already, in the order given.
  static func object(_ members: KeyValuePairs<String, String>) -> String {
    "{" + members.map { string($0.key) + ":" + $0.value }.joined(separator: ",") + "}"
  }

  /// An array of values that are JSON already.
  static func array(_ values: some Sequence<String>) -> String {
    "[" + values.joined(separator: ",") + "]"
  }

  /// The shortest decimal that reads back as the same number; null if it is not finite.
  static func number(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "null" }
    return String(value)
  }

  /// A quoted string.
  static func string(_ text: String) -> String {
    var json = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": json += "\\\""
      case "\\": json += "\\\\"
      case "\u{0}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: json.unicodeScalars.append(scalar)
      }
    }
    return json + "\""
  }
}
