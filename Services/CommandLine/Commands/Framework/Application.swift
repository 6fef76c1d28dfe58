import ServiceKit

/// The `assay` command line: finds the command, parses, runs, prints, and answers an exit code.
public struct Application: Sendable {
  let environment: [String: String]
  let console: Console
  let commands: [Command]

  /// An application over the process's or a test's surroundings.
  public init(environment: [String: String], console: Console = .standard) {
    self.init(environment: environment, console: console, commands: CommandTable.all)
  }

  init(environment: [String: String], console: Console, commands: [Command]) {
    self.environment = environment
    self.console = console
    self.commands = commands
  }

  /// Runs one command line (without the program's name); 0 done, 1 refused, 2 not understood.
  public func run(_ words: [String]) async -> Int32 {
    let asJSON = words.prefix { $0 != "--" }.contains("--json")
    do {
      return try await dispatch(words)
    } catch {
      let failure = Failure(error)
      console.err(asJSON ? failure.json : failure.text)
      return failure.exitCode
    }
  }

  private func dispatch(_ words: [String]) async throws -> Int32 {
    let help = Help(commands: commands)
    guard let first = words.first else {
      console.err(help.overview)
      return 2
    }
    if ["--help", "-h", "help"].contains(first) {
      guard first == "help", words.count > 1 else { return show(help.overview) }
      return try await dispatch(Array(words.dropFirst()) + ["--help"])
    }
    if first == "--version" { return show("assay \(Software.version)\n") }
    guard let command = find(words) else {
      return try explain(words, help)
    }
    let rest = Array(words.dropFirst(command.path.count))
    let arguments = try Arguments(parsing: rest, for: command)
    if arguments.has("help") { return show(help.page(command)) }
    try await perform(command, arguments)
    return 0
  }

  private func perform(_ command: Command, _ arguments: Arguments) async throws {
    let asJSON = arguments.has("json")
    let quiet = arguments.has("quiet")
    let session = Session(try connection(command, arguments))
    defer { session.close() }
    let answer = try await command.run(
      Invocation(
        arguments: arguments, session: session, console: quiet ? console.quiet() : console))
    console.out(answer.rendered(asJSON: asJSON))
  }

  /// Commands that call no server read neither environment nor profile.
  private func connection(_ command: Command, _ arguments: Arguments) throws -> ConnectionOptions {
    guard command.connects else { return ConnectionOptions(endpoint: "", key: "", ca: "") }
    return try ConnectionOptions(arguments, environment: environment, console: console)
  }

  private func find(_ words: [String]) -> Command? {
    commands.filter { words.starts(with: $0.path) }.max { $0.path.count < $1.path.count }
  }

  /// A noun without a verb, or a word that is no command.
  private func explain(_ words: [String], _ help: Help) throws -> Int32 {
    let noun = words[0]
    let verbs = commands.filter { $0.path.first == noun }.compactMap { $0.path.dropFirst().first }
    guard !verbs.isEmpty else {
      let nouns = commands.map { $0.path[0] }
      let hint = nearest(to: noun, among: nouns).map { "; is \($0) meant?" } ?? ""
      throw UsageError("unknown command \(quoted(noun))\(hint)")
    }
    let verb = words.count > 1 ? words[1] : ""
    if verb == "--help" || verb == "-h" { return show(help.noun(noun)) }
    guard !verb.isEmpty, !verb.hasPrefix("-") else {
      console.err(help.noun(noun))
      return 2
    }
    let hint = nearest(to: verb, among: verbs).map { "; is \($0) meant?" } ?? ""
    throw UsageError(
      "unknown command \(quoted("\(noun) \(verb)"))\(hint)", command: noun)
  }

  private func show(_ text: String) -> Int32 {
    console.out(text)
    return 0
  }
}
