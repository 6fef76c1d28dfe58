import API

/// The values of one command line, by the names of the command's arguments and options.
///
/// Everything is text here; the accessors turn it into typed values or a `UsageError`.
struct Arguments: Sendable, Equatable {
  /// Name of the command, for messages.
  let command: String
  private let positional: [String: [String]]
  private let options: [String: [String]]

  init(command: String, positional: [String: [String]], options: [String: [String]]) {
    self.command = command
    self.positional = positional
    self.options = options
  }

  /// Reads `words` as `command` defines them.
  init(parsing words: [String], for command: Command) throws {
    var scan = ArgumentScan(command: command)
    try scan.read(words)
    self = try scan.finished()
  }

  /// Whether an option or flag was given.
  func has(_ option: String) -> Bool { options[option] != nil }

  /// The value of an option, if it was given.
  subscript(_ option: String) -> String? { options[option]?.last }

  /// The value of an option, or empty.
  func text(_ option: String) -> String { self[option] ?? "" }

  /// All values of an option that repeats.
  func list(_ option: String) -> [String] { options[option] ?? [] }

  /// The value of a positional argument that the command requires.
  ///
  /// Parsing has refused the command line when it is missing, so empty never reaches a command.
  func argument(_ name: String) -> String { positional[name]?.first ?? "" }

  /// The value of a positional argument that may be missing.
  func optionalArgument(_ name: String) -> String? { positional[name]?.first }

  /// All values of a positional argument that repeats.
  func argumentList(_ name: String) -> [String] { positional[name] ?? [] }

  /// A whole number within `limits`.
  func integer<Value: FixedWidthInteger>(
    _ option: String, in limits: ClosedRange<Value>
  ) throws -> Value? {
    guard let text = self[option] else { return nil }
    guard let value = Value(text), limits.contains(value) else {
      let range = "\(limits.lowerBound) to \(limits.upperBound)"
      throw wrong(option, text, "a whole number from \(range)")
    }
    return value
  }

  /// PFLOP as typed, in GFLOP.
  func pflop(_ option: String) throws -> Int64? {
    guard let text = self[option] else { return nil }
    guard let gflop = PFLOP.gflop(text) else {
      throw wrong(option, text, "PFLOP as a decimal with at most six places, such as 41.5")
    }
    return gflop
  }

  /// An instant, such as `2026-12-31` or `2026-12-31T18:00:00Z`.
  func time(_ option: String) throws -> Google_Protobuf_Timestamp? {
    guard let text = self[option] else { return nil }
    guard let seconds = UTCTime.seconds(text) else {
      throw wrong(option, text, "a time such as 2026-12-31 or 2026-12-31T18:00:00Z")
    }
    var time = Google_Protobuf_Timestamp()
    time.seconds = seconds
    return time
  }

  /// `NAME=VALUE` pairs of an option that repeats.
  func pairs(_ option: String) throws -> [String: String] {
    var pairs: [String: String] = [:]
    for text in list(option) {
      guard let mark = text.firstIndex(of: "="), mark != text.startIndex else {
        throw wrong(option, text, "NAME=VALUE")
      }
      let name = String(text[..<mark])
      guard pairs.updateValue(String(text[text.index(after: mark)...]), forKey: name) == nil
      else { throw UsageError("--\(option) \(name) is given twice", command: command) }
    }
    return pairs
  }

  /// Comma-separated values, also over several uses of the option.
  func separated(_ option: String) -> [String] {
    list(option).flatMap { $0.split(separator: ",").map(String.init) }
  }

  /// A usage error about one option's value.
  func wrong(_ option: String, _ value: String, _ expected: String) -> UsageError {
    UsageError("--\(option) \(quoted(value)): expected \(expected)", command: command)
  }
}

/// A scan over the words of a command line.
private struct ArgumentScan {
  let command: Command
  var positional: [String] = []
  var options: [String: [String]] = [:]

  init(command: Command) { self.command = command }

  var known: [Option] {
    command.options + (command.connects ? Option.connection : []) + Option.common
  }

  mutating func read(_ words: [String]) throws {
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        positional += rest
        return
      }
      if word == "-h" {
        options["help"] = [""]
      } else if word.hasPrefix("--") {
        try readOption(word.dropFirst(2), from: &rest)
      } else if word.hasPrefix("-"), word != "-", !isNumber(word) {
        throw fault("unknown option \(word)")
      } else {
        positional.append(word)
      }
    }
  }

  private mutating func readOption(
    _ word: Substring, from rest: inout ArraySlice<String>
  ) throws {
    let mark = word.firstIndex(of: "=")
    let name = String(mark.map { word[..<$0] } ?? word)
    guard let option = known.first(where: { $0.name == name }) else {
      let hint = nearest(to: name, among: known.map(\.name)).map { "; is --\($0) meant?" } ?? ""
      throw fault("unknown option --\(name)\(hint)")
    }
    guard let placeholder = option.value else {
      guard mark == nil else { throw fault("--\(name) takes no value") }
      options[name] = [""]
      return
    }
    let value = try mark.map { String(word[word.index(after: $0)...]) } ?? next(&rest, option)
    guard option.repeats || options[name] == nil else {
      throw fault("--\(name) \(placeholder) is given twice")
    }
    guard option.choices.isEmpty || option.choices.contains(value) else {
      let choices = option.choices.joined(separator: ", ")
      throw fault("--\(name) \(quoted(value)): expected one of \(choices)")
    }
    options[name, default: []].append(value)
  }

  private func next(_ rest: inout ArraySlice<String>, _ option: Option) throws -> String {
    guard let value = rest.popFirst() else {
      throw fault("--\(option.name) needs a value: \(option.value ?? "")")
    }
    return value
  }

  func finished() throws -> Arguments {
    let isHelp = options["help"] != nil
    var values: [String: [String]] = [:]
    var rest = positional[...]
    for argument in command.arguments {
      let taken = argument.repeats ? Array(rest) : Array(rest.prefix(1))
      rest = rest.dropFirst(taken.count)
      if taken.isEmpty && argument.isRequired && !isHelp {
        throw fault("\(argument.name) is missing: \(argument.summary)")
      }
      if !taken.isEmpty { values[argument.name] = taken }
    }
    if let extra = rest.first, !isHelp { throw fault("unexpected argument \(quoted(extra))") }
    for option in known where option.isRequired && options[option.name] == nil && !isHelp {
      throw fault("--\(option.name) \(option.value ?? "") is missing: \(option.summary)")
    }
    return Arguments(command: command.name, positional: values, options: options)
  }

  private func fault(_ text: String) -> UsageError { UsageError(text, command: command.name) }

  /// A negative number, such as -5 or -.5, is a value, not an option.
  private func isNumber(_ word: String) -> Bool {
    let rest = word.dropFirst(word.hasPrefix("-") ? 1 : 0)
    return rest.dropFirst(rest.hasPrefix(".") ? 1 : 0).utf8.first.map { 0x30...0x39 ~= $0 } ?? false
  }
}

/// A value in an error message, recognisable and without control characters.
func quoted(_ value: String) -> String { "\"" + Printable.text(value) + "\"" }
