import ComputeDomain
import Testing

@Suite("Runs: hold, usage, settlement")
struct BookRunTests {
  @Test("a start holds ten seconds of the declared rate")
  func sliceOfRate() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1", rate: GFLOP(400_000))
    #expect(try fixture.status().held == .pflop(4))
    #expect(try fixture.status().free == .pflop(196))
  }

  @Test("a participant has a limit of live runs, paused ones too; ended ones do not count")
  func liveRuns() throws {
    var fixture = try BookFixture(participants: 2, each: .pflop(2_000))
    let limit = ComputeLimits.maximumLiveRuns
    for number in 0..<limit {
      try fixture.start("run_\(number)")
      try fixture.perform(.pauseRun(run: "run_\(number)", reason: "", by: .team))
    }
    #expect(throws: Refusal.tooManyRuns(limit: limit)) { try fixture.start("run") }
    try fixture.start("other", "par_2")
    try fixture.finish("run_7")
    // What has ended may be dropped from memory, and be read again.
    let ended = try #require(fixture.run("run_7"))
    fixture.book.forget(run: "run_7")
    fixture.book.remember(ended)
    try fixture.start("run")
    #expect(throws: Refusal.tooManyRuns(limit: limit)) { try fixture.start("another") }
    // Those that are loaded with the book count, too.
    var loaded = try Book(
      terms: fixture.book.terms, balances: fixture.book.balances,
      runs: Dictionary(
        uniqueKeysWithValues: fixture.book.runs.values.map { ($0.id, $0) }))
    swap(&fixture.book, &loaded)
    #expect(throws: Refusal.tooManyRuns(limit: limit)) { try fixture.start("another") }
  }

  @Test("a start without a rate holds 1 PFLOP")
  func smallestSlice() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1")
    #expect(try fixture.status().held == .pflop(1))
  }

  @Test("what is left may be used though it is less than a slice")
  func partialSlice() throws {
    var fixture = try BookFixture(participants: 1, each: GFLOP(400_000))
    try fixture.start("run_1")
    #expect(try fixture.status().held == GFLOP(400_000))
    #expect(throws: Refusal.self) { try fixture.start("run_2") }
  }

  @Test("usage is drawn from the hold, and the hold is renewed")
  func renewal() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1", rate: GFLOP(400_000))
    try fixture.report("run_1", .pflop(3))
    let status = try fixture.status()
    #expect(status.used == .pflop(3))
    #expect(status.held == .pflop(4))
    #expect(status.free == .pflop(193))
  }

  @Test("repeated, late and out-of-order reports change nothing")
  func harmlessReports() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1")
    try fixture.report("run_1", .pflop(7))
    let book = fixture.book
    #expect(try fixture.report("run_1", .pflop(7)).isEmpty)
    #expect(try fixture.report("run_1", .pflop(2)).isEmpty)
    #expect(fixture.book == book)
  }

  @Test("finish bills the last counter and returns the rest")
  func settlement() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1", rate: GFLOP(400_000))
    try fixture.report("run_1", .pflop(3))
    try fixture.finish("run_1", GFLOP(41_500_000))
    let status = try fixture.status()
    #expect(status.used == GFLOP(41_500_000))
    #expect(status.held == .zero)
    #expect(status.free == GFLOP(158_500_000))
    #expect(fixture.run("run_1")?.state == .finished)
    #expect(fixture.entries.last?.cause == .runFinished)
  }

  @Test("finish without a counter settles at the last one reported; a second finish is the first")
  func finishTwice() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1")
    try fixture.report("run_1", .pflop(3))
    try fixture.finish("run_1")
    let book = fixture.book
    try fixture.finish("run_1", .pflop(9))
    #expect(fixture.book == book)
    #expect(try fixture.status().used == .pflop(3))
  }

  @Test("a run that used nothing is voided")
  func void() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1")
    try fixture.finish("run_1")
    #expect(fixture.entries.last?.cause == .runVoided)
    #expect(try fixture.status().free == .pflop(200))
  }

  @Test("exactly at the limit the run is stopped and everything is billed")
  func exactlyAtTheLimit() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1")
    try fixture.report("run_1", GFLOP(199_999_999))
    #expect(fixture.run("run_1")?.isRunning == true)
    try fixture.report("run_1", .pflop(200))
    #expect(fixture.run("run_1")?.state == .stopped(.allocationExhausted))
    #expect(try fixture.status().used == .pflop(200))
    #expect(fixture.balance(.writtenOff, "par_1") == .zero)
    #expect(throws: Refusal.self) { try fixture.start("run_2") }
  }

  @Test("usage beyond the allocation is known but never billed")
  func overshoot() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1")
    try fixture.report("run_1", .pflop(203))
    #expect(fixture.run("run_1")?.state == .stopped(.allocationExhausted))
    #expect(try fixture.status().used == .pflop(200))
    #expect(fixture.balance(.writtenOff, "par_1") == .pflop(3))
    #expect(fixture.run("run_1")?.counter == .pflop(203))
  }

  @Test("a run may use what is free, but not what another run holds")
  func otherRunsHold() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(10))
    try fixture.start("run_1")
    try fixture.start("run_2", rate: GFLOP(400_000))
    try fixture.report("run_1", .pflop(9))
    #expect(fixture.run("run_1")?.used == .pflop(6))
    #expect(fixture.run("run_1")?.isRunning == false)
    #expect(fixture.run("run_2")?.held == .pflop(4))
    try fixture.finish("run_2")
    try fixture.start("run_3")
    #expect(fixture.run("run_3")?.isRunning == true)
  }

  @Test("one participant cannot use another's allocation")
  func separateAllocations() throws {
    var fixture = try BookFixture(participants: 2, each: .pflop(5))
    try fixture.start("run_1", "par_1")
    try fixture.report("run_1", .pflop(50))
    #expect(try fixture.status("par_1").used == .pflop(5))
    #expect(try fixture.status("par_2").free == .pflop(5))
  }

  @Test("after a stop only what was held may still be billed")
  func lateUsageAfterStop() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1", rate: GFLOP(400_000))
    try fixture.report("run_1", .pflop(2))
    try fixture.perform(.stopRun(run: "run_1", reason: "wrong data", by: .organiser))
    #expect(fixture.run("run_1")?.state == .stopped(.requested("wrong data")))
    try fixture.report("run_1", .pflop(3))
    #expect(try fixture.status().used == .pflop(3))
    try fixture.finish("run_1", .pflop(100))
    #expect(try fixture.status().used == .pflop(6))
    #expect(fixture.balance(.writtenOff, "par_1") == .pflop(94))
  }

  @Test("an idle hold expires, exactly when it has been idle for so long")
  func expiry() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1")
    fixture.now += 59_999
    #expect(try fixture.perform(.expireRun(run: "run_1", idleMilliseconds: 60_000)).isEmpty)
    fixture.now += 1
    try fixture.perform(.expireRun(run: "run_1", idleMilliseconds: 60_000))
    #expect(fixture.run("run_1")?.state == .expired)
    #expect(try fixture.status().free == .pflop(200))
  }

  @Test("a report, even a repeated one, keeps a run alive; a clock that jumps back does not end it")
  func signOfLife() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1")
    fixture.now += 50_000
    try fixture.report("run_1", .zero)
    fixture.now -= 3_600_000
    try fixture.report("run_1", .zero)
    fixture.now += 3_600_000 + 59_000
    #expect(try fixture.perform(.expireRun(run: "run_1", idleMilliseconds: 60_000)).isEmpty)
  }

  @Test("a counter below zero or beyond the limit is refused, and nothing changes")
  func counterRange() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    try fixture.start("run_1")
    let book = fixture.book
    #expect(throws: Refusal.negative(field: "total_gflop")) {
      try fixture.report("run_1", GFLOP(-1))
    }
    #expect(throws: Refusal.self) { try fixture.report("run_1", GFLOP(.max)) }
    #expect(throws: Refusal.unknownRun("run_9")) { try fixture.report("run_9", .zero) }
    #expect(fixture.book == book)
  }

  @Test("each usage names the price in force, and a new price leaves earlier usage as it was")
  func priceVersions() throws {
    var fixture = try BookFixture(participants: 1, each: .pflop(200))
    let dearer = Price(version: "2027", validFrom: 1, nanoEuroPerGFLOP: 30)
    try fixture.start("run_1")
    try fixture.report("run_1", .pflop(10))
    try fixture.report("run_1", .pflop(30), price: dearer)
    let usage = fixture.entries.filter { $0.usage > .zero }
    #expect(usage.map(\.usage) == [.pflop(10), .pflop(20)])
    #expect(usage.map(\.price) == [.standard, dearer])
    #expect(try fixture.status().used == .pflop(30))
  }
}
