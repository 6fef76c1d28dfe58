import ComputeDomain
import Testing

@Suite("Shares by hand: individual allocations, transfers, additions, the reserve")
struct BookShareTests {
  @Test("an addition goes to the reserve, or to one participant, and outlives new terms")
  func topUp() throws {
    var fixture = try BookFixture(participants: 2, each: .pflop(10))
    try fixture.perform(.topUp(participant: nil, amount: .pflop(5)))
    try fixture.perform(.topUp(participant: "par_1", amount: .pflop(3)))
    #expect(try fixture.book.budget == .pflop(28))
    #expect(fixture.balance(.reserve) == .pflop(5))
    #expect(try fixture.status("par_1").total == .pflop(13))
    try fixture.setTerms(plan: BudgetPlan(participants: 2, each: .pflop(20)), 2)
    #expect(try fixture.status("par_1").total == .pflop(23))
    #expect(try fixture.status("par_2").total == .pflop(20))
    #expect(fixture.balance(.reserve) == .pflop(5))
    #expect(try fixture.book.budget == .pflop(48))
  }

  @Test("an individual share comes out of the reserve first, then of what nobody has")
  func raise() throws {
    var fixture = BookFixture()
    try fixture.setTerms(plan: BudgetPlan(participants: 3, each: .pflop(10)), 2)
    try fixture.perform(.topUp(participant: nil, amount: .pflop(4)))
    try fixture.perform(.setAllocation(participant: "par_1", total: .pflop(17)))
    #expect(try fixture.status("par_1").total == .pflop(17))
    #expect(fixture.balance(.reserve) == .zero)
    #expect(fixture.balance(.unallocated) == .pflop(7))
    #expect(throws: Refusal.insufficient(available: .pflop(7), needed: .pflop(8))) {
      try fixture.perform(.setAllocation(participant: "par_2", total: .pflop(18)))
    }
  }

  @Test("a reduction takes what is free, and stops the youngest runs where that is not enough")
  func reduce() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(10))
    for number in 1...3 {
      fixture.now += 1
      try fixture.start("run_\(number)", rate: GFLOP(200_000))
    }
    try fixture.perform(.setAllocation(participant: "par_1", total: .pflop(5)))
    #expect(fixture.run("run_3")?.state == .stopped(.allocationReduced))
    #expect(fixture.run("run_2")?.isRunning == true)
    #expect(try fixture.status().total == .pflop(5))
    #expect(fixture.balance(.reserve) == .pflop(5))
  }

  @Test("a revoked share keeps what was used, and no run goes on")
  func revoke() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(10))
    try fixture.start("run_1")
    try fixture.report("run_1", .pflop(3))
    try fixture.perform(.setAllocation(participant: "par_1", total: .zero))
    #expect(fixture.run("run_1")?.state == .stopped(.allocationReduced))
    #expect(try fixture.status().total == .pflop(3))
    #expect(throws: Refusal.self) { try fixture.start("run_2") }
    // What it used before it heard of the stop finds nothing free, and is nobody's debt.
    try fixture.report("run_1", .pflop(4))
    #expect(fixture.balance(.writtenOff, "par_1") == .pflop(1))
    #expect(try fixture.status().used == .pflop(3))
  }

  @Test("a transfer moves free compute and no more, between two members")
  func transfer() throws {
    var fixture = try BookFixture(participants: 2, each: .pflop(10))
    try fixture.start("run_1", rate: GFLOP(400_000))
    #expect(throws: Refusal.insufficient(available: .pflop(6), needed: .pflop(7))) {
      try fixture.perform(.transfer(from: "par_1", to: "par_2", amount: .pflop(7)))
    }
    try fixture.perform(.transfer(from: "par_1", to: "par_2", amount: .pflop(6)))
    #expect(try fixture.status("par_1").total == .pflop(4))
    #expect(try fixture.status("par_2").total == .pflop(16))
    // New terms deal around it.
    try fixture.setTerms(plan: BudgetPlan(participants: 2, each: .pflop(20)), 2)
    #expect(try fixture.status("par_1").total == .pflop(14))
    #expect(try fixture.status("par_2").total == .pflop(26))
    for (from, to) in [("par_1", "par_1"), ("par_1", "par_9"), ("par_9", "par_1")] {
      #expect(throws: Refusal.self) {
        try fixture.perform(.transfer(from: from, to: to, amount: .pflop(1)))
      }
    }
    #expect(throws: Refusal.nothing(field: "gflop")) {
      try fixture.perform(.transfer(from: "par_1", to: "par_2", amount: .zero))
    }
  }

  @Test("the reserve is kept from new members, and given back when it is made smaller")
  func reserve() throws {
    var fixture = BookFixture()
    try fixture.setTerms(plan: BudgetPlan(participants: 2, each: .pflop(10)), 1)
    try fixture.perform(.setReserve(.pflop(4)))
    try fixture.setTerms(plan: BudgetPlan(participants: 2, each: .pflop(10)), 2)
    #expect(try fixture.status("par_2").total == .pflop(6))
    #expect(throws: Refusal.self) { try fixture.perform(.setReserve(.pflop(5))) }
    try fixture.perform(.setReserve(.pflop(1)))
    #expect(fixture.balance(.unallocated) == .pflop(3))
  }

  @Test("an addition beyond the largest budget is refused, and changes nothing")
  func limit() throws {
    var fixture = try BookFixture(participants: 1, each: ComputeLimits.maximumGFLOP)
    let book = fixture.book
    #expect(throws: Refusal.self) {
      try fixture.perform(.topUp(participant: nil, amount: GFLOP(1)))
    }
    #expect(throws: Refusal.self) {
      try fixture.perform(.topUp(participant: nil, amount: GFLOP(-1)))
    }
    #expect(fixture.book == book)
  }
}

@Suite("Pause and resume")
struct BookPauseTests {
  @Test("a pause gives the hold back, keeps the run, and does not let it expire")
  func pause() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(10))
    try fixture.start("run_1", rate: GFLOP(400_000))
    try fixture.report("run_1", .pflop(2))
    try fixture.perform(.pauseRun(run: "run_1", reason: "maintenance", by: .team))
    #expect(fixture.run("run_1")?.state == .paused("maintenance", by: .team))
    #expect(fixture.run("run_1")?.ended == nil)
    #expect(try fixture.status().held == .zero)
    fixture.now += 3_600_000
    #expect(try fixture.perform(.expireRun(run: "run_1", idleMilliseconds: 1)).isEmpty)
    try fixture.perform(.resumeRun(run: "run_1", by: .team))
    #expect(fixture.run("run_1")?.isRunning == true)
    #expect(try fixture.status().held == .pflop(4))
    // The pause was no silence.
    #expect(try fixture.perform(.expireRun(run: "run_1", idleMilliseconds: 1)).isEmpty)
    try fixture.finish("run_1", .pflop(3))
    #expect(try fixture.status().used == .pflop(3))
  }

  @Test("usage of before an organiser's pause is billed up to what was held, the rest written off")
  func lateReport() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(10))
    try fixture.start("run_1", rate: GFLOP(200_000))
    try fixture.perform(.pauseRun(run: "run_1", reason: "", by: .organiser))
    try fixture.report("run_1", .pflop(3))
    #expect(try fixture.status().used == .pflop(2))
    #expect(fixture.balance(.writtenOff, "par_1") == .pflop(1))
    #expect(fixture.run("run_1")?.state == .paused("", by: .organiser))
  }

  @Test("a resume needs compute that is free, an open use case, and a run that has not ended")
  func resumeRefused() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(1))
    try fixture.start("run_1")
    try fixture.perform(.pauseRun(run: "run_1", reason: "", by: .team))
    try fixture.start("run_2")
    #expect(throws: Refusal.self) {
      try fixture.perform(.resumeRun(run: "run_1", by: .team))
    }
    try fixture.perform(.stopRun(run: "run_2", reason: "", by: .team))
    #expect(throws: Refusal.runEnded("run_2")) {
      try fixture.perform(.resumeRun(run: "run_2", by: .team))
    }
    #expect(throws: Refusal.runEnded("run_2")) {
      try fixture.perform(.pauseRun(run: "run_2", reason: "", by: .team))
    }
    try fixture.setTerms(plan: BudgetPlan(participants: 1, each: .pflop(1)), 1, phase: .paused)
    #expect(fixture.run("run_1")?.state == .stopped(.useCasePaused))
  }

  @Test("pausing and resuming twice change nothing the second time")
  func twice() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(10))
    try fixture.start("run_1")
    try fixture.perform(.pauseRun(run: "run_1", reason: "a", by: .team))
    #expect(try fixture.perform(.pauseRun(run: "run_1", reason: "b", by: .team)).isEmpty)
    try fixture.perform(.resumeRun(run: "run_1", by: .team))
    #expect(try fixture.perform(.resumeRun(run: "run_1", by: .team)).isEmpty)
  }

  @Test("what an organiser paused its team cannot resume, whoever paused it first")
  func organiser() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(10))
    for teamIsFirst in [false, true] {
      let run = "run_\(teamIsFirst)"
      try fixture.start(run)
      if teamIsFirst { try fixture.perform(.pauseRun(run: run, reason: "ours", by: .team)) }
      try fixture.perform(.pauseRun(run: run, reason: "wrong data", by: .organiser))
      #expect(fixture.run(run)?.state == .paused("wrong data", by: .organiser))
      // Nor does a pause of its own make the organiser's the team's.
      #expect(try fixture.perform(.pauseRun(run: run, reason: "ours", by: .team)).isEmpty)
      let book = fixture.book
      #expect(throws: Refusal.pausedByOrganiser(run)) {
        try fixture.perform(.resumeRun(run: run, by: .team))
      }
      #expect(fixture.book == book)
      try fixture.perform(.resumeRun(run: run, by: .organiser))
      #expect(fixture.run(run)?.isRunning == true)
    }
    try fixture.perform(.pauseRun(run: "run_true", reason: "", by: .team))
    try fixture.perform(.resumeRun(run: "run_true", by: .organiser))
    #expect(fixture.run("run_true")?.isRunning == true)
  }

  @Test("pauses are stored under who made them; a pause of before that was kept is the team's")
  func stored() {
    for state in [RunState.paused("a", by: .team), .paused("b", by: .organiser)] {
      let (name, words) = state.stored
      #expect(RunState(name: name, words: words) == state)
    }
    #expect(RunState(name: "paused", words: "a") == .paused("a", by: .team))
  }
}

@Suite("When usage was metered")
struct MeteredTimeTests {
  private let dearer = Price(
    version: "v2", validFrom: BookFixture.opening + 1_000, nanoEuroPerGFLOP: 30)

  private func report(
    _ fixture: inout BookFixture, _ total: GFLOP, at time: Int64?
  ) throws -> EntryDraft? {
    try fixture.perform(
      .reportUsage(run: "run_1", total: total, meter: .declared, meteredAt: time), price: dearer
    ).first
  }

  @Test("late usage has the price and the period of the time at which it was metered")
  func latePrice() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(100))
    try fixture.start("run_1")
    fixture.now += 5_000
    let old = try report(&fixture, .pflop(1), at: BookFixture.opening + 999)
    #expect(old?.price == .standard)
    #expect(old?.meteredTime == BookFixture.opening + 999)
    #expect(old?.time == BookFixture.opening + 5_000)
    let new = try report(&fixture, .pflop(2), at: nil)
    #expect(new?.price == dearer)
    #expect(new?.meteredTime == BookFixture.opening + 5_000)
  }

  @Test(
    "what a counter grew by since it was reported last was used since, whatever the report says",
    arguments: ["report", "finish", "stop"])
  func signOfLife(ending: String) throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1", rate: GFLOP(10_000_000))
    fixture.now += 5_000
    // Nothing was used yet when the price went up.
    #expect(try report(&fixture, .zero, at: BookFixture.opening) == nil)
    let heard = fixture.now
    fixture.now += 60_000
    if ending == "stop" {
      try fixture.perform(.stopRun(run: "run_1", reason: "", by: .team))
      fixture.now += 60_000
    }
    let entry =
      ending != "finish"
      ? try report(&fixture, .pflop(100), at: BookFixture.opening)
      : try fixture.perform(
        .finishRun(
          run: "run_1", total: .pflop(100), meter: .declared, meteredAt: BookFixture.opening),
        price: dearer
      ).first
    #expect(entry?.usage == .pflop(100))
    #expect(entry?.meteredTime == heard)
    #expect(entry?.price == dearer)
  }

  @Test("a time before the last one, before the start or in the future is none of these")
  func bounds() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(100))
    fixture.now += 2_000
    try fixture.start("run_1")
    let early = try report(&fixture, .pflop(1), at: 0)
    #expect(early?.meteredTime == BookFixture.opening + 2_000)
    fixture.now += 1_000
    let future = try report(&fixture, .pflop(2), at: fixture.now + 1)
    #expect(future?.meteredTime == fixture.now)
    let back = try report(&fixture, .pflop(3), at: fixture.now - 500)
    #expect(back?.meteredTime == fixture.now)
  }

  @Test("a clock that jumps an hour back or forward never makes time run backwards")
  func jumps() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(100))
    try fixture.start("run_1")
    var last: Int64 = 0
    for (index, jump) in [3_600_000, -3_600_000, 60_000, -60_000, 3_600_000].enumerated() {
      fixture.now += Int64(jump)
      let entry = try report(&fixture, .pflop(Int64(index + 1)), at: nil)
      let metered = try #require(entry?.meteredTime)
      #expect(metered >= last)
      last = metered
    }
    #expect(try fixture.status().used == .pflop(5))
  }
}
