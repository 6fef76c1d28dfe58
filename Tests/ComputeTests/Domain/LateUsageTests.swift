import ComputeDomain
import Testing

@Suite("Usage that comes in when the run does not run any more")
struct LateUsageTests {
  /// A run of 400 TFLOP/s that said nothing for a minute and expired: it can have used 24 PFLOP.
  private func expired() throws -> BookFixture {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1", rate: GFLOP(400_000))
    fixture.now += 60_000
    try fixture.perform(.expireRun(run: "run_1", idleMilliseconds: 60_000))
    #expect(fixture.run("run_1")?.state == .expired)
    return fixture
  }

  @Test("of an expired run it is billed up to what its rate can have used in the silence")
  func afterExpiry() throws {
    var fixture = try expired()
    try fixture.report("run_1", .pflop(20))
    #expect(try fixture.status().used == .pflop(20))
    // Neither a day later nor in small parts does it come to more.
    fixture.now += 86_400_000
    for total in 21...30 { try fixture.report("run_1", .pflop(Int64(total))) }
    #expect(try fixture.status().used == .pflop(24))
    #expect(fixture.balance(.writtenOff, "par_1") == .pflop(6))
    #expect(fixture.run("run_1")?.state == .expired)
  }

  @Test("the silence counts from the last report, not from the start")
  func silenceAlone() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1", rate: GFLOP(400_000))
    fixture.now += 300_000
    try fixture.report("run_1", .pflop(100))
    fixture.now += 30_000
    try fixture.perform(.expireRun(run: "run_1", idleMilliseconds: 30_000))
    try fixture.report("run_1", .pflop(200))
    #expect(try fixture.status().used == .pflop(112))
  }

  @Test("of an expired run that declared no rate, or was soon found, a slice is billed")
  func atLeastASlice() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1")
    try fixture.start("run_2", rate: GFLOP(400_000))
    fixture.now += 1_000
    for run in ["run_1", "run_2"] {
      try fixture.perform(.expireRun(run: run, idleMilliseconds: 1_000))
      try fixture.report(run, .pflop(120))
    }
    #expect(fixture.run("run_1")?.used == .pflop(1))
    #expect(fixture.run("run_2")?.used == .pflop(4))
  }

  @Test("the greatest rate in the longest silence is no overflow")
  func greatestRate() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1", rate: ComputeLimits.maximumGFLOP)
    fixture.now += 100 * 365 * 86_400_000
    try fixture.perform(.expireRun(run: "run_1", idleMilliseconds: 60_000))
    #expect(fixture.run("run_1")?.mark.lateAllowance == ComputeLimits.maximumGFLOP)
    try fixture.report("run_1", .pflop(201))
    #expect(try fixture.status().used == .pflop(200))
  }

  @Test("once the use case is over, what was used before is billed within the same bound")
  func afterTheUseCase() throws {
    var fixture = try expired()
    let plan = BudgetPlan(participants: 1, each: .pflop(200))
    try fixture.setTerms(plan: plan, 1, phase: .closed)
    try fixture.report("run_1", .pflop(200))
    #expect(try fixture.status().used == .pflop(24))
  }

  @Test("of a participant that was removed nothing is billed: its share was taken back")
  func afterRemoval() throws {
    var fixture = try expired()
    try fixture.setTerms(plan: BudgetPlan(participants: 1, each: .pflop(200)), 0)
    try fixture.report("run_1", .pflop(20))
    #expect(try fixture.status().used == .zero)
    #expect(fixture.balance(.writtenOff, "par_1") == .pflop(20))
  }

  @Test("an organiser's stop of an expired run is an entry, and nothing is billed after it")
  func stopOfExpired() throws {
    var fixture = try expired()
    try fixture.report("run_1", .pflop(5))
    let entries = try fixture.perform(
      .stopRun(run: "run_1", reason: "enough", by: .organiser))
    #expect(entries.map(\.cause) == [.runStopped])
    #expect(fixture.run("run_1")?.state == .stopped(.requested("enough")))
    try fixture.report("run_1", .pflop(20))
    #expect(try fixture.status().used == .pflop(5))
    #expect(fixture.balance(.writtenOff, "par_1") == .pflop(15))
    #expect(
      try fixture.perform(.stopRun(run: "run_1", reason: "again", by: .organiser)).isEmpty)
    var verifier = LedgerVerifier()
    for draft in fixture.entries { try verifier.check(Entry(draft, after: verifier.head)) }
  }

  @Test("of a stopped run, too, an organiser has the last word, after which nothing is billed")
  func lastWord() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(300))
    // The run holds the whole share, for its client has declared any rate it likes.
    try fixture.start("run_1", rate: .pflop(1_000_000))
    let stop = Command.stopRun(run: "run_1", reason: "wrong data", by: .organiser)
    try fixture.perform(stop)
    try fixture.setTerms(plan: BudgetPlan(participants: 1, each: .pflop(300)), 1, phase: .closed)
    // A repeated call, as of a client that got no answer, is not meant so.
    #expect(try fixture.perform(stop).isEmpty)
    #expect(
      try fixture.perform(.stopRun(run: "run_1", reason: "never", by: .team)).isEmpty)
    try fixture.report("run_1", .pflop(10))
    #expect(try fixture.status().used == .pflop(10))
    let entries = try fixture.perform(
      .stopRun(run: "run_1", reason: "and nothing late", by: .organiser))
    #expect(entries.map(\.cause) == [.runStopped])
    #expect(entries.first?.mark?.lateAllowance == .zero)
    #expect(fixture.run("run_1")?.state == .stopped(.requested("and nothing late")))
    try fixture.report("run_1", .pflop(300))
    #expect(try fixture.status().used == .pflop(10))
    #expect(fixture.balance(.writtenOff, "par_1") == .pflop(290))
    // Nothing is left to end.
    #expect(
      try fixture.perform(.stopRun(run: "run_1", reason: "again", by: .organiser)).isEmpty)
  }

  @Test("a team's own pause makes nothing free: what its run uses then is billed as always")
  func ownPause() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(300))
    let dearer = Price(
      version: "v2", validFrom: BookFixture.opening + 5_000, nanoEuroPerGFLOP: 30)
    try fixture.start("run_1")
    try fixture.perform(.pauseRun(run: "run_1", reason: "", by: .team))
    fixture.now += 10_000
    // Nor does it keep the price of before, whatever the report says.
    let entry = try fixture.perform(
      .reportUsage(
        run: "run_1", total: .pflop(200), meter: .declared, meteredAt: BookFixture.opening),
      price: dearer
    ).first
    #expect(entry?.price == dearer)
    #expect(entry?.meteredTime == fixture.now)
    #expect(entry?.mark?.ended == fixture.now)
    try fixture.perform(.resumeRun(run: "run_1", by: .team))
    try fixture.report("run_1", .pflop(201), price: dearer)
    #expect(try fixture.status().used == .pflop(201))
    #expect(try fixture.status().free == .pflop(98))
    #expect(fixture.balance(.writtenOff, "par_1") == .zero)
    // Beyond the share nothing is billed, as always.
    try fixture.perform(.pauseRun(run: "run_1", reason: "", by: .team))
    try fixture.finish("run_1", .pflop(400))
    #expect(try fixture.status().used == .pflop(300))
    #expect(fixture.balance(.writtenOff, "par_1") == .pflop(100))
  }

  @Test("a run that its team paused is stopped when there is nothing left of which to bill it")
  func ownPauseBesideAnotherHold() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(300))
    try fixture.start("run_1")
    try fixture.perform(.pauseRun(run: "run_1", reason: "", by: .team))
    // Another run of the team holds all, for a while.
    try fixture.start("run_2", rate: .pflop(1_000))
    #expect(try fixture.status().free == .zero)
    try fixture.report("run_1", .pflop(200))
    #expect(fixture.run("run_1")?.state == .stopped(.allocationExhausted))
    try fixture.finish("run_2", .zero)
    #expect(throws: Refusal.runEnded("run_1")) {
      try fixture.perform(.resumeRun(run: "run_1", by: .team))
    }
    try fixture.report("run_1", .pflop(201))
    #expect(fixture.balance(.writtenOff, "par_1") == .pflop(201))
  }

  @Test("during an organiser's pause no more is billed than was held, though the team paused first")
  func organisersPause() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(300))
    try fixture.start("run_1")
    try fixture.perform(.pauseRun(run: "run_1", reason: "", by: .team))
    try fixture.perform(.pauseRun(run: "run_1", reason: "", by: .organiser))
    try fixture.report("run_1", .pflop(200))
    #expect(try fixture.status().used == .pflop(1))
  }

  @Test("the team's own stop of an expired run leaves what may be billed")
  func stopByTeam() throws {
    var fixture = try expired()
    #expect(try fixture.perform(.stopRun(run: "run_1", reason: "", by: .team)).isEmpty)
    try fixture.report("run_1", .pflop(20))
    #expect(try fixture.status().used == .pflop(20))
  }
}

@Suite("Usage is of a time at which the run ran")
struct LastMomentTests {
  private let dearer = Price(
    version: "2027", validFrom: BookFixture.opening + 100_000, nanoEuroPerGFLOP: 30)

  /// A run that is used up to 2 PFLOP after ten seconds, and then ends in some way.
  private func ended(
    by command: Command
  ) throws -> (BookFixture, end: Int64) {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1", rate: GFLOP(400_000))
    fixture.now += 10_000
    try fixture.report("run_1", .pflop(2))
    fixture.now += 20_000
    try fixture.perform(command)
    return (fixture, fixture.now)
  }

  @Test(
    "what comes in after the end or pause is of a time before it, whatever the report says",
    arguments: [
      .stopRun(run: "run_1", reason: "", by: .organiser),
      .pauseRun(run: "run_1", reason: "", by: .team),
      .expireRun(run: "run_1", idleMilliseconds: 1_000),
    ] as [Command])
  func end(command: Command) throws {
    for told in [nil, BookFixture.opening + 200_000] as [Int64?] {
      var (fixture, end) = try ended(by: command)
      // Meanwhile the price has gone up.
      fixture.now += 600_000
      let entries = try fixture.perform(
        .reportUsage(run: "run_1", total: .pflop(3), meter: .declared, meteredAt: told),
        price: dearer)
      #expect(entries.map(\.usage) == [.pflop(1)])
      #expect(entries.first?.meteredTime == end)
      #expect(entries.first?.price == .standard)
    }
  }

  @Test("a pause is the end of what was metered also when the run is stopped or finished later")
  func endOfPause() throws {
    let endings: [Command] = [
      .stopRun(run: "run_1", reason: "", by: .organiser),
      .finishRun(run: "run_1", total: .pflop(3), meter: .declared),
    ]
    for ending in endings {
      var (fixture, pause) = try ended(by: .pauseRun(run: "run_1", reason: "", by: .team))
      fixture.now += 600_000
      try fixture.perform(ending, price: dearer)
      try fixture.perform(
        .reportUsage(run: "run_1", total: .pflop(3), meter: .declared), price: dearer)
      #expect(fixture.run("run_1")?.mark.metered == pause)
      #expect(fixture.run("run_1")?.ended == pause)
      #expect(fixture.entries.allSatisfy { $0.price ?? .standard == .standard })
    }
  }

  @Test("a resumed run goes on being metered, until its own end")
  func resumed() throws {
    var (fixture, pause) = try ended(by: .pauseRun(run: "run_1", reason: "", by: .team))
    fixture.now += 60_000
    try fixture.perform(.resumeRun(run: "run_1", by: .team))
    fixture.now += 60_000
    try fixture.report("run_1", .pflop(3))
    #expect(fixture.run("run_1")?.mark.metered == pause + 120_000)
    fixture.now += 1_000
    try fixture.finish("run_1")
    #expect(fixture.run("run_1")?.ended == pause + 121_000)
  }

  @Test("nothing is of a time after the use case's end, though the run was not stopped yet")
  func endOfUseCase() throws {
    var fixture = BookFixture()
    let end = fixture.now + 60_000
    let plan = BudgetPlan(participants: 1, each: .pflop(200))
    try fixture.setTerms(plan: plan, 1, end: end)
    try fixture.start("run_1", rate: GFLOP(400_000))
    // The service was down at the end.
    fixture.now = end + 3_600_000
    try fixture.report("run_1", .pflop(3), price: dearer)
    #expect(fixture.run("run_1")?.state == .stopped(.useCaseOver))
    #expect(fixture.run("run_1")?.mark.metered == end)
    #expect(fixture.entries.last?.price == .standard)
    #expect(try fixture.status().used == .pflop(3))
  }

  @Test("a clock that jumps back ends no run before it was last metered")
  func clockBack() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1")
    fixture.now += 60_000
    try fixture.report("run_1", .pflop(2))
    let metered = fixture.now
    fixture.now -= 3_600_000
    try fixture.perform(.stopRun(run: "run_1", reason: "", by: .team))
    #expect(fixture.run("run_1")?.ended == metered)
  }
}
