/// Swift source under construction, with its indentation.
struct SourceText {
  private(set) var text = ""
  private var depth = 0

  mutating func line(_ line: String = "") {
    if !line.isEmpty {
      text += String(repeating: "  ", count: depth)
      text += line
    }
    text += "\n"
  }

  mutating func lines(_ lines: [String]) {
    for line in lines { self.line(line) }
  }

  /// `head {`, the indented body, `}`.
  mutating func block(_ head: String, _ body: (inout SourceText) -> Void) {
    line(head + " {")
    depth += 1
    body(&self)
    depth -= 1
    line("}")
  }

  /// A `case` of a switch with its statements.
  mutating func switchCase(_ head: String, _ statements: [String]) {
    line(head + ":")
    depth += 1
    lines(statements)
    depth -= 1
  }

  /// The schema's comment as a doc comment; `fallback` where it has none.
  mutating func documentation(_ comment: String?, fallback: String? = nil) {
    guard let comment = comment ?? fallback else { return }
    var lines = comment.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .map { $0.hasPrefix(" ") ? $0.dropFirst() : $0 }
    while lines.last?.allSatisfy(\.isWhitespace) == true { lines.removeLast() }
    for line in lines { self.line(line.isEmpty ? "///" : "/// \(line)") }
  }
}

/// A Swift string literal.
func literal(_ string: String) -> String {
  var text = "\""
  for scalar in string.unicodeScalars {
    switch scalar {
    case "\"", "\\": text += "\\\(scalar)"
    case "\u{0}"..."\u{1f}": text += "\\u{\(String(scalar.value, radix: 16))}"
    default: text.unicodeScalars.append(scalar)
    }
  }
  return text + "\""
}
