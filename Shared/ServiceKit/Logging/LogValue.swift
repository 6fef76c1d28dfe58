/// What a log line can say of a thing: a text, a number, a truth.
public enum LogValue: Sendable, Equatable {
  case text(String)
  case integer(Int64)
  case double(Double)
  case flag(Bool)

  /// As `text`.
  public static func string(_ text: String) -> LogValue { .text(text) }

  /// Any integer; clamped to Int64.
  public static func number(_ number: some BinaryInteger) -> LogValue {
    .integer(Int64(clamping: number))
  }

  var plainText: String {
    switch self {
    case .text(let text): text
    case .integer(let number): "\(number)"
    case .double(let number): "\(number)"
    case .flag(let isOn): "\(isOn)"
    }
  }

  /// Whether JSON writes it without quotes: JSON has no infinity and no NaN.
  var isBare: Bool {
    switch self {
    case .text: false
    case .integer, .flag: true
    case .double(let number): number.isFinite
    }
  }
}

extension LogValue: ExpressibleByStringInterpolation {
  public init(stringLiteral value: String) { self = .text(value) }
}

extension LogValue: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int64) { self = .integer(value) }
}

extension LogValue: ExpressibleByFloatLiteral {
  public init(floatLiteral value: Double) { self = .double(value) }
}

extension LogValue: ExpressibleByBooleanLiteral {
  public init(booleanLiteral value: Bool) { self = .flag(value) }
}

/// How grave a line is.
public enum LogLevel: Int, Sendable, Comparable, CaseIterable {
  case debug, info, warning, error

  public var name: String {
    switch self {
    case .debug: "debug"
    case .info: "info"
    case .warning: "warning"
    case .error: "error"
    }
  }

  public init?(name: String) {
    guard let level = LogLevel.allCases.first(where: { $0.name == name }) else { return nil }
    self = level
  }

  public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }
}
