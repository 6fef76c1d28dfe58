/// The messages of google.protobuf that JSON spells in a way of their own.
enum WellKnownJSON {
  enum Form {
    /// An object of its fields, as any message.
    case object
    /// The same for want of better: its own form cannot say this value, which is out of its range.
    case inexpressible
    /// This text.
    case literal(String)
    /// What its one field would print; `absent` where that is not set.
    case onlyField(absent: String)
  }

  static func form<M: Message>(of message: M) -> Form {
    guard M.protoName.hasPrefix("google.protobuf.") else { return .object }
    switch M.protoName.dropFirst("google.protobuf.".count) {
    case "Timestamp":
      return timestamp(Instant(message)).map(Form.literal) ?? .inexpressible
    case "Duration":
      return duration(Instant(message)).map(Form.literal) ?? .inexpressible
    case "FieldMask":
      return fieldMask(Paths(message)).map(Form.literal) ?? .inexpressible
    case "DoubleValue", "FloatValue", "Int64Value", "UInt64Value", "Int32Value", "UInt32Value",
      "BoolValue", "StringValue", "BytesValue", "ListValue", "Struct", "Value":
      return .onlyField(absent: "null")
    default:
      return .object
    }
  }

  /// "1972-01-01T10:00:20.021Z", or nil outside the years 1 to 9999, which RFC 3339 cannot say.
  static func timestamp(_ instant: Instant) -> String? {
    let seconds = instant.seconds
    guard seconds >= -62_135_596_800, seconds <= 253_402_300_799,
      (0..<1_000_000_000).contains(instant.nanos)
    else { return nil }
    let day = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    let second = seconds - day * 86_400
    let date = civil(day)
    let time = [second / 3600, second / 60 % 60, second % 60].map { padded($0, 2) }
    return "\"\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
      + "T\(time[0]):\(time[1]):\(time[2])\(fraction(instant.nanos))Z\""
  }

  /// "-1.500s", or nil when the parts differ in sign or are out of protobuf's range.
  static func duration(_ instant: Instant) -> String? {
    let (seconds, nanos) = (instant.seconds, instant.nanos)
    guard seconds.magnitude <= 315_576_000_000, nanos.magnitude < 1_000_000_000,
      seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0)
    else { return nil }
    let sign = seconds < 0 || nanos < 0 ? "-" : ""
    return "\"\(sign)\(seconds.magnitude)\(fraction(Int32(nanos.magnitude)))s\""
  }

  /// "user.displayName,photo", or nil when a path is not in lower case with single underscores,
  /// each before a letter, so that it could not be read back.
  static func fieldMask(_ paths: Paths) -> String? {
    var text = ""
    for path in paths.values {
      if !text.isEmpty { text += "," }
      var isAfterUnderscore = false
      for character in path.unicodeScalars {
        switch character {
        case "_" where !isAfterUnderscore:
          isAfterUnderscore = true
        case "a"..."z" where isAfterUnderscore:
          text += character.properties.uppercaseMapping
          isAfterUnderscore = false
        case "a"..."z", "0"..."9", ".":
          guard !isAfterUnderscore else { return nil }
          text.unicodeScalars.append(character)
        default:
          return nil
        }
      }
      if isAfterUnderscore { return nil }
    }
    return "\"\(text)\""
  }

  /// Nothing, or a point and 3, 6 or 9 digits, as few as are exact.
  private static func fraction(_ nanos: Int32) -> String {
    if nanos == 0 { return "" }
    if nanos % 1_000_000 == 0 { return "." + padded(Int64(nanos / 1_000_000), 3) }
    if nanos % 1000 == 0 { return "." + padded(Int64(nanos / 1000), 6) }
    return "." + padded(Int64(nanos), 9)
  }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }

  /// The Gregorian date of a day counted from 1970-01-01.
  ///
  /// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
  private static func civil(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = day + 719_468  // days since 0000-03-01, never negative from year 1 on
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
  }

  /// The two fields that Timestamp and Duration share.
  struct Instant: FieldVisitor {
    private(set) var seconds: Int64 = 0
    private(set) var nanos: Int32 = 0

    init(_ message: some Message) { message.visit(&self) }

    mutating func visitScalar(_ field: FieldName, _ value: ScalarValue, hasPresence: Bool) {
      switch value {
      case .int64(let value): seconds = value
      case .int32(let value): nanos = value
      default: break
      }
    }

    // Neither message has any other field.
    mutating func visitMessage<M: Message>(_ field: FieldName, _ value: M) {}
    mutating func visitRepeated(_ field: FieldName, _ values: [ScalarValue]) {}
    mutating func visitRepeated<M: Message>(_ field: FieldName, _ values: [M]) {}
    mutating func visitMap(
      _ field: FieldName, _ entries: [(key: ScalarValue, value: ScalarValue)]
    ) {}
    mutating func visitMap<M: Message>(
      _ field: FieldName, _ entries: [(key: ScalarValue, value: M)]
    ) {}
  }

  /// The field of FieldMask.
  struct Paths: FieldVisitor {
    private(set) var values: [String] = []

    init(_ message: some Message) { message.visit(&self) }

    mutating func visitRepeated(_ field: FieldName, _ values: [ScalarValue]) {
      self.values = values.map { if case .string(let path) = $0 { path } else { "" } }
    }

    // The message has no other field.
    mutating func visitScalar(_ field: FieldName, _ value: ScalarValue, hasPresence: Bool) {}
    mutating func visitMessage<M: Message>(_ field: FieldName, _ value: M) {}
    mutating func visitRepeated<M: Message>(_ field: FieldName, _ values: [M]) {}
    mutating func visitMap(
      _ field: FieldName, _ entries: [(key: ScalarValue, value: ScalarValue)]
    ) {}
    mutating func visitMap<M: Message>(
      _ field: FieldName, _ entries: [(key: ScalarValue, value: M)]
    ) {}
  }
}
