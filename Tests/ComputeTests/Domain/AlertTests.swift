import ComputeDomain
import Testing

@Suite("Alerts")
struct AlertTests {
  private func told(_ fixture: BookFixture) -> [String] {
    fixture.alerts.map { "\($0.participant.isEmpty ? "all" : $0.participant) \($0.threshold)" }
  }

  @Test("each threshold is told once, of the share and of the whole, exactly when it is reached")
  func onceEach() throws {
    var fixture = try BookFixture(participants: 2, each: .pflop(100))
    try fixture.start("run_1")
    try fixture.report("run_1", GFLOP(49_999_999))
    #expect(told(fixture).isEmpty)
    try fixture.report("run_1", GFLOP(50_000_000))
    #expect(told(fixture) == ["par_1 50"])
    try fixture.report("run_1", GFLOP(79_999_999))
    #expect(told(fixture) == ["par_1 50"])
    try fixture.report("run_1", .pflop(80))
    try fixture.report("run_1", .pflop(99))
    #expect(told(fixture) == ["par_1 50", "par_1 80"])
    try fixture.report("run_1", .pflop(100))
    #expect(told(fixture) == ["par_1 50", "par_1 80", "par_1 100", "all 50"])
    #expect(fixture.alerts.last?.total == .pflop(200))
    try fixture.report("run_1", .pflop(120))
    #expect(fixture.alerts.count == 4)
  }

  @Test("one report that jumps over several tells each of them")
  func jump() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(100))
    try fixture.start("run_1")
    try fixture.report("run_1", .pflop(300))
    #expect(
      told(fixture)
        == ["par_1 50", "par_1 80", "par_1 100", "all 50", "all 80", "all 100"])
    #expect(fixture.alerts.allSatisfy { $0.used == .pflop(100) })
  }

  @Test("a raise arms what it has made untrue, and nothing else")
  func raise() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(100))
    try fixture.start("run_1")
    try fixture.report("run_1", .pflop(90))
    #expect(told(fixture) == ["par_1 50", "par_1 80", "all 50", "all 80"])
    try fixture.setTerms(plan: BudgetPlan(participants: 1, each: .pflop(150)), 1)
    fixture.alerts = []
    try fixture.report("run_1", .pflop(119))
    #expect(told(fixture).isEmpty)
    try fixture.report("run_1", .pflop(120))
    #expect(told(fixture) == ["par_1 80", "all 80"])
  }

  @Test("a reduction that makes a threshold true tells it, too")
  func reduction() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(100))
    try fixture.start("run_1")
    try fixture.finish("run_1", .pflop(40))
    #expect(told(fixture).isEmpty)
    try fixture.setTerms(plan: BudgetPlan(participants: 1, each: .pflop(50)), 1)
    #expect(told(fixture) == ["par_1 50", "par_1 80", "all 50", "all 80"])
  }

  @Test("thresholds are set per use case; one that is reached already is told at once")
  func thresholds() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(100))
    try fixture.start("run_1")
    try fixture.report("run_1", .pflop(30))
    try fixture.perform(.setThresholds([90, 25, 90]))
    #expect(told(fixture) == ["par_1 25", "all 25"])
    try fixture.perform(.setThresholds([]))
    try fixture.report("run_1", .pflop(100))
    #expect(fixture.alerts.count == 2)
    #expect(throws: Refusal.badThresholds) { try fixture.perform(.setThresholds([0])) }
    #expect(throws: Refusal.badThresholds) { try fixture.perform(.setThresholds([1_001])) }
  }

  @Test("a threshold that is taken away and set again is not told again, but after a raise it is")
  func toggled() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(100))
    try fixture.perform(.setThresholds([1, 2, 3]))
    try fixture.start("run_1")
    try fixture.report("run_1", .pflop(2))
    #expect(told(fixture) == ["par_1 1", "par_1 2", "all 1", "all 2"])
    for _ in 0..<50 {
      try fixture.perform(.setThresholds([]))
      try fixture.perform(.setThresholds([1, 2, 3]))
    }
    #expect(fixture.alerts.count == 4)
    // A raise arms also what is taken away at the time.
    try fixture.perform(.setThresholds([3]))
    try fixture.setTerms(plan: BudgetPlan(participants: 1, each: .pflop(150)), 1)
    try fixture.perform(.setThresholds([1, 2, 3]))
    fixture.alerts = []
    try fixture.report("run_1", .pflop(3))
    #expect(told(fixture) == ["par_1 2", "all 2"])
  }

  @Test("the comparison is exact at the largest budget")
  func largest() throws {
    var fixture = try BookFixture(participants: 1, each: ComputeLimits.maximumGFLOP)
    let half = GFLOP(ComputeLimits.maximumGFLOP.value / 2)
    try fixture.start("run_1")
    try fixture.report("run_1", GFLOP(half.value - 1))
    #expect(told(fixture).isEmpty)
    try fixture.report("run_1", half)
    #expect(told(fixture) == ["par_1 50", "all 50"])
  }
}

@Suite("Forecast")
struct ForecastTests {
  private let day = UTCDay.milliseconds

  @Test("the rate of late is carried to the end, and to the last GFLOP")
  func burnRate() throws {
    let forecast = try Forecast(
      budget: .pflop(2_000), used: .pflop(700), recent: .pflop(350), since: 0, now: 7 * day,
      end: 17 * day)
    #expect(forecast.perDay == .pflop(50))
    #expect(forecast.usedAtEnd == .pflop(1_200))
    #expect(forecast.exhausted == 33 * day)
  }

  @Test("nothing used goes on for ever; a budget that is used up is used up now")
  func edges() throws {
    let idle = try Forecast(
      budget: .pflop(1), used: .zero, recent: .zero, since: 0, now: day, end: nil)
    #expect(idle.exhausted == nil)
    #expect(idle.usedAtEnd == nil)
    let done = try Forecast(
      budget: .pflop(1), used: .pflop(1), recent: .pflop(1), since: 0, now: day, end: 0)
    #expect(done.exhausted == day)
    #expect(done.usedAtEnd == .pflop(1))
  }

  @Test("beyond 64 bits it is an overflow with a name, not a number")
  func overflow() {
    #expect(throws: QuantityError.overflow("the forecast")) {
      _ = try Forecast(
        budget: .zero, used: .zero, recent: ComputeLimits.maximumGFLOP, since: 0, now: 1,
        end: .max)
    }
  }
}
