/// Rows under headings, for people (aligned) and for programs (CSV).
struct Table: Sendable, Equatable {
  struct Column: Sendable, Equatable {
    let title: String
    let isNumber: Bool
  }

  private(set) var columns: [Column] = []
  private(set) var rows: [[String]] = []

  /// Column titles; a title that begins with `#` is a column of numbers, set to the right.
  init(_ titles: [String]) {
    columns = titles.map { title in
      title.hasPrefix("#")
        ? Column(title: String(title.dropFirst()), isNumber: true)
        : Column(title: title, isNumber: false)
    }
  }

  init<Rows: Sequence>(_ titles: [String], _ rows: Rows, _ cells: (Rows.Element) -> [String]) {
    self.init(titles)
    for row in rows { add(cells(row)) }
  }

  mutating func add(_ cells: [String]) {
    precondition(cells.count == columns.count, "a row has a cell for each column")
    rows.append(cells)
  }

  /// Aligned text: headings in capitals, numbers to the right, two spaces between columns.
  var text: String {
    let printable = rows.map { $0.map(Printable.text) }
    var widths = columns.map(\.title.count)
    for row in printable {
      for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.count) }
    }
    let lines = [columns.map { $0.title.uppercased() }] + printable
    return lines.map { aligned($0, widths) }.joined(separator: "\n")
  }

  private func aligned(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    for (index, cell) in cells.enumerated() {
      let padding = String(repeating: " ", count: widths[index] - cell.count)
      let isLast = index == cells.count - 1
      line += columns[index].isNumber ? padding + cell : cell + (isLast ? "" : padding)
      line += isLast ? "" : "  "
    }
    while line.last == " " { line.removeLast() }
    return line
  }

  /// RFC 4180, with a heading line; titles with underscores instead of spaces.
  ///
  /// Text that a spreadsheet would take for a formula has an apostrophe before it, for people of
  /// other tenants choose titles and names; numbers stay numbers, in whatever column.
  var csv: String {
    let heading = columns.map { column in
      String(column.title.lowercased().map { $0 == " " ? "_" : $0 })
    }
    let guarded = rows.map { row in
      zip(columns, row).map { $0.isNumber ? $1 : Self.guarded($1) }
    }
    return ([heading] + guarded).map { $0.map(Self.field).joined(separator: ",") + "\n" }.joined()
  }

  /// As the OWASP advises against CSV injection. By scalars: a combining mark after the sign makes
  /// it another `Character`, and no other cell.
  private static func guarded(_ text: String) -> String {
    let formulas: Set<Unicode.Scalar> = [
      "=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠",
    ]
    guard let first = text.unicodeScalars.first, formulas.contains(first), Double(text) == nil
    else { return text }
    return "'" + text
  }

  private static func field(_ text: String) -> String {
    let special: Set<Character> = [",", "\"", "\n", "\r", "\r\n"]
    guard text.contains(where: special.contains) else { return text }
    return "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }
}

/// Names with their values, one a line, for showing one thing.
struct Facts: Sendable, Equatable {
  private var rows: [(name: String, value: String)] = []

  init() {}

  /// Adds a line; an empty value is left out.
  mutating func add(_ name: String, _ value: String) {
    if !value.isEmpty { rows.append((name, value)) }
  }

  var text: String {
    let width = rows.map(\.name.count).max() ?? 0
    return rows.map { name, value in
      name + ":" + String(repeating: " ", count: width - name.count + 1) + Printable.text(value)
    }.joined(separator: "\n")
  }

  static func == (left: Facts, right: Facts) -> Bool {
    left.rows.elementsEqual(right.rows) { $0 == $1 }
  }
}

/// Text from a server, made safe for a terminal.
enum Printable {
  /// Control characters replaced, so that no title can move the cursor or change colours.
  static func text(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    return String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { isControl($0) ? ($0 == "\n" ? " " : "\u{FFFD}") : $0 }))
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .surrogate: true
    // The bidirectional overrides reorder what stands around them.
    case .format:
      (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    default: false
    }
  }
}
