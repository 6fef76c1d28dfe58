/// A setting after it was checked.
enum OptionValue: Sendable, Equatable {
  case text(String)
  case integer(Int)
  case flag(Bool)
  case list([String])
}

/// What is wrong with a command line or an environment: one line, and exit code 2.
public struct OptionError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}

extension OptionSpec {
  /// The value of `text`.
  ///
  /// - Parameter source: where it stood, for the message: "--drain" or "ASSAY_DRAIN".
  func parse(_ text: String, source: String) throws(OptionError) -> OptionValue {
    switch kind {
    case .text, .file:
      return .text(text)
    case .list:
      return .list(OptionSpec.parts(of: text))
    case .choice(let choices):
      guard choices.contains(text) else {
        throw expected("one of \(choices.joined(separator: ", "))", text, source)
      }
      return .text(text)
    case .integer(let range):
      guard let value = Int(text), range.contains(value) else {
        throw expected("a number from \(range.lowerBound) to \(range.upperBound)", text, source)
      }
      return .integer(value)
    case .milliseconds(let range):
      return try .integer(
        quantity(text, OptionSpec.durationUnits, range, "a time such as 500ms, 30s, 5m", source))
    case .bytes(let range):
      return try .integer(
        quantity(text, OptionSpec.byteUnits, range, "a size such as 512, 64KiB, 25MB", source))
    case .flag:
      return try .flag(boolean(text, source))
    case .address:
      return try address(text, isList: true, source)
    case .listen:
      return try address(text, isList: false, source)
    }
  }

  static let durationUnits = ["ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
  static let byteUnits = [
    "": 1, "B": 1, "kB": 1_000, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000, "KiB": 1 << 10,
    "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
  ]

  private static func parts(of text: String) -> [String] {
    text.split(separator: ",").map { part in
      String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
  }

  private func expected(_ what: String, _ text: String, _ source: String) -> OptionError {
    OptionError("\(source): '\(text.prefix(100))' is wrong, expected \(what)")
  }

  private func quantity(
    _ text: String, _ units: [String: Int], _ range: ClosedRange<Int>, _ what: String,
    _ source: String
  ) throws(OptionError) -> Int {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let number = Int(digits), let unit = units[String(text.dropFirst(digits.count))] else {
      throw expected(what, text, source)
    }
    let (value, overflow) = number.multipliedReportingOverflow(by: unit)
    guard !overflow, range.contains(value) else {
      let isTime = units["ms"] != nil
      let limits = [range.lowerBound, range.upperBound].map {
        isTime ? OptionSpec.durationText($0) : "\($0) bytes"
      }
      throw expected("\(what), from \(limits[0]) to \(limits[1])", text, source)
    }
    return value
  }

  private static func durationText(_ milliseconds: Int) -> String {
    milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000)s" : "\(milliseconds)ms"
  }

  private func boolean(_ text: String, _ source: String) throws(OptionError) -> Bool {
    switch text.lowercased() {
    case "true", "1", "yes", "on": return true
    case "false", "0", "no", "off": return false
    default: throw expected("true or false", text, source)
    }
  }

  private func address(_ text: String, isList: Bool, _ source: String) throws(OptionError)
    -> OptionValue
  {
    if !isList, text == "off" { return .text(text) }
    let parts = isList ? OptionSpec.parts(of: text) : [text]
    guard !parts.isEmpty, parts.allSatisfy({ HostPort($0) != nil }) else {
      throw expected(isList ? "HOST:PORT, or several with commas" : "HOST:PORT", text, source)
    }
    return .text(parts.joined(separator: ","))
  }
}

/// "localhost:7101" or "[::1]:7101", taken apart.
public struct HostPort: Sendable, Equatable, CustomStringConvertible {
  public let host: String
  public let port: Int

  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port)
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else { return nil }
    self.host = String(host)
    self.port = port
  }

  /// Reachable from this machine only.
  public var isLoopback: Bool {
    host == "localhost" || host == "::1" || isLoopbackV4
  }

  /// 127.0.0.0/8, and nothing that merely begins so: "127.example.org" is a name.
  private var isLoopbackV4: Bool {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
