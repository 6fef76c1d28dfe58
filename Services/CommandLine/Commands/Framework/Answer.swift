import Codec

/// What a command has to say, in every form that it can be asked for.
struct Answer: Sendable {
  /// For people.
  let text: String
  /// For programs: one JSON object.
  let json: String
  /// The rows behind the text, for `--csv`.
  let table: Table?
  /// The server's own answer, where there is one.
  let message: (any Message)?
  /// Prints CSV instead of the text, because `--csv` asked for it.
  var prefersCSV = false

  init(text: String, json: String, table: Table? = nil, message: (any Message)? = nil) {
    self.text = text
    self.json = json
    self.table = table
    self.message = message
  }

  /// A server's answer and how people read it.
  init(_ message: some Message, text: String) {
    self.init(text: text, json: JSON.of(message), message: message)
  }

  /// A server's answer as a table.
  init(_ message: some Message, _ table: Table, none: String, footer: String = "") {
    let body = table.rows.isEmpty ? none : table.text
    self.init(
      text: footer.isEmpty ? body : body + "\n" + footer, json: JSON.of(message),
      table: table, message: message)
  }

  /// The form that was asked for, ending with a line feed unless it is empty.
  func rendered(asJSON: Bool) -> String {
    if !asJSON, prefersCSV, let table { return table.csv }
    let form = asJSON ? json : text
    return form.isEmpty ? "" : form + "\n"
  }

  /// The same answer with the preference for CSV.
  func csv(_ wanted: Bool) -> Answer {
    var answer = self
    answer.prefersCSV = wanted
    return answer
  }
}
