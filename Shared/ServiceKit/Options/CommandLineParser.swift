/// What a command line asks for.
enum Invocation: Sendable {
  case serve(Options)
  case command(String, Options)
  /// Help of the program, or of one command.
  case help(command: String?)
  case version
}

/// Reads a command line and the environment against the declared options.
///
/// `--name value`, `--name=value`, then `ASSAY_NAME`, then the default. The first word that is no
/// option names a command; what follows are its arguments.
struct CommandLineParser {
  struct Command: Sendable {
    let name: String
    let arguments: [String]
    let options: [OptionSpec]
  }

  let options: [OptionSpec]
  let commands: [Command]

  private struct State {
    var specs: [String: OptionSpec]
    var texts: [String: String] = [:]
    var command: Command?
    var positionals: [String] = []
    var wantsHelp = false
    var wantsVersion = false
  }

  func parse(_ arguments: [String], environment: [String: String]) throws(OptionError)
    -> Invocation
  {
    var state = State(specs: [:])
    for spec in options { state.specs[spec.name] = spec }
    try read(arguments, into: &state)
    if state.wantsHelp { return .help(command: state.command?.name) }
    if state.wantsVersion { return .version }
    let options = try resolve(state, environment)
    guard let command = state.command else { return .serve(options) }
    guard state.positionals.count == command.arguments.count else {
      let usage = ([command.name] + command.arguments).joined(separator: " ")
      throw OptionError("\(command.name) takes \(command.arguments.count) argument(s): \(usage)")
    }
    return .command(command.name, options)
  }

  private func read(_ arguments: [String], into state: inout State) throws(OptionError) {
    var index = 0
    while index < arguments.count {
      let argument = arguments[index]
      index += 1
      if argument == "--" {
        for rest in arguments[index...] { try positional(rest, &state) }
        return
      }
      guard argument.hasPrefix("-"), argument != "-" else {
        try positional(argument, &state)
        continue
      }
      try option(argument, arguments, &index, &state)
    }
  }

  private func positional(_ text: String, _ state: inout State) throws(OptionError) {
    guard state.command == nil else { return state.positionals.append(text) }
    guard let command = commands.first(where: { $0.name == text }) else {
      let known = commands.map(\.name).joined(separator: ", ")
      throw OptionError(
        "no such command: '\(text.prefix(100))'"
          + (known.isEmpty ? "; this program has none" : "; there are: \(known)"))
    }
    state.command = command
    for spec in command.options { state.specs[spec.name] = spec }
  }

  private func option(
    _ argument: String, _ arguments: [String], _ index: inout Int, _ state: inout State
  ) throws(OptionError) {
    switch argument {
    case "--help", "-h": state.wantsHelp = true
    case "--version": state.wantsVersion = true
    default:
      let parts = argument.split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let flag = String(parts[0])
      guard flag.hasPrefix("--"), let spec = state.specs[String(flag.dropFirst(2))] else {
        throw OptionError("unknown option \(flag.prefix(100)); --help lists all")
      }
      state.texts[spec.name] = try text(
        of: spec, inline: parts.count == 2 ? String(parts[1]) : nil, arguments, &index)
    }
  }

  private func text(
    of spec: OptionSpec, inline: String?, _ arguments: [String], _ index: inout Int
  ) throws(OptionError) -> String {
    if let inline { return inline }
    if case .flag = spec.kind { return "true" }
    guard index < arguments.count else {
      throw OptionError("--\(spec.name) needs a value: --\(spec.name) \(spec.placeholder)")
    }
    defer { index += 1 }
    return arguments[index]
  }

  private func resolve(_ state: State, _ environment: [String: String]) throws(OptionError)
    -> Options
  {
    var values: [String: OptionValue] = [:]
    var given: Set<String> = []
    for (name, spec) in state.specs.sorted(by: { $0.key < $1.key }) {
      if let text = state.texts[name] {
        values[name] = try spec.parse(text, source: "--\(name)")
        given.insert(name)
      } else if let text = environment[spec.environmentName], !text.isEmpty {
        values[name] = try spec.parse(text, source: spec.environmentName)
        given.insert(name)
      } else if let text = spec.defaultText {
        values[name] = try spec.parse(text, source: "--\(name)'s default")
      } else if spec.isRequired {
        throw OptionError("--\(name) \(spec.placeholder) is needed: \(spec.help)")
      }
    }
    return Options(
      specs: state.specs, values: values, given: given, arguments: state.positionals)
  }
}
