/// What an option's text must be.
public enum OptionKind: Sendable {
  case text
  /// A file or a directory.
  case file
  /// Texts separated by commas.
  case list
  case choice([String])
  case integer(ClosedRange<Int>)
  /// A time with its unit: `500ms`, `30s`, `5m`, `2h`, `1d`.
  case milliseconds(ClosedRange<Int>)
  /// A size with its unit: `512`, `64KiB`, `25MB`, `1GiB`.
  case bytes(ClosedRange<Int>)
  /// `HOST:PORT`, or several of them separated by commas.
  case address
  /// Where to listen: one `HOST:PORT`, or `off`.
  case listen
  /// Off unless given; `--name=false` and `ASSAY_NAME=0` turn it off again.
  case flag

  var placeholder: String {
    switch self {
    case .text: "TEXT"
    case .file: "FILE"
    case .list: "A,B"
    case .choice(let choices): choices.joined(separator: "|")
    case .integer: "N"
    case .milliseconds: "TIME"
    case .bytes: "SIZE"
    case .address: "HOST:PORT[,HOST:PORT]"
    case .listen: "HOST:PORT"
    case .flag: ""
    }
  }
}

/// One setting of a program: a flag of the command line, an environment variable, a default, limits
/// and a sentence for `--help`.
public struct OptionSpec: Sendable {
  /// As on the command line, without the dashes.
  public let name: String
  let kind: OptionKind
  let defaultText: String?
  let placeholder: String
  let help: String
  let isRequired: Bool

  /// - Parameter required: the program does not start without it.
  public init(
    _ name: String, _ kind: OptionKind, default defaultText: String? = nil, help: String,
    required isRequired: Bool = false
  ) {
    self.init(name, kind, defaultText, kind.placeholder, help, isRequired)
  }

  private init(
    _ name: String, _ kind: OptionKind, _ defaultText: String?, _ placeholder: String,
    _ help: String, _ isRequired: Bool
  ) {
    self.name = name
    self.kind = kind
    if case .flag = kind {
      self.defaultText = defaultText ?? "false"
    } else {
      self.defaultText = defaultText
    }
    self.placeholder = placeholder
    self.help = help
    self.isRequired = isRequired
  }

  /// "ASSAY_READY_FILE" for "ready-file".
  public var environmentName: String {
    "ASSAY_" + name.uppercased().replacing("-", with: "_")
  }

  public static func string(
    _ name: String, default value: String? = nil, placeholder: String = "TEXT", help: String
  ) -> OptionSpec {
    OptionSpec(name, .text, value, placeholder, help, false)
  }

  /// A file, or a directory.
  public static func path(
    _ name: String, default value: String? = nil, placeholder: String = "FILE", help: String
  ) -> OptionSpec {
    OptionSpec(name, .file, value, placeholder, help, false)
  }

  public static func integer(
    _ name: String, default value: Int? = nil, in range: ClosedRange<Int>, help: String
  ) -> OptionSpec {
    OptionSpec(name, .integer(range), default: value.map(String.init), help: help)
  }

  /// - Parameter range: in milliseconds.
  public static func duration(
    _ name: String, default value: String? = nil, in range: ClosedRange<Int>, help: String
  ) -> OptionSpec {
    OptionSpec(name, .milliseconds(range), default: value, help: help)
  }

  public static func bytes(
    _ name: String, default value: String? = nil, in range: ClosedRange<Int>, help: String
  ) -> OptionSpec {
    OptionSpec(name, .bytes(range), default: value, help: help)
  }

  public static func flag(_ name: String, help: String) -> OptionSpec {
    OptionSpec(name, .flag, help: help)
  }

  /// Where another service answers, for `ServiceProcess.channel(to:)`.
  public static func peer(_ name: String, default value: String? = nil) -> OptionSpec {
    OptionSpec(
      name, .address, default: value, help: "Where the \(name) service answers.")
  }
}
