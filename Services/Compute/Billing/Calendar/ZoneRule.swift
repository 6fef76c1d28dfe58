import ComputeDomain

/// When clocks change, as the last line of a time zone file says it: "CET-1CEST,M3.5.0,M10.5.0/3".
///
/// POSIX.1-2017, 8.3, with the hours of RFC 8536, 3.3.1. All offsets are seconds east of Greenwich,
/// other than in the text, which counts to the west.
struct ZoneRule: Sendable, Equatable {
  /// A moment that comes back every year.
  struct Change: Sendable, Equatable {
    enum Day: Sendable, Equatable {
      /// The week-th weekday of a month; 5 is the last. Sunday is 0.
      case weekday(month: Int64, week: Int64, day: Int64)
      /// Day of the year from 1, never counting 29 February.
      case withoutLeapDay(Int64)
      /// Day of the year from 0, counting it.
      case withLeapDay(Int64)
    }

    let day: Day
    /// Seconds after midnight, on the clock that is being left.
    let time: Int64
  }

  let standard: Int64
  let summer: (offset: Int64, begin: Change, end: Change)?

  static func == (a: ZoneRule, b: ZoneRule) -> Bool {
    a.standard == b.standard && a.summer?.offset == b.summer?.offset
      && a.summer?.begin == b.summer?.begin && a.summer?.end == b.summer?.end
  }

  /// Reads a rule; `nil` for anything else.
  init?(_ text: String) {
    var scan = Scan(text)
    guard scan.name(), let west = scan.time() else { return nil }
    standard = -west
    if scan.isAtEnd {
      summer = nil
      return
    }
    guard scan.name() else { return nil }
    var offset = standard + 3_600
    if !scan.sees(",") {
      guard let west = scan.time() else { return nil }
      offset = -west
    }
    guard scan.take(","), let begin = scan.change(), scan.take(","), let end = scan.change(),
      scan.isAtEnd
    else { return nil }
    summer = (offset, begin, end)
  }

  /// The offset at a moment, in seconds since 1970.
  func offset(at seconds: Int64) -> Int64 {
    guard let summer else { return standard }
    let day = UTCDay(containing: (seconds + standard) * 1_000)
    let year = UTCMonth(containing: day).year
    let begin = Self.moment(summer.begin, year) - standard
    let end = Self.moment(summer.end, year) - summer.offset
    let isSummer =
      begin < end ? begin <= seconds && seconds < end : !(end <= seconds && seconds < begin)
    return isSummer ? summer.offset : standard
  }

  /// Local seconds since 1970 of a change.
  private static func moment(_ change: Change, _ year: Int64) -> Int64 {
    let january = UTCMonth(containing: firstDay(year, 1))
    let first = january.firstDay.number
    let number: Int64
    switch change.day {
    case .withLeapDay(let day): number = first + day
    case .withoutLeapDay(let day):
      let isLeap = firstDay(year, 3).number - firstDay(year, 2).number == 29
      number = first + day - 1 + (isLeap && day >= 60 ? 1 : 0)
    case .weekday(let month, let week, let weekday):
      let month = UTCMonth(containing: firstDay(year, month))
      let start = month.firstDay.number
      // 1970-01-01 was a Thursday.
      let offset = (weekday - (start + 4) % 7 + 7) % 7
      var day = start + offset + (week - 1) * 7
      if day >= month.next.firstDay.number { day -= 7 }
      number = day
    }
    return number * 86_400 + change.time
  }

  private static func firstDay(_ year: Int64, _ month: Int64) -> UTCDay {
    let digits = (String(year), month < 10 ? "0\(month)" : "\(month)")
    return UTCMonth(text: "\(digits.0)-\(digits.1)")?.firstDay ?? UTCDay(number: 0)
  }
}

/// Reads a rule's text.
private struct Scan {
  private var rest: Substring

  init(_ text: String) { rest = text[...] }

  var isAtEnd: Bool { rest.isEmpty }

  func sees(_ character: Character) -> Bool { rest.first == character }

  mutating func take(_ character: Character) -> Bool {
    guard rest.first == character else { return false }
    rest.removeFirst()
    return true
  }

  /// "CET" or "<+0330>".
  mutating func name() -> Bool {
    if take("<") {
      guard let end = rest.firstIndex(of: ">") else { return false }
      rest = rest[rest.index(after: end)...]
      return true
    }
    let letters = rest.prefix { $0.isASCII && $0.isLetter }
    rest = rest.dropFirst(letters.count)
    return letters.count >= 3
  }

  /// "-3:30" in seconds.
  mutating func time() -> Int64? {
    let sign: Int64 = take("-") ? -1 : 1
    if sign == 1 { _ = take("+") }
    guard let hours = number(upTo: 167) else { return nil }
    var seconds = hours * 3_600
    for unit: Int64 in [60, 1] where take(":") {
      guard let value = number(upTo: 59) else { return nil }
      seconds += value * unit
    }
    return sign * seconds
  }

  mutating func change() -> ZoneRule.Change? {
    guard let day = day() else { return nil }
    guard take("/") else { return ZoneRule.Change(day: day, time: 7_200) }
    return time().map { ZoneRule.Change(day: day, time: $0) }
  }

  private mutating func day() -> ZoneRule.Change.Day? {
    if take("M") {
      guard let month = number(upTo: 12), month > 0, take("."), let week = number(upTo: 5),
        week > 0, take("."), let day = number(upTo: 6)
      else { return nil }
      return .weekday(month: month, week: week, day: day)
    }
    if take("J") { return number(upTo: 365).map { .withoutLeapDay($0) } }
    return number(upTo: 365).map { .withLeapDay($0) }
  }

  private mutating func number(upTo limit: Int64) -> Int64? {
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    rest = rest.dropFirst(digits.count)
    guard digits.count <= 3, let value = Int64(digits), value <= limit else { return nil }
    return value
  }
}
