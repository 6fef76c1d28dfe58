import EvaluationDomain
import Testing

@Suite("Domain: submission limits")
struct SubmissionLimitsTests {
  /// 2026-11-23T22:00:00Z.
  let evening: Int64 = 1_795_471_200_000

  @Test("Zero asks for the defaults: five a day, two at once, no total")
  func defaults() {
    let limits = SubmissionLimits(perDay: 0, total: 0, concurrent: 0)
    #expect(limits.perDay == 5)
    #expect(limits.concurrent == 2)
    #expect(limits.total == nil)
  }

  @Test("The answer says what is left and that the day ends at midnight UTC")
  func allowance() {
    let limits = SubmissionLimits(perDay: 5, total: 20)
    let left = limits.allowance(
      used: SubmissionUsage(today: 3, total: 18, active: 0), now: evening)
    #expect(left.leftToday == 2)
    #expect(left.leftTotal == 2)
    #expect(left.resetTime == evening + 2 * 3_600_000)
  }

  @Test("What is left is never negative, also after a limit was lowered")
  func loweredLimit() {
    let left = SubmissionLimits(perDay: 2).allowance(
      used: SubmissionUsage(today: 4, total: 4, active: 0), now: evening)
    #expect(left.leftToday == 0)
    #expect(left.leftTotal == nil)
  }

  @Test("The last slot of the day is given, the next is refused until midnight UTC")
  func perDay() throws {
    let limits = SubmissionLimits(perDay: 2)
    let full = try limits.takingSlot(
      of: SubmissionUsage(today: 1, total: 9, active: 0), now: evening)
    #expect(full.today == 2)
    #expect(
      throws: SubmissionRefusal.perDay(limit: 2, used: 2, resetTime: evening + 2 * 3_600_000)
    ) { try limits.takingSlot(of: full, now: evening) }
  }

  @Test("The total limit is named before the day's: it never resets")
  func total() {
    #expect(throws: SubmissionRefusal.total(limit: 3, used: 3)) {
      try SubmissionLimits(perDay: 1, total: 3).takingSlot(
        of: SubmissionUsage(today: 1, total: 3, active: 3), now: evening)
    }
  }

  @Test("Submissions that wait or are being scored count against the concurrent limit")
  func concurrent() {
    #expect(throws: SubmissionRefusal.concurrent(limit: 2, active: 2)) {
      try SubmissionLimits().takingSlot(
        of: SubmissionUsage(today: 2, total: 2, active: 2), now: evening)
    }
  }

  @Test("A refusal says when the next day begins")
  func refusalText() {
    let refusal = SubmissionRefusal.perDay(limit: 5, used: 5, resetTime: evening + 2 * 3_600_000)
    #expect(refusal.description.contains("2026-11-24T00:00:00Z"))
  }

  @Test(
    "Days are calendar days in UTC, across leap years and before 1970",
    arguments: [
      (0, "1970-01-01"), (-1, "1969-12-31"), (951_782_400_000, "2000-02-29"),
      (951_868_800_000, "2000-03-01"), (1_795_478_399_999, "2026-11-23"),
      (1_795_478_400_000, "2026-11-24"), (4_107_542_400_000, "2100-03-01"),
    ] as [(Int64, String)])
  func days(time: Int64, text: String) {
    #expect(UTCDay(containing: time).description == text)
  }
}
