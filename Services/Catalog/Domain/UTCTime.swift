/// An instant as people read it. Times are unix milliseconds everywhere else.
public struct UTCTime: Hashable, Sendable, CustomStringConvertible {
  public let milliseconds: Int64

  public init(_ milliseconds: Int64) {
    self.milliseconds = milliseconds
  }

  /// RFC 3339 to the second, `2026-11-23T08:15:00Z`.
  public var description: String {
    let parts = calendar
    return "\(Self.pad(parts.year, 4))-\(Self.pad(parts.month))-\(Self.pad(parts.day))"
      + "T\(Self.pad(parts.hour)):\(Self.pad(parts.minute)):\(Self.pad(parts.second))Z"
  }

  /// RFC 5322 as in a mail's header, `Mon, 23 Nov 2026 08:15:00 +0000`.
  public var mailDate: String {
    let parts = calendar
    let weekday = Self.weekdays[Int(Self.modulo(days + 4, 7))]
    return "\(weekday), \(Self.pad(parts.day)) \(Self.months[Int(parts.month) - 1]) "
      + "\(Self.pad(parts.year, 4)) \(Self.pad(parts.hour)):\(Self.pad(parts.minute)):"
      + "\(Self.pad(parts.second)) +0000"
  }

  private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  private var seconds: Int64 { Self.floor(milliseconds, 1_000) }
  private var days: Int64 { Self.floor(seconds, 86_400) }

  /// Source: Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
  private var calendar:
    (year: Int64, month: Int64, day: Int64, hour: Int64, minute: Int64, second: Int64)
  {
    let shifted = days + 719_468
    let era = Self.floor(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let second = Self.modulo(seconds, 86_400)
    return (year, month, day, second / 3_600, second / 60 % 60, second % 60)
  }

  private static func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
    (value - modulo(value, divisor)) / divisor
  }

  private static func modulo(_ value: Int64, _ divisor: Int64) -> Int64 {
    let rest = value % divisor
    return rest < 0 ? rest + divisor : rest
  }

  private static func pad(_ value: Int64, _ width: Int = 2) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }
}
