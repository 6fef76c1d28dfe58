/// Writes elements, escaped and indented; for XML and HTML alike.
struct Markup {
  private(set) var text: String
  private var depth = 0

  init(_ prologue: String) { text = prologue }

  /// An element with elements in it.
  mutating func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:],
    _ body: (inout Markup) -> Void
  ) {
    indent()
    open(name, attributes)
    text += "\n"
    depth += 1
    body(&self)
    depth -= 1
    indent()
    text += "</\(name)>\n"
  }

  /// An element with text in it; none for empty text.
  mutating func leaf(_ name: String, _ content: String) { leaf(name, [:], content) }

  mutating func leaf(
    _ name: String, _ attributes: KeyValuePairs<String, String>, _ content: String
  ) {
    guard !content.isEmpty else { return }
    indent()
    open(name, attributes)
    text += Self.escaped(content) + "</\(name)>\n"
  }

  /// A line of markup of one's own.
  mutating func raw(_ markup: String) { text += markup + "\n" }

  private mutating func open(_ name: String, _ attributes: KeyValuePairs<String, String>) {
    text += "<\(name)"
    for (key, value) in attributes { text += " \(key)=\"\(Self.escaped(value))\"" }
    text += ">"
  }

  private mutating func indent() { text += String(repeating: " ", count: depth) }

  /// Escaped, and without the control characters that XML 1.0 forbids.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\t", "\n", "\r": result += " "
      case "\u{0}"..."\u{1F}", "\u{7F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
