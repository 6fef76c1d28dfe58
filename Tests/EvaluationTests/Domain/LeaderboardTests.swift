import EvaluationDomain
import Metrics
import Testing

@Suite("Domain: the leaderboard")
struct LeaderboardTests {
  func submission(
    _ sequence: Int64, _ participant: String, _ outcome: BoardSubmission.Outcome,
    time: Int64? = nil
  ) -> BoardSubmission {
    BoardSubmission(
      id: "sub_\(sequence)", participant: participant, participantName: participant,
      submitTime: time ?? sequence * 1_000, sequence: sequence, outcome: outcome)
  }

  func ranks(_ entries: [BoardEntry]) -> [String] {
    entries.map { "\($0.rank) \($0.best.participant)" }
  }

  @Test("Each participant stands with its best submission, by the metric's direction")
  func bestOfEach() {
    let submissions = [
      submission(1, "a", .value(0.9)), submission(2, "b", .value(0.8)),
      submission(3, "a", .value(0.5)),
    ]
    #expect(ranks(Leaderboard.rank(submissions, direction: .higher)) == ["1 a", "2 b"])
    let lower = Leaderboard.rank(submissions, direction: .lower)
    #expect(lower.map(\.best.id) == ["sub_3", "sub_2"])
    #expect(lower.map(\.submissionCount) == [2, 1])
  }

  @Test("By magnitude, the value nearest to zero is best and keeps its sign")
  func lowerAbsolute() {
    let entries = Leaderboard.rank(
      [
        submission(1, "a", .value(-5)), submission(2, "b", .value(0.5)),
        submission(3, "c", .value(-0.25)),
      ], direction: .lowerAbsolute)
    #expect(ranks(entries) == ["1 c", "2 b", "3 a"])
    #expect(entries[0].score == -0.25)
  }

  @Test("Equal scores share a rank, the earlier stands first, the next rank is skipped: 1, 1, 3")
  func ties() {
    let entries = Leaderboard.rank(
      [
        submission(3, "late", .value(0.7)), submission(1, "early", .value(0.7)),
        submission(2, "worse", .value(0.6)),
      ], direction: .higher)
    #expect(ranks(entries) == ["1 early", "1 late", "3 worse"])
  }

  @Test("Equal magnitudes of opposite sign share a rank; so do both zeros")
  func equalMagnitudes() {
    let entries = Leaderboard.rank(
      [submission(1, "a", .value(-2)), submission(2, "b", .value(2))], direction: .lowerAbsolute)
    #expect(ranks(entries) == ["1 a", "1 b"])
    let zeros = Leaderboard.rank(
      [submission(1, "a", .value(0)), submission(2, "b", .value(-0.0))], direction: .higher)
    #expect(ranks(zeros) == ["1 a", "1 b"])
  }

  @Test("Two submissions of the same millisecond stand in the order of their arrival")
  func sameMillisecond() {
    let entries = Leaderboard.rank(
      [submission(2, "b", .value(1), time: 5), submission(1, "a", .value(1), time: 5)],
      direction: .higher)
    #expect(ranks(entries) == ["1 a", "1 b"])
  }

  @Test("Of a participant's equal submissions the earlier one is its best")
  func earlierOfEqual() {
    let entries = Leaderboard.rank(
      [submission(1, "a", .value(1)), submission(2, "a", .value(1))], direction: .higher)
    #expect(entries[0].best.id == "sub_1")
  }

  @Test(
    "What is undefined, not finite, failed or not scored is never ranked, in any direction",
    arguments: MetricDirection.allCases)
  func unranked(direction: MetricDirection) {
    let entries = Leaderboard.rank(
      [
        submission(1, "undefined", .undefined(reason: "singleClass")),
        submission(2, "nan", .value(.nan)), submission(3, "infinite", .value(-.infinity)),
        submission(4, "failed", .failed), submission(5, "pending", .pending),
        submission(6, "ranked", .value(1_000_000)),
      ], direction: direction)
    #expect(entries[0].best.participant == "ranked")
    #expect(entries[0].rank == 1)
    #expect(entries.dropFirst().allSatisfy { $0.rank == 0 && $0.score == nil })
  }

  @Test("A participant with one value ranks by it, whatever else it submitted")
  func valueBeatsUndefined() {
    let entries = Leaderboard.rank(
      [
        submission(1, "a", .undefined(reason: "singleClass")), submission(2, "a", .value(0.1)),
        submission(3, "a", .pending),
      ], direction: .higher)
    #expect(ranks(entries) == ["1 a"])
    #expect(entries[0].submissionCount == 3)
  }

  @Test("Activity counts by the UTC day of submission, and by user")
  func activity() {
    var activity = Activity()
    let midnight: Int64 = 1_795_478_400_000
    for (time, email, outcome) in [
      (midnight - 1, "x@a", ActivityOutcome.scored), (midnight, "x@a", .failed),
      (midnight + 5, "y@a", .pending), (midnight + 9, "x@a", .scored),
    ] {
      activity.add(
        submitTime: time, participant: "par_a", participantName: "a", email: email,
        outcome: outcome)
    }
    #expect(activity.days.map(\.day.description) == ["2026-11-23", "2026-11-24"])
    #expect(activity.days[1].submissions == 3)
    #expect(activity.days[1].scored == 1)
    #expect(activity.days[1].failed == 1)
    #expect(activity.days[1].activeUsers == 2)
    #expect(activity.users.map(\.email) == ["x@a", "y@a"])
    #expect(activity.users[0].lastSubmitTime == midnight + 9)
  }
}
