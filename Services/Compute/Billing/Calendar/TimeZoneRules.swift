import ComputeDomain

/// A time zone: how far its clocks are from UTC, at any moment.
///
/// Made of the bytes of a time zone file (RFC 8536), which whoever has files hands over.
public struct TimeZoneRules: Sendable, Equatable {
  private let transitions: [Int64]
  /// The offset before the first transition, and after each.
  private let offsets: [Int64]
  private let rule: ZoneRule?

  public static let utc = TimeZoneRules(transitions: [], offsets: [0], rule: nil)

  private init(transitions: [Int64], offsets: [Int64], rule: ZoneRule?) {
    self.transitions = transitions
    self.offsets = offsets
    self.rule = rule
  }

  /// A zone of a rule alone, such as "CET-1CEST,M3.5.0,M10.5.0/3"; `nil` for anything else.
  public init?(rule text: String) {
    guard let rule = ZoneRule(text) else { return nil }
    self.init(transitions: [], offsets: [rule.standard], rule: rule)
  }

  /// Reads a file of version 2 or later; `nil` for anything else.
  public init?(file bytes: [UInt8]) {
    var reader = ZoneFileReader(bytes)
    guard let first = reader.header(), first.version >= 2,
      reader.skip(first.length(timeBytes: 4)), let header = reader.header(),
      header.typeCount > 0
    else { return nil }
    var transitions: [Int64] = []
    for _ in 0..<header.timeCount {
      guard let time = reader.integer(8) else { return nil }
      transitions.append(time)
    }
    guard let indices = reader.take(header.timeCount) else { return nil }
    var types: [Int64] = []
    for _ in 0..<header.typeCount {
      guard let offset = reader.integer(4), reader.skip(2) else { return nil }
      types.append(offset)
    }
    guard indices.allSatisfy({ Int($0) < types.count }),
      reader.skip(header.characterCount + header.leapCount * 12 + header.flagCount),
      let footer = reader.line()
    else { return nil }
    let rule = footer.isEmpty ? nil : ZoneRule(footer)
    if !footer.isEmpty, rule == nil { return nil }
    self.init(
      transitions: transitions, offsets: [types[0]] + indices.map { types[Int($0)] }, rule: rule)
  }

  /// Seconds that the clocks are ahead of UTC at a moment, in seconds since 1970.
  public func offset(at seconds: Int64) -> Int64 {
    if let rule, transitions.last.map({ seconds >= $0 }) ?? true {
      return rule.offset(at: seconds)
    }
    var (low, high) = (0, transitions.count)
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
    }
    return offsets[low]
  }

  /// The local day in which a moment lies, in unix milliseconds.
  public func day(containing milliseconds: Int64) -> UTCDay {
    let seconds = milliseconds.flooredQuotient(dividingBy: 1_000)
    return UTCDay(containing: (seconds + offset(at: seconds)) * 1_000)
  }

  /// The local month in which a moment lies.
  public func month(containing milliseconds: Int64) -> UTCMonth {
    UTCMonth(containing: day(containing: milliseconds))
  }

  /// The first moment of a local day, in unix milliseconds: where clocks skip midnight, the moment
  /// at which they do; where midnight comes twice, the first.
  public func start(of day: UTCDay) -> Int64 {
    let midnight = day.number * 86_400
    // No clock is further from UTC than this.
    var (low, high) = (midnight - 100_000, midnight + 100_000)
    while low + 1 < high {
      let middle = low + (high - low) / 2
      if middle + offset(at: middle) >= midnight { high = middle } else { low = middle }
    }
    return high * 1_000
  }

  /// The month's moments, in unix milliseconds.
  public func milliseconds(of month: UTCMonth) -> Range<Int64> {
    start(of: month.firstDay)..<start(of: month.next.firstDay)
  }
}

private struct ZoneFileReader {
  struct Header {
    let version: Int
    let flagCount: Int
    let leapCount: Int
    let timeCount: Int
    let typeCount: Int
    let characterCount: Int

    /// Of what follows the header.
    func length(timeBytes: Int) -> Int {
      // A UT flag and a standard flag may be there for each type: `flagCount` has both.
      timeCount * (timeBytes + 1) + typeCount * 6 + characterCount
        + leapCount * (timeBytes + 4) + flagCount
    }
  }

  private let bytes: [UInt8]
  private var index = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count >= 0, count <= bytes.count - index else { return nil }
    defer { index += count }
    return bytes[index..<index + count]
  }

  mutating func skip(_ count: Int) -> Bool { take(count) != nil }

  /// A signed number, the highest byte first.
  mutating func integer(_ width: Int) -> Int64? {
    guard let slice = take(width), let first = slice.first else { return nil }
    let start: Int64 = first >= 0x80 ? -1 : 0
    return slice.reduce(start) { ($0 << 8) | Int64($1) }
  }

  mutating func header() -> Header? {
    guard let magic = take(4), magic.elementsEqual("TZif".utf8), let version = take(1)?.first,
      skip(15)
    else { return nil }
    var counts: [Int] = []
    for _ in 0..<6 {
      guard let count = integer(4), 0...100_000 ~= count else { return nil }
      counts.append(Int(count))
    }
    return Header(
      version: version == 0 ? 1 : Int(version) - 48, flagCount: counts[0] + counts[1],
      leapCount: counts[2], timeCount: counts[3], typeCount: counts[4],
      characterCount: counts[5])
  }

  /// The text between two line feeds.
  mutating func line() -> String? {
    guard take(1)?.first == 10, let end = bytes[index...].firstIndex(of: 10) else { return nil }
    defer { index = end + 1 }
    return String(validating: bytes[index..<end], as: UTF8.self)
  }
}
