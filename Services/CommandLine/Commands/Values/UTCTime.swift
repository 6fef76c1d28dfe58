import API

/// Times as people type and read them, always UTC.
enum UTCTime {
  /// Seconds since 1970 of `2026-12-31`, `2026-12-31T18:00Z`, `2026-12-31T18:00:00+01:00`; a time
  /// without an offset is UTC. Nil if it is no time.
  static func seconds(_ text: String) -> Int64? {
    let parts = text.split(separator: "T", maxSplits: 1, omittingEmptySubsequences: false)
    guard let day = day(parts[0]) else { return nil }
    guard parts.count == 2 else { return day * 86_400 }
    guard let (clock, offset) = splitOffset(parts[1]), let time = clockSeconds(clock) else {
      return nil
    }
    return day * 86_400 + time - offset
  }

  /// The whole second in RFC 3339, or empty.
  static func text(_ time: Google_Protobuf_Timestamp?) -> String {
    guard let time else { return "" }
    let day = floorDivide(time.seconds, 86_400)
    let (year, month, date) = civil(day)
    let clock = time.seconds - day * 86_400
    return "\(pad(year, 4))-\(pad(month))-\(pad(date))"
      + "T\(pad(clock / 3600)):\(pad(clock / 60 % 60)):\(pad(clock % 60))Z"
  }

  private static func day(_ text: Substring) -> Int64? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, parts.map(\.count) == [4, 2, 2],
      let year = number(parts[0]), let month = number(parts[1]), let date = number(parts[2])
    else { return nil }
    let days = daysSinceEpoch(year, month, date)
    // A date that does not exist (31 November) comes back as another one.
    return civil(days) == (year, month, date) ? days : nil
  }

  private static func clockSeconds(_ text: Substring) -> Int64? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), parts.allSatisfy({ $0.count == 2 }) else { return nil }
    let numbers = parts.compactMap(number)
    guard numbers.count == parts.count, numbers[0] < 24, numbers[1] < 60 else { return nil }
    let second = numbers.count == 3 ? numbers[2] : 0
    return second < 60 ? numbers[0] * 3600 + numbers[1] * 60 + second : nil
  }

  /// The clock part and the seconds that its offset is ahead of UTC.
  private static func splitOffset(_ text: Substring) -> (Substring, Int64)? {
    if text.hasSuffix("Z") { return (text.dropLast(), 0) }
    guard let mark = text.lastIndex(where: { $0 == "+" || $0 == "-" }) else { return (text, 0) }
    guard let offset = clockSeconds(text[text.index(after: mark)...]) else { return nil }
    return (text[..<mark], text[mark] == "-" ? -offset : offset)
  }

  private static func number(_ text: Substring) -> Int64? {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int64(text) : nil
  }

  private static func pad(_ value: Int64, _ width: Int = 2) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }

  // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": days of the proleptic Gregorian
  // calendar in eras of 400 years that begin on 1 March.

  private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ date: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = floorDivide(shifted, 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + date - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  private static func civil(_ days: Int64) -> (Int64, Int64, Int64) {
    let shifted = days + 719_468
    let era = floorDivide(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let date = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, date)
  }

  private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
  }
}
