/// What `--help` prints.
struct HelpText {
  let name: String
  let summary: String
  let commands: [(usage: String, summary: String)]
  let sections: [(title: String, options: [OptionSpec])]

  private static let indent = "      "

  var text: String {
    var lines = ["\(name): \(summary)", "", "Usage: \(usage)"]
    if !commands.isEmpty {
      lines += ["", "Commands (without one, the program serves until SIGTERM):"]
      let width = commands.map(\.usage.count).max() ?? 0
      for command in commands {
        let padding = String(repeating: " ", count: width - command.usage.count)
        lines.append("  \(command.usage)\(padding)  \(command.summary)")
      }
    }
    for section in sections where !section.options.isEmpty {
      lines += ["", "\(section.title):"]
      for option in section.options { lines += HelpText.lines(of: option) }
    }
    lines += [
      "", "Other options:", "  --help, -h", HelpText.indent + "Says all of this.", "  --version",
      HelpText.indent + "Says the version.", "",
      "An option is taken from the command line, then from its environment variable, then from its "
        + "default.", "Exit codes: 0 done, 1 failed, 2 wrong usage.",
    ]
    return lines.joined(separator: "\n")
  }

  private var usage: String {
    commands.isEmpty ? "\(name) [options]" : "\(name) [command] [options]"
  }

  private static func lines(of option: OptionSpec) -> [String] {
    let head = option.placeholder.isEmpty ? "" : " \(option.placeholder)"
    var notes = ["\(option.environmentName)"]
    if let text = option.defaultText, !text.isEmpty, !option.placeholder.isEmpty {
      notes.append("default \(text)")
    }
    if case .integer(let range) = option.kind {
      notes.append("\(range.lowerBound) to \(range.upperBound)")
    }
    let note = notes.joined(separator: "; ")
    return ["  --\(option.name)\(head)", "\(indent)\(option.help) [\(note)]"]
  }
}
