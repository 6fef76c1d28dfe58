/// Help texts, generated from the table of commands.
struct Help: Sendable {
  let commands: [Command]

  /// The first page: every command by its noun.
  var overview: String {
    var lines = [
      "assay: define AI use cases, meter what vendors train, score what they submit.", "",
      "Usage: assay COMMAND [ARGUMENTS] [OPTIONS]", "", "Commands:",
    ]
    lines += list(commands)
    lines += ["", "Every command takes --help and --json. To speak to a server:"]
    lines += rows(Option.connection.map { (title($0), $0.summary) })
    lines += [
      "", "Exit codes: 0 done, 1 refused, 2 the command line was not understood.",
      "Begin with: assay login --endpoint HOST:PORT --key-file FILE --ca FILE",
    ]
    return text(lines)
  }

  /// The verbs of one noun.
  func noun(_ noun: String) -> String {
    let verbs = commands.filter { $0.path.first == noun }
    return text(
      ["Usage: assay \(noun) VERB [ARGUMENTS] [OPTIONS]", "", "Verbs:"] + list(verbs)
        + ["", "More on each: assay \(noun) VERB --help"])
  }

  /// One command: usage, arguments, options, examples.
  func page(_ command: Command) -> String {
    var lines = ["\(command.summary).", "", "Usage: " + usage(command)]
    if !command.details.isEmpty { lines += ["", command.details] }
    if !command.arguments.isEmpty {
      lines += ["", "Arguments:"] + rows(command.arguments.map { ($0.name, $0.summary) })
    }
    if !command.options.isEmpty {
      lines += ["", "Options:"] + rows(command.options.map { (title($0), detail($0)) })
    }
    let common = (command.connects ? Option.connection : []) + Option.common
    lines += ["", "Common options:"] + rows(common.map { (title($0), $0.summary) })
    lines += ["", command.examples.count == 1 ? "Example:" : "Examples:"]
    lines += command.examples.map { "  " + $0 }
    return text(lines)
  }

  private func usage(_ command: Command) -> String {
    var words = ["assay", command.name]
    for argument in command.arguments {
      let name = argument.name + (argument.repeats ? "…" : "")
      words.append(argument.isRequired ? name : "[\(name)]")
    }
    for option in command.options where option.isRequired { words.append(title(option)) }
    return (words + ["[OPTIONS]"]).joined(separator: " ")
  }

  private func list(_ commands: [Command]) -> [String] {
    rows(commands.map { ($0.name, $0.summary) })
  }

  private func title(_ option: Option) -> String {
    "--" + option.name + (option.value.map { " " + $0 } ?? "")
  }

  private func detail(_ option: Option) -> String {
    var notes: [String] = []
    if option.isRequired { notes.append("required") }
    if option.repeats { notes.append("may repeat") }
    let suffix = notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))"
    let choices = option.choices.isEmpty ? "" : ": " + option.choices.joined(separator: ", ")
    return option.summary + choices + suffix
  }

  private func rows(_ rows: [(String, String)]) -> [String] {
    let width = min(28, rows.map { $0.0.count }.max() ?? 0)
    return rows.flatMap { name, summary -> [String] in
      let lines = wrapped(summary, width: 92 - width)
      let first = name.count <= width ? pad(name, width) + "  " + lines[0] : name
      let rest = name.count <= width ? lines.dropFirst() : lines[...]
      let indent = String(repeating: " ", count: width + 4)
      return ["  " + first] + rest.map { indent + $0 }
    }
  }

  private func wrapped(_ text: String, width: Int) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ") {
      let line = lines[lines.count - 1]
      if line.isEmpty {
        lines[lines.count - 1] = String(word)
      } else if line.count + 1 + word.count <= width {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private func text(_ lines: [String]) -> String { lines.joined(separator: "\n") + "\n" }
}
