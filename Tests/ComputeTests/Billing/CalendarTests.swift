import ComputeBilling
import ComputeDomain
import Foundation
import Testing

@Suite("Months and time zones")
struct BillingCalendarTests {
  /// Central Europe: summer time from the last Sunday of March to the last of October.
  private let berlin = TimeZoneRules(rule: "CET-1CEST,M3.5.0,M10.5.0/3") ?? .utc
  private let newYork = TimeZoneRules(rule: "EST5EDT,M3.2.0,M11.1.0") ?? .utc

  private func month(_ text: String) throws -> UTCMonth { try #require(UTCMonth(text: text)) }

  private func hours(_ zone: TimeZoneRules, _ text: String) throws -> Int64 {
    let range = zone.milliseconds(of: try month(text))
    return (range.upperBound - range.lowerBound) / 3_600_000
  }

  @Test("February has 29 days in leap years, also in 2000, and not in 2100")
  func leapYears() throws {
    for (text, days) in [
      ("2024-02", Int64(29)), ("2026-02", 28), ("2000-02", 29), ("2100-02", 28),
    ] {
      #expect(try hours(.utc, text) == days * 24, "\(text)")
      #expect(try hours(berlin, text) == days * 24, "\(text)")
    }
  }

  @Test("the months of the changes of clocks are an hour shorter and longer")
  func daylightSaving() throws {
    #expect(try hours(berlin, "2026-03") == 31 * 24 - 1)
    #expect(try hours(berlin, "2026-10") == 31 * 24 + 1)
    #expect(try hours(newYork, "2026-03") == 31 * 24 - 1)
    #expect(try hours(newYork, "2026-11") == 30 * 24 + 1)
    #expect(try hours(berlin, "2026-11") == 30 * 24)
  }

  @Test("a month begins at the zone's own midnight")
  func midnight() throws {
    // 2026-11-01T00:00:00Z is 1793491200.
    let november = berlin.milliseconds(of: try month("2026-11"))
    #expect(november.lowerBound == 1_793_491_200_000 - 3_600_000)
    #expect(try berlin.month(containing: november.lowerBound) == month("2026-11"))
    #expect(try berlin.month(containing: november.lowerBound - 1) == month("2026-10"))
    let april = berlin.milliseconds(of: try month("2026-04"))
    // 2026-03-31T22:00:00Z: two hours ahead in summer.
    #expect(april.lowerBound == 1_774_994_400_000)
  }

  @Test("months follow each other without gap or overlap, in any zone")
  func partition() throws {
    for rule in [
      "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0", "<+0545>-5:45",
      "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "EET-2EEST,M4.5.5/0,M10.5.4/24", "NZST-12NZDT,J60,300/1",
    ] {
      let zone = try #require(TimeZoneRules(rule: rule))
      var current = try month("2023-12")
      for _ in 0..<60 {
        let range = zone.milliseconds(of: current)
        #expect(range.upperBound == zone.milliseconds(of: current.next).lowerBound)
        #expect(zone.month(containing: range.lowerBound) == current)
        #expect(zone.month(containing: range.upperBound - 1) == current)
        current = current.next
      }
    }
  }

  @Test("where clocks skip midnight the day begins at the moment at which they do")
  func skippedMidnight() throws {
    // Egypt: on the last Friday of April at 00:00 it becomes 01:00.
    let cairo = try #require(TimeZoneRules(rule: "EET-2EEST,M4.5.5/0,M10.5.4/24"))
    let day = UTCDay(containing: 1_777_000_000_000)
    #expect(day.text == "2026-04-24")
    let start = cairo.start(of: day)
    #expect(start == day.number * UTCDay.milliseconds - 7_200_000)
    #expect(cairo.offset(at: start / 1_000) == 10_800)
  }

  @Test("what is no rule or no file is no zone")
  func malformed() {
    for text in ["", "C", "CET", "CET-1CEST,M3.5.0", "CET-1CEST,M13.1.0,M10.5.0", "CET-1 "] {
      #expect(TimeZoneRules(rule: text) == nil, "\(text)")
    }
    #expect(TimeZoneRules(file: []) == nil)
    #expect(TimeZoneRules(file: Array("TZif2".utf8) + [UInt8](repeating: 0, count: 39)) == nil)
  }

  @Test(
    "the system's files say the same as their rules, and know what was before", .needsTimeZones)
  func files() throws {
    let data = try #require(FileManager.default.contents(atPath: berlinZoneFile))
    let zone = try #require(TimeZoneRules(file: [UInt8](data)))
    for text in ["2026-03", "2026-10", "2031-10", "2060-03"] {
      let month = try month(text)
      #expect(zone.milliseconds(of: month) == berlin.milliseconds(of: month), "\(text)")
    }
    // Until 1995 summer ended in September.
    #expect(try hours(zone, "1995-09") == 30 * 24 + 1)
    #expect(try hours(zone, "1995-10") == 31 * 24)
    for count in stride(from: 0, to: data.count, by: 61) {
      #expect(TimeZoneRules(file: [UInt8](data.prefix(count))) == nil, "\(count) bytes")
    }
  }
}
