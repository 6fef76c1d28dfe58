/// A program's settings, checked and with their types.
///
/// Asking for a name that the program has not declared, or with another type than it declared, is a
/// mistake of the program and stops it.
public struct Options: Sendable {
  /// The arguments of the command that is run.
  public let arguments: [String]
  private let specs: [String: OptionSpec]
  private let values: [String: OptionValue]
  private let given: Set<String>

  init(
    specs: [String: OptionSpec], values: [String: OptionValue], given: Set<String>,
    arguments: [String] = []
  ) {
    self.arguments = arguments
    self.specs = specs
    self.values = values
    self.given = given
  }

  /// The text of an option that has a default or is required.
  public func text(_ name: String) -> String {
    guard let text = optionalText(name) else {
      preconditionFailure("--\(name) has no default: ask for optionalText")
    }
    return text
  }

  /// The text of an option; nil where it was not given and has no default.
  public func optionalText(_ name: String) -> String? {
    switch value(name) {
    case .text(let text): return text
    case nil: return nil
    default: preconditionFailure("--\(name) is no text")
    }
  }

  /// As `text`.
  public func string(_ name: String) -> String { text(name) }

  public func int(_ name: String) -> Int {
    guard case .integer(let number) = value(name) else {
      preconditionFailure("--\(name) is no number with a default")
    }
    return number
  }

  /// The number of an option without a default; nil where it was not given.
  public func optionalInt(_ name: String) -> Int? {
    value(name) == nil ? nil : int(name)
  }

  public func milliseconds(_ name: String) -> Int { int(name) }

  public func bytes(_ name: String) -> Int { int(name) }

  public func flag(_ name: String) -> Bool {
    guard case .flag(let isOn) = value(name) else { preconditionFailure("--\(name) is no flag") }
    return isOn
  }

  /// The entries of a list; empty where it was not given and has no default.
  public func list(_ name: String) -> [String] {
    switch value(name) {
    case .list(let entries): return entries
    case nil: return []
    default: preconditionFailure("--\(name) is no list")
    }
  }

  /// Given on the command line or in the environment, rather than by default.
  public func isSet(_ name: String) -> Bool { given.contains(name) }

  private func value(_ name: String) -> OptionValue? {
    precondition(specs[name] != nil, "--\(name) is not declared")
    return values[name]
  }
}
