import ComputeDomain
import Testing

@Suite("Budget: shares, raises, reductions")
struct BookBudgetTests {
  @Test("each participant that joins gets its share; the rest waits for those to come")
  func joining() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.setTerms(plan: BudgetPlan(participants: 10, each: .pflop(200)), 3)
    #expect(try fixture.book.budget == .pflop(2_000))
    #expect(try fixture.status("par_3").total == .pflop(200))
    #expect(fixture.balance(.unallocated) == .pflop(1_400))
  }

  @Test("more participants than planned: the first to join have their shares")
  func tooMany() throws {
    var fixture = BookFixture()
    try fixture.setTerms(plan: BudgetPlan(participants: 2, each: .pflop(5)), 3)
    #expect(try fixture.status("par_2").free == .pflop(5))
    #expect(try fixture.status("par_3").free == .zero)
    #expect(throws: Refusal.self) { try fixture.start("run_1", "par_3") }
  }

  @Test("a raise applies by its difference, also while runs live")
  func raise() throws {
    var fixture = try BookFixture(participants: 2, each: .pflop(10))
    try fixture.start("run_1")
    try fixture.report("run_1", .pflop(4))
    try fixture.setTerms(plan: BudgetPlan(participants: 2, each: .pflop(15)), 2)
    #expect(try fixture.status("par_1").total == .pflop(15))
    #expect(try fixture.status("par_1").used == .pflop(4))
    #expect(try fixture.status("par_2").free == .pflop(15))
    #expect(fixture.run("run_1")?.isRunning == true)
    #expect(
      fixture.entries.last?.postings.first { $0.account.kind == .granted }?.amount == .pflop(-10))
  }

  @Test("a reduction below what is used or held keeps that, and takes the rest")
  func reduce() throws {
    var fixture = try BookFixture(participants: 2, each: .pflop(10))
    try fixture.start("run_1")
    try fixture.report("run_1", .pflop(4))
    try fixture.setTerms(plan: BudgetPlan(participants: 2, each: .pflop(2)), 2)
    // Used 4 and held 1 of participant 1 are 5 PFLOP, more than the whole budget of 4.
    #expect(try fixture.status("par_1").total == .pflop(5))
    #expect(try fixture.status("par_2").free == .zero)
    #expect(try fixture.book.budget == .pflop(5))
    try fixture.report("run_1", .pflop(6))
    #expect(fixture.run("run_1")?.state == .stopped(.allocationExhausted))
    #expect(try fixture.status("par_1").used == .pflop(5))
  }

  @Test("what a reduction could not take while it was held goes back when the run ends")
  func reduceThenSettle() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(10))
    try fixture.start("run_1")
    try fixture.setTerms(plan: .none, 1)
    #expect(try fixture.book.budget == .pflop(1))
    try fixture.finish("run_1", GFLOP(400_000))
    #expect(try fixture.book.budget == GFLOP(400_000))
    #expect(try fixture.status().free == .zero)
    #expect(fixture.balance(.released) == GFLOP(9_600_000))
  }

  @Test(
    "pausing and closing stop every live run and return what it holds",
    arguments: [
      (UseCaseTerms.Phase.paused, StopReason.useCasePaused),
      (UseCaseTerms.Phase.closed, StopReason.useCaseOver),
    ])
  func pause(phase: UseCaseTerms.Phase, reason: StopReason) throws {
    var fixture = try BookFixture(participants: 2, each: .pflop(10))
    try fixture.start("run_1", "par_1")
    try fixture.start("run_2", "par_2")
    try fixture.setTerms(
      plan: BudgetPlan(participants: 2, each: .pflop(10)), 2, phase: phase)
    #expect(fixture.run("run_1")?.state == .stopped(reason))
    #expect(fixture.run("run_2")?.state == .stopped(reason))
    #expect(try fixture.status("par_1").free == .pflop(10))
    #expect(throws: Refusal.notOpen(reason)) { try fixture.start("run_3") }
  }

  @Test("a participant that leaves loses what is free and keeps what is used")
  func leaving() throws {
    var fixture = try BookFixture(participants: 2, each: .pflop(10))
    try fixture.start("run_1", "par_2")
    try fixture.report("run_1", .pflop(3))
    try fixture.setTerms(plan: BudgetPlan(participants: 2, each: .pflop(10)), 1)
    #expect(fixture.run("run_1")?.state == .stopped(.participantRemoved))
    #expect(try fixture.status("par_2").total == .pflop(3))
    #expect(fixture.balance(.unallocated) == .pflop(7))
    #expect(throws: Refusal.notParticipant) { try fixture.start("run_2", "par_2") }
  }

  @Test("no run before the start, none from the end on; what was held by then may be billed")
  func startAndEnd() throws {
    var fixture = BookFixture()
    let begin = BookFixture.opening + 1_000
    let end = BookFixture.opening + 2_000
    try fixture.setTerms(
      plan: BudgetPlan(participants: 1, each: .pflop(10)), 1, start: begin, end: end)
    #expect(throws: Refusal.notStarted(start: begin)) { try fixture.start("run_1") }
    fixture.now = begin
    try fixture.start("run_1")
    fixture.now = end - 1
    #expect(try fixture.perform(.enforceEnd(run: "run_1")).isEmpty)
    fixture.now = end
    try fixture.report("run_1", .pflop(4))
    #expect(fixture.run("run_1")?.state == .stopped(.useCaseOver))
    #expect(try fixture.status().used == .pflop(1))
    #expect(throws: Refusal.notOpen(.useCaseOver)) { try fixture.start("run_2") }
  }

  @Test("the end stops a run of which nothing is heard")
  func enforcedEnd() throws {
    var fixture = BookFixture()
    try fixture.setTerms(
      plan: BudgetPlan(participants: 1, each: .pflop(10)), 1, end: BookFixture.opening + 5)
    try fixture.start("run_1")
    fixture.now += 5
    try fixture.perform(.enforceEnd(run: "run_1"))
    #expect(fixture.run("run_1")?.state == .stopped(.useCaseOver))
  }

  @Test("terms that are not newer are refused, and so is a change of hands or a bad budget")
  func badTerms() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(10))
    let context = CommandContext(
      now: 0, actor: "catalog", idempotencyKey: "k", trace: "", prices: PriceList())
    func terms(
      version: Int64, tenant: String = "clinic", plan: BudgetPlan = .none
    ) -> Command {
      .setTerms(
        UseCaseTerms(
          id: BookFixture.useCase, version: version, tenant: tenant, title: "",
          phase: .published, start: nil, end: nil, plan: plan, participants: []))
    }
    var book = fixture.book
    #expect(throws: Refusal.staleTerms(known: 1)) {
      _ = try book.perform(terms(version: 1), context)
    }
    #expect(throws: Refusal.foreignTerms) {
      _ = try book.perform(terms(version: 2, tenant: "other"), context)
    }
    #expect(throws: Refusal.negative(field: "budget")) {
      let plan = BudgetPlan(participants: 1, each: GFLOP(-1))
      _ = try book.perform(terms(version: 2, plan: plan), context)
    }
    #expect(throws: Refusal.self) {
      let plan = BudgetPlan(participants: 1_000, each: GFLOP(.max))
      _ = try book.perform(terms(version: 2, plan: plan), context)
    }
    #expect(book == fixture.book)
    fixture.book = book
  }
}
