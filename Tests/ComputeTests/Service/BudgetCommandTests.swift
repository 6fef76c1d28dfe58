import API
import ComputeDomain
import Identity
import RPC
import Testing

@testable import ComputeService

@Suite("The budget through the service")
struct BudgetCommandTests {
  private func allocate(
    _ fixture: ServiceFixture, _ pflop: Int64, _ caller: CallIdentity = .clinic(.organiser),
    key: String = ""
  ) async throws -> ComputeGetBudgetResponse {
    var request = ComputeSetAllocationRequest()
    request.useCaseId = ServiceFixture.useCase
    request.participantId = "par_1"
    request.gflop = GFLOP.pflop(pflop).value
    request.idempotencyKey = key
    return try await fixture.core.setAllocation(request, caller)
  }

  private func topUp(
    _ fixture: ServiceFixture, _ pflop: Int64, key: String, participant: String = ""
  ) async throws -> ComputeGetBudgetResponse {
    var request = ComputeTopUpRequest()
    request.useCaseId = ServiceFixture.useCase
    request.gflop = GFLOP.pflop(pflop).value
    request.participantId = participant
    request.idempotencyKey = key
    return try await fixture.core.topUp(request, .clinic(.owner))
  }

  @Test("an addition with the same key is added once, and one without a key is refused")
  func topUpOnce() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let first = try await topUp(fixture, 100, key: "order-1")
    #expect(first.budgetGflop == 2_100_000_000)
    #expect(first.reserveGflop == 100_000_000)
    #expect(try await topUp(fixture, 100, key: "order-1") == first)
    #expect(await status { _ = try await topUp(fixture, 101, key: "order-1") } == .alreadyExists)
    #expect(await status { _ = try await topUp(fixture, 1, key: "") } == .invalidArgument)
    let budget = try await fixture.core.getBudget(ServiceFixture.useCase, .clinic(.owner))
    #expect(budget.toppedUpGflop == 100_000_000)
    #expect(try await fixture.audit().isSound)
  }

  @Test("a share that was set by hand is there after a restart, and deals with new terms")
  func restart() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    _ = try await topUp(fixture, 50, key: "order-1", participant: "par_2")
    _ = try await allocate(fixture, 250)
    let core = try fixture.reopened()
    let budget = try await core.getBudget(ServiceFixture.useCase, .clinic(.owner))
    #expect(budget.allocations.map(\.allocationGflop) == [250_000_000, 250_000_000])
    #expect(budget.budgetGflop == 2_050_000_000)
    #expect(try await core.read { try LedgerAudit.run($0) }.isSound)
    await core.database.close()
  }

  @Test("who revokes a share stops its runs, and the watching client hears of it")
  func revoke() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start().id
    let (stream, continuation) = AsyncStream<ComputeRunBalance>.makeStream()
    let task = Task {
      defer { continuation.finish() }
      try await fixture.core.watchRun(run, .vendor(1)) { continuation.yield($0) }
    }
    var balances = stream.makeAsyncIterator()
    #expect(await balances.next()?.command == .continue)
    _ = try await allocate(fixture, 0)
    let last = try #require(await balances.next())
    #expect(last.command == .stop)
    #expect(last.run?.stateReason == "the compute allocation was reduced")
    try await task.value
  }

  @Test("a paused run hears PAUSE, a resumed one CONTINUE, on the same stream")
  func pause() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start().id
    let (stream, continuation) = AsyncStream<ComputeRunBalance>.makeStream()
    let task = Task {
      defer { continuation.finish() }
      try await fixture.core.watchRun(run, .vendor(1)) { continuation.yield($0) }
    }
    var balances = stream.makeAsyncIterator()
    #expect(await balances.next()?.command == .continue)
    var pause = ComputePauseRunRequest()
    pause.runId = run
    pause.reason = "maintenance"
    _ = try await fixture.core.pauseRun(pause, .clinic(.organiser))
    let paused = try #require(await balances.next())
    #expect(paused.command == .pause)
    #expect(!paused.stop)
    #expect(paused.run?.state == .paused)
    #expect(paused.run?.stateReason == "paused by the organiser: maintenance")
    #expect(paused.allocationHeldGflop == 0)
    var resume = ComputeResumeRunRequest()
    resume.runId = run
    let refused = resume
    #expect(
      await status { _ = try await fixture.core.resumeRun(refused, .vendor(1)) }
        == .permissionDenied)
    _ = try await fixture.core.resumeRun(resume, .clinic(.organiser))
    #expect(await balances.next()?.command == .continue)
    try await fixture.finish(run)
    #expect(await balances.next()?.command == .stop)
    try await task.value
    #expect(try await fixture.audit().isSound)
  }

  @Test("only owner and organiser of the owning tenant deal compute; for others it is not there")
  func roles() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    for role in [Role.owner, .organiser] {
      #expect(await status { _ = try await allocate(fixture, 210, .clinic(role)) } == .ok)
    }
    for role in [Role.billing, .viewer] {
      #expect(
        await status { _ = try await allocate(fixture, 210, .clinic(role)) }
          == .permissionDenied)
    }
    #expect(await status { _ = try await allocate(fixture, 1, .vendor(1)) } == .permissionDenied)
    for role in Role.allCases {
      #expect(await status { _ = try await allocate(fixture, 1, .stranger(role)) } == .notFound)
    }
  }

  @Test("alerts are listed once each, to the owner all, to a participant its own, page by page")
  func alerts() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync(planned: 2, each: .pflop(100))
    try await fixture.train(.pflop(80))
    try await fixture.train(.pflop(100), .vendor(2))
    var request = ComputeListAlertsRequest()
    request.useCaseId = ServiceFixture.useCase
    let all = try await fixture.core.listAlerts(request, .clinic(.billing)).alerts
    #expect(
      all.map { "\($0.participantName) \($0.threshold)" } == [
        "Vendor 1 50", "Vendor 1 80", "Vendor 2 50", "Vendor 2 80", "Vendor 2 100", " 50", " 80",
      ])
    let own = try await fixture.core.listAlerts(request, .vendor(1)).alerts
    #expect(own.map(\.threshold) == [50, 80])
    request.afterId = all[1].id
    request.pageSize = 2
    let page = try await fixture.core.listAlerts(request, .clinic(.owner)).alerts
    #expect(page == Array(all[2...3]))
    // Told is told, also after a restart; a raise arms again.
    let core = try fixture.reopened()
    var raise = ComputeSetAllocationRequest()
    raise.useCaseId = ServiceFixture.useCase
    raise.participantId = "par_1"
    raise.gflop = 50_000_000
    var more = ComputeTopUpRequest()
    more.useCaseId = ServiceFixture.useCase
    more.gflop = 200_000_000
    more.participantId = "par_1"
    more.idempotencyKey = "more"
    _ = try await core.topUp(more, .clinic(.owner))
    #expect(try await core.listAlerts(own: .vendor(1)) == [50, 80])
    raise.gflop = 100_000_000
    _ = try await core.setAllocation(raise, .clinic(.owner))
    #expect(try await core.listAlerts(own: .vendor(1)) == [50, 80, 50, 80])
    await core.database.close()
  }

  @Test("the forecast is of the last seven days, and nobody's but the owning tenant's")
  func forecast() async throws {
    let fixture = try ServiceFixture()
    let day = UTCDay.milliseconds
    try await fixture.sync(end: ServiceFixture.opening + 30 * day)
    fixture.clock.advance(milliseconds: day)
    try await fixture.train(.pflop(10))
    fixture.clock.advance(milliseconds: 10 * day)
    try await fixture.train(.pflop(70))
    let forecast = try await fixture.core.forecast(ServiceFixture.useCase, .clinic(.billing))
    #expect(forecast.usedGflop == 80_000_000)
    // All of the last seven days' usage came in this quarter of an hour.
    #expect(forecast.gflopPerDay > 0)
    fixture.clock.advance(milliseconds: 4 * day)
    let later = try await fixture.core.forecast(ServiceFixture.useCase, .clinic(.owner))
    #expect(later.gflopPerDay == 17_500_000)
    #expect(later.gflopAtEnd == Int64(342_500_000))
    let left = 2_000_000_000 - 80_000_000
    let exhausted = ServiceFixture.opening + 15 * day + Int64(left) * day / 17_500_000
    #expect(later.exhaustedTime?.unixMilliseconds == exhausted + 1)
    #expect(
      await status {
        _ = try await fixture.core.forecast(ServiceFixture.useCase, .vendor(1))
      } == .notFound)
  }
}

extension ComputeCore {
  fileprivate func listAlerts(own caller: CallIdentity) async throws -> [Int32] {
    var request = ComputeListAlertsRequest()
    request.useCaseId = ServiceFixture.useCase
    return try await listAlerts(request, caller).alerts.map(\.threshold)
  }
}
