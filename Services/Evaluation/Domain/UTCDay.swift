/// A calendar day in UTC, the day by which submissions are limited and counted.
///
/// Worked out from unix milliseconds alone: no time zone and no calendar of the machine can shift
/// the moment at which a limit resets.
public struct UTCDay: Hashable, Comparable, Sendable, CustomStringConvertible {
  static let milliseconds: Int64 = 86_400_000

  /// Days since 1970-01-01.
  public let number: Int64

  /// The day with this number, counted from 1970-01-01 as 0.
  public init(number: Int64) {
    self.number = number
  }

  /// The day that contains an instant, in unix milliseconds.
  public init(containing time: Int64) {
    let quotient = time / Self.milliseconds
    number = time % Self.milliseconds < 0 ? quotient - 1 : quotient
  }

  /// The first instant of the day, in unix milliseconds.
  public var start: Int64 { number * Self.milliseconds }

  /// The first instant of the next day, in unix milliseconds.
  public var end: Int64 { (number + 1) * Self.milliseconds }

  public static func < (left: UTCDay, right: UTCDay) -> Bool { left.number < right.number }

  /// ISO 8601, "2026-11-23".
  public var description: String {
    let (year, month, day) = civil
    return "\(Self.padded(year, to: 4))-\(Self.padded(month, to: 2))-\(Self.padded(day, to: 2))"
  }

  /// Year, month and day in the proleptic Gregorian calendar.
  ///
  /// The algorithm counts years from 1 March, so that the leap day is the last of its year
  /// (H. Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`).
  private var civil: (year: Int64, month: Int64, day: Int64) {
    let shifted = number + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, day)
  }

  private static func padded(_ value: Int64, to width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
