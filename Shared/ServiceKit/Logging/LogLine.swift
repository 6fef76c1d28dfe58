import Glibc

/// One event to be logged.
struct LogLine {
  let time: Int64
  let level: LogLevel
  let service: String
  let message: String
  let traceID: String?
  let fields: [(name: String, value: LogValue)]

  /// A field's value without what must not be read in a log.
  private func safe(_ field: (name: String, value: LogValue)) -> String {
    Redaction.isSecret(field: field.name)
      ? Redaction.replacement : Redaction.clean(field.value.plainText)
  }

  /// One JSON object.
  var json: String {
    var text = "{\"time\":\"\(Timestamp.text(time))\",\"level\":\"\(level.name)\""
    text += ",\"service\":\(JSONText.quote(service))"
    text += ",\"message\":\(JSONText.quote(Redaction.clean(message)))"
    if let traceID { text += ",\"trace_id\":\"\(traceID)\"" }
    for field in fields {
      let value = safe(field)
      let isBare = field.value.isBare && value != Redaction.replacement
      text += ",\(JSONText.quote(field.name)):\(isBare ? value : JSONText.quote(value))"
    }
    return text + "}"
  }

  /// One line for a person.
  var text: String {
    let mark = level == .info ? "" : "\(level.name.uppercased()): "
    var text = "\(Timestamp.text(time).dropFirst(11).dropLast()) \(service)  \(mark)"
    text += LogLine.printable(Redaction.clean(message))
    for field in fields {
      let value = LogLine.printable(safe(field))
      let needsQuotes = value.contains(" ") || value.isEmpty
      text += "  \(field.name)=\(needsQuotes ? "\"\(value)\"" : value)"
    }
    if let traceID { text += "  trace=\(traceID)" }
    return text
  }

  /// Control characters would let a caller write lines, or to the terminal.
  private static func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
      return text
    }
    return String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
  }
}

/// RFC 3339 times of unix milliseconds.
enum Timestamp {
  static func text(_ milliseconds: Int64) -> String {
    var seconds = time_t(milliseconds / 1_000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    return padded(Int(parts.tm_year) + 1_900, 4) + "-" + padded(Int(parts.tm_mon) + 1, 2) + "-"
      + padded(Int(parts.tm_mday), 2) + "T" + padded(Int(parts.tm_hour), 2) + ":"
      + padded(Int(parts.tm_min), 2) + ":" + padded(Int(parts.tm_sec), 2) + "."
      + padded(Int(milliseconds % 1_000), 3) + "Z"
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
  }
}

/// JSON's strings (RFC 8259, section 7).
enum JSONText {
  static func quote(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F:
        let hex = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
