/// A day of the UTC calendar, by its number since 1970-01-01.
///
/// Days and months are worked out here, in integers, so that the bill depends on no time zone
/// database and no clock. The conversion is Howard Hinnant's `civil_from_days`.
public struct UTCDay: Sendable, Hashable, Comparable {
  /// Days since 1970-01-01.
  public let number: Int64

  public init(number: Int64) { self.number = number }

  /// The day in which the moment lies.
  public init(containing milliseconds: Int64) {
    number = milliseconds.flooredQuotient(dividingBy: Self.milliseconds)
  }

  /// Reads "2026-11-23"; `nil` for anything else.
  public init?(text: String) {
    guard let month = UTCMonth(text: String(text.prefix(7))),
      text.utf8.count == 10, let date = Int64(String(text.suffix(2)))
    else { return nil }
    self.init(number: month.firstDay.number + date - 1)
    // Anything but a date of the month comes back as another text.
    guard self.text == text else { return nil }
  }

  /// The length of a day.
  public static let milliseconds: Int64 = 86_400_000

  public static func < (a: UTCDay, b: UTCDay) -> Bool { a.number < b.number }

  /// "2026-11-23".
  public var text: String {
    let (year, month, day) = civil
    return "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2))"
  }

  fileprivate var civil: (year: Int64, month: Int64, day: Int64) {
    let shifted = number + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  fileprivate static func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

/// A month of the UTC calendar: the period of a bill.
public struct UTCMonth: Sendable, Hashable {
  public let year: Int64
  public let month: Int64

  /// Reads "2026-11"; `nil` for anything else.
  public init?(text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    let isDigits = parts.allSatisfy { $0.utf8.allSatisfy { 48...57 ~= $0 } }
    guard parts.count == 2, parts[0].utf8.count == 4, parts[1].utf8.count == 2, isDigits,
      let year = Int64(parts[0]), let month = Int64(parts[1]), 1...12 ~= month, year >= 1970
    else { return nil }
    self.year = year
    self.month = month
  }

  /// The month in which the day lies.
  public init(containing day: UTCDay) {
    (year, month) = (day.civil.year, day.civil.month)
  }

  private init(year: Int64, month: Int64) {
    self.year = year
    self.month = month
  }

  /// "2026-11".
  public var text: String { "\(UTCDay.padded(year, 4))-\(UTCDay.padded(month, 2))" }

  public var firstDay: UTCDay { UTCDay(number: Self.firstDay(year: year, month: month)) }

  public var lastDay: UTCDay { UTCDay(number: next.firstDay.number - 1) }

  public var next: UTCMonth {
    month == 12
      ? UTCMonth(year: year + 1, month: 1) : UTCMonth(year: year, month: month + 1)
  }

  /// The month's moments, as unix milliseconds.
  public var milliseconds: Range<Int64> {
    firstDay.number * UTCDay.milliseconds..<next.firstDay.number * UTCDay.milliseconds
  }

  /// The number of the month's first day; Hinnant's `days_from_civil` for day 1.
  private static func firstDay(year: Int64, month: Int64) -> Int64 {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = shiftedYear / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
