import API
import ComputeDomain
import RPC
import Testing

@testable import ComputeService

@Suite("Runs through the service")
struct RunCommandTests {
  @Test("hold, usage, settlement; the balance shows each")
  func wholeRun() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let started = try await fixture.start(rate: GFLOP(400_000))
    #expect(started.run?.state == .running)
    #expect(started.run?.participantName == "Vendor 1")
    #expect(started.allocationGflop == 200_000_000)
    #expect(started.allocationHeldGflop == 4_000_000)
    let reported = try await fixture.report(started.id, .pflop(30))
    #expect(reported.allocationUsedGflop == 30_000_000)
    #expect(!reported.stop)
    let finished = try await fixture.finish(started.id, GFLOP(41_500_000))
    #expect(finished.run?.state == .finished)
    #expect(finished.run?.usedGflop == 41_500_000)
    #expect(finished.allocationFreeGflop == 158_500_000)
    #expect(finished.stop)
    #expect(try await fixture.audit().isSound)
  }

  @Test("the same key with the same request gives the same answer, and does nothing twice")
  func sameKey() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let first = try await fixture.start(key: "k1")
    fixture.clock.advance(milliseconds: 5_000)
    #expect(try await fixture.start(key: "k1") == first)
    let reported = try await fixture.report(first.id, .pflop(3), key: "k2")
    try await fixture.report(first.id, .pflop(5), key: "k3")
    #expect(try await fixture.report(first.id, .pflop(3), key: "k2") == reported)
    #expect(try await fixture.core.getRun(first.id, .vendor(1)).run?.usedGflop == 5_000_000)
  }

  @Test("the same key with another request, method or user is ALREADY_EXISTS")
  func otherBody() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start(key: "k1").id
    #expect(await status { try await fixture.start(rate: GFLOP(7), key: "k1") } == .alreadyExists)
    #expect(
      await status { try await fixture.report(run, .pflop(1), key: "k1") } == .alreadyExists)
    #expect(await status { try await fixture.start(.vendor(2), key: "k1") } == .ok)
  }

  @Test("a refused command leaves its key free")
  func refusedKey() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync(state: .paused)
    #expect(await status { try await fixture.start(key: "k1") } == .failedPrecondition)
    try await fixture.sync(version: 2)
    #expect(await status { try await fixture.start(key: "k1") } == .ok)
  }

  @Test("the client is told to stop when its allocation is used up, and why")
  func exhausted() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start().id
    let balance = try await fixture.report(run, .pflop(203))
    #expect(balance.stop)
    #expect(balance.run?.state == .stopped)
    #expect(balance.allocationUsedGflop == 200_000_000)
    let reason = try #require(balance.run?.stateReason)
    #expect(reason.contains("used up"))
    #expect(reason.contains("3 PFLOP reported beyond the allocation are not billed"))
    #expect(await status { try await fixture.start() } == .resourceExhausted)
  }

  @Test("what was answered is there after a restart, and goes on")
  func restart() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start(key: "k1").id
    try await fixture.report(run, .pflop(7))
    let core = try fixture.reopened()
    #expect(try await core.getRun(run, .vendor(1)).allocationUsedGflop == 7_000_000)
    var request = ComputeFinishRunRequest()
    request.runId = run
    request.totalGflop = 9_000_000
    #expect(try await core.finishRun(request, .vendor(1)).allocationUsedGflop == 9_000_000)
    #expect(try await core.database.read { try LedgerAudit.run($0) }.isSound)
    await core.database.close()
  }

  @Test("200 PFLOP at 400 TFLOP/s last 500 s: the stop comes then, and nothing beyond is billed")
  func sustained() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync(planned: 1, each: .pflop(200), participants: 1)
    let run = try await fixture.start(rate: GFLOP(400_000)).id
    var total = GFLOP.zero
    var seconds = 0
    var balance = ComputeRunBalance()
    while !balance.stop {
      seconds += 1
      fixture.clock.advance(milliseconds: 1_000)
      total = GFLOP(Int64(seconds) * 400_000)
      balance = try await fixture.report(run, total)
      // Before it is spent, the slice of ten seconds is whole again, or all that is left.
      let left = 200_000_000 - total.value
      #expect(balance.allocationHeldGflop == min(4_000_000, left))
    }
    #expect(seconds == 500)
    #expect(balance.allocationUsedGflop == 200_000_000)
    let budget = try await fixture.core.getBudget(ServiceFixture.useCase, .clinic(.owner))
    #expect(budget.allocations.first?.writtenOffGflop == 0)
    #expect(try await fixture.audit().isSound)
  }

  @Test("64 clients on a budget of 64 slices: nobody is refused, everything is billed")
  func concurrentFit() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync(planned: 1, each: .pflop(64), participants: 1)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<64 { group.addTask { try await fixture.train(.pflop(1)) } }
      try await group.waitForAll()
    }
    let budget = try await fixture.core.getBudget(ServiceFixture.useCase, .clinic(.owner))
    #expect(budget.usedGflop == 64_000_000)
    #expect(await status { try await fixture.start() } == .resourceExhausted)
    #expect(try await fixture.audit().isSound)
  }

  @Test("64 clients that want five times the budget: never more is billed than it holds")
  func concurrentOverspend() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync(planned: 1, each: .pflop(64), participants: 1)
    let refusals = try await withThrowingTaskGroup(of: StatusCode.self) { group in
      for _ in 0..<64 {
        group.addTask {
          await status {
            let run = try await fixture.start().id
            for total in 1...5 { try await fixture.report(run, .pflop(Int64(total))) }
            try await fixture.finish(run)
          }
        }
      }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(refusals.subtracting([.ok, .resourceExhausted]).isEmpty)
    let budget = try await fixture.core.getBudget(ServiceFixture.useCase, .clinic(.owner))
    #expect(budget.usedGflop <= 64_000_000)
    #expect(budget.heldGflop == 0)
    #expect(try await fixture.audit().isSound)
  }

  @Test("malformed requests are refused with the field")
  func malformed() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start().id
    let long = String(repeating: "x", count: 2_000)
    #expect(await status { try await fixture.report(run, GFLOP(-1)) } == .invalidArgument)
    #expect(await status { try await fixture.start(rate: GFLOP(-1)) } == .invalidArgument)
    #expect(await status { try await fixture.start(key: long) } == .invalidArgument)
    #expect(await status { try await fixture.start(key: "a b") } == .invalidArgument)
    #expect(
      await status { try await fixture.stop(run, .vendor(1), reason: long) } == .invalidArgument)
  }

  @Test("runs are listed newest first, page by page")
  func pages() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    var started: [String] = []
    for _ in 0..<5 {
      started.insert(try await fixture.train(.pflop(1)), at: 0)
      fixture.clock.advance(milliseconds: 10)
    }
    var request = ComputeListRunsRequest()
    request.useCaseId = ServiceFixture.useCase
    request.pageSize = 2
    var listed: [String] = []
    repeat {
      let page = try await fixture.core.listRuns(request, .vendor(1))
      listed += page.runs.map(\.id)
      request.pageToken = page.nextPageToken
    } while !request.pageToken.isEmpty
    #expect(listed == started)
    request.pageToken = "???"
    #expect(
      await status { _ = try await fixture.core.listRuns(request, .vendor(1)) }
        == .invalidArgument)
  }
}
