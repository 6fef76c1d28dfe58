/// One command of the table: everything that help, parsing and running need, as data.
struct Command: Sendable {
  /// The words that name it: `["tenant", "create"]`, or `["login"]`.
  let path: [String]
  /// One line for lists of commands.
  let summary: String
  /// Further paragraphs for the command's own help.
  let details: String
  let arguments: [Argument]
  let options: [Option]
  /// Complete command lines, shown as they would be typed.
  let examples: [String]
  /// Whether it speaks to a server, and so takes the connection's options.
  let connects: Bool
  let run: @Sendable (Invocation) async throws -> Answer

  init(
    _ path: String, _ summary: String, details: String = "", arguments: [Argument] = [],
    options: [Option] = [], examples: [String], connects: Bool = true,
    run: @escaping @Sendable (Invocation) async throws -> Answer
  ) {
    self.path = path.split(separator: " ").map(String.init)
    self.summary = summary
    self.details = details
    self.arguments = arguments
    self.options = options
    self.examples = examples
    self.connects = connects
    self.run = run
  }

  /// The words of the command as typed.
  var name: String { path.joined(separator: " ") }
}

/// A value that is told by its position.
struct Argument: Sendable {
  /// How help names it: `USE_CASE`.
  let name: String
  let summary: String
  let isRequired: Bool
  /// Takes all that follow; only the last of a command may.
  let repeats: Bool

  init(_ name: String, _ summary: String, required: Bool = true, repeats: Bool = false) {
    self.name = name
    self.summary = summary
    self.isRequired = required
    self.repeats = repeats
  }
}

/// A value that is told by its name: `--title TEXT`, or a flag without a value.
struct Option: Sendable {
  /// Without the dashes.
  let name: String
  /// How help names the value; nil for a flag.
  let value: String?
  let summary: String
  let isRequired: Bool
  let repeats: Bool
  /// The only values that are taken; empty means any.
  let choices: [String]

  /// An option with a value.
  init(
    _ name: String, _ value: String, _ summary: String, required: Bool = false,
    repeats: Bool = false, choices: [String] = []
  ) {
    self.name = name
    self.value = value
    self.summary = summary
    self.isRequired = required
    self.repeats = repeats
    self.choices = choices
  }

  /// A flag.
  init(flag name: String, _ summary: String) {
    self.name = name
    self.value = nil
    self.summary = summary
    self.isRequired = false
    self.repeats = false
    self.choices = []
  }
}

/// A command with its arguments, ready to run.
struct Invocation: Sendable {
  let arguments: Arguments
  let session: Session
  let console: Console
}

extension Option {
  /// What every command takes.
  static let common: [Option] = [
    Option(flag: "json", "print the answer as one JSON object"),
    Option(flag: "quiet", "no progress bars and no notes, only the answer"),
    Option(flag: "help", "print this help"),
  ]

  /// What every command that speaks to a server takes.
  static let connection: [Option] = [
    Option("endpoint", "HOST:PORT", "the gateway (ASSAY_ENDPOINT; 127.0.0.1:7443)"),
    Option("key-file", "FILE", "file that holds the API key; - reads standard input"),
    Option("key", "KEY", "the API key itself (ASSAY_KEY); other users may see command lines"),
    Option("ca", "FILE", "certificates to trust, PEM (ASSAY_CA; the system's)"),
    Option("profile", "FILE", "what `assay login` wrote (ASSAY_PROFILE; ~/.config/assay)"),
    Option("timeout", "SECONDS", "give up after so long (30 for short calls)"),
  ]
}
