/// The order of timestamps: plain numbers, or ISO 8601 dates with or without a time.
enum Timestamp {
  /// How a column of timestamps is written; one column is written one way.
  enum Style: Sendable, Equatable {
    case number
    case date
  }

  /// The position in time of a timestamp, and how it is written; nil if it is neither form.
  static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> (key: Double, style: Style)? {
    if let number = NumberParser.double(bytes), number.isFinite { return (number, .number) }
    return date(bytes).map { ($0, .date) }
  }

  /// Seconds since 1970 of `YYYY-MM-DD`, optionally followed by `T` or a space, `hh:mm`, seconds
  /// with fraction, and `Z` or an offset.
  private static func date(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    var cursor = Cursor(bytes: bytes)
    guard let year = cursor.digits(4), cursor.take("-"), let month = cursor.digits(2),
      cursor.take("-"), let day = cursor.digits(2), (1...12).contains(month),
      day >= 1, day <= length(of: month, year)
    else { return nil }
    var seconds = Double(days(year, month, day) * 86_400)
    if cursor.isAtEnd { return seconds }
    guard cursor.take("T") || cursor.take(" "), let hour = cursor.digits(2), cursor.take(":"),
      let minute = cursor.digits(2), hour < 24, minute < 60
    else { return nil }
    seconds += Double(hour * 3600 + minute * 60)
    if cursor.take(":") {
      guard let second = cursor.digits(2), second <= 60 else { return nil }
      seconds += Double(second)
      if cursor.take(".") {
        guard let fraction = cursor.fraction() else { return nil }
        seconds += fraction
      }
    }
    guard let offset = offset(&cursor), cursor.isAtEnd else { return nil }
    return seconds - offset
  }

  private static func offset(_ cursor: inout Cursor) -> Double? {
    if cursor.isAtEnd || cursor.take("Z") { return 0 }
    let sign = cursor.take("+") ? 1 : cursor.take("-") ? -1 : 0
    guard sign != 0, let hours = cursor.digits(2) else { return nil }
    _ = cursor.take(":")
    guard let minutes = cursor.digits(2), minutes < 60 else { return nil }
    return Double(sign * (hours * 3600 + minutes * 60))
  }

  private static func length(of month: Int, _ year: Int) -> Int {
    let isLeap = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    if month == 2 { return isLeap ? 29 : 28 }
    return [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  /// Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant's algorithm).
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  private struct Cursor {
    let bytes: UnsafeBufferPointer<UInt8>
    var position = 0

    var isAtEnd: Bool { position == bytes.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard !isAtEnd, bytes[position] == UInt8(ascii: character) else { return false }
      position += 1
      return true
    }

    mutating func digits(_ count: Int) -> Int? {
      guard position + count <= bytes.count else { return nil }
      var value = 0
      for _ in 0..<count {
        let digit = bytes[position] &- UInt8(ascii: "0")
        guard digit <= 9 else { return nil }
        value = value * 10 + Int(digit)
        position += 1
      }
      return value
    }

    mutating func fraction() -> Double? {
      var value = 0.0
      var unit = 0.1
      let start = position
      while !isAtEnd, case let digit = bytes[position] &- UInt8(ascii: "0"), digit <= 9 {
        value += Double(digit) * unit
        unit /= 10
        position += 1
      }
      return position > start ? value : nil
    }
  }
}
