import API
import ComputeDomain
import RPC
import Testing

@testable import ComputeService

@Suite("A client that watches its run")
struct WatchRunTests {
  /// The balances that a watcher was sent, as a stream.
  private func watch(
    _ run: String, _ fixture: ServiceFixture, _ caller: CallIdentity = .vendor(1)
  ) -> (balances: AsyncStream<ComputeRunBalance>, task: Task<Void, any Error>) {
    let (stream, continuation) = AsyncStream<ComputeRunBalance>.makeStream()
    let task = Task {
      defer { continuation.finish() }
      try await fixture.core.watchRun(run, caller) { continuation.yield($0) }
    }
    return (stream, task)
  }

  @Test("hears the balance at once and after each change, the stop with its reason, and the end")
  func stop() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start().id
    let (stream, task) = watch(run, fixture)
    var balances = stream.makeAsyncIterator()
    #expect(await balances.next()?.allocationUsedGflop == 0)
    try await fixture.report(run, .pflop(5))
    #expect(await balances.next()?.allocationUsedGflop == 5_000_000)
    try await fixture.stop(run, .clinic(.organiser), reason: "wrong data")
    let last = try #require(await balances.next())
    #expect(last.stop)
    #expect(last.run?.stateReason == "stopped by the organiser: wrong data")
    #expect(await balances.next() == nil)
    try await task.value
  }

  @Test("hears of a raise, and of being removed")
  func terms() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start().id
    let (stream, task) = watch(run, fixture)
    var balances = stream.makeAsyncIterator()
    #expect(await balances.next()?.allocationGflop == 200_000_000)
    try await fixture.sync(version: 2, each: .pflop(300))
    #expect(await balances.next()?.allocationGflop == 300_000_000)
    try await fixture.sync(version: 3, participants: 0)
    #expect(await balances.next()?.stop == true)
    try await task.value
  }

  @Test("is asked to watch again when its proof of who it is expires, and hears a stop then")
  func expiry() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start().id
    let end = ServiceFixture.opening + 30_000
    let keeper = HoldKeeper(fixture.core)
    let (stream, task) = watch(run, fixture, .vendor(1).expiring(at: end))
    let (other, lasting) = watch(run, fixture, .vendor(1).expiring(at: end + 1))
    var (balances, others) = (stream.makeAsyncIterator(), other.makeAsyncIterator())
    #expect(await balances.next()?.stop == false)
    #expect(await others.next()?.stop == false)
    fixture.clock.set(end - 1)
    try await keeper.sweep()
    try await fixture.report(run, .pflop(5))
    #expect(await balances.next()?.allocationUsedGflop == 5_000_000)
    #expect(await others.next()?.allocationUsedGflop == 5_000_000)
    fixture.clock.set(end)
    try await keeper.sweep()
    #expect(await balances.next() == nil)
    #expect(await status { try await task.value } == .aborted)
    try await fixture.stop(run, .clinic(.organiser))
    #expect(await others.next()?.stop == true)
    try await lasting.value
    let again = watch(run, fixture, .vendor(1).expiring(at: end + 300_000))
    var heard = again.balances.makeAsyncIterator()
    #expect(await heard.next()?.stop == true)
    try await again.task.value
  }

  @Test("a run that has ended is shown once, and the stream ends")
  func ended() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.train(.pflop(3))
    let (stream, task) = watch(run, fixture)
    var balances = stream.makeAsyncIterator()
    #expect(await balances.next()?.run?.state == .finished)
    #expect(await balances.next() == nil)
    try await task.value
  }

  @Test("a tenant has its own limit of watches, and leaves the others theirs")
  func limitOfTenant() throws {
    let watchers = Watchers(of: "runs")
    func begin(_ tenant: String) throws(Watchers.Refusal) -> Watchers.Watch {
      try watchers.begin(tenant: tenant, useCase: "uc_1", participant: "par_1")
    }
    let limit = Watchers.maximumWatchersOfTenant
    let watches = try (0..<limit).map { _ in try begin("vendor-1") }
    let full = Watchers.Refusal.full(name: "watched runs of a tenant", limit: limit)
    #expect(throws: full) { try begin("vendor-1") }
    watchers.end(try begin("vendor-2"))
    // Ended twice counts once.
    for _ in 0..<2 { watchers.end(watches[0]) }
    _ = try begin("vendor-1")
    #expect(throws: full) { try begin("vendor-1") }
    for watch in watches { watchers.end(watch) }
    watchers.close()
    #expect(throws: Watchers.Refusal.closed) { try begin("vendor-1") }
  }

  @Test("all tenants together have the limit of all")
  func limitOfAll() throws {
    let watchers = Watchers(of: "runs")
    for number in 0..<Watchers.maximumWatchers {
      let tenant = "vendor-\(number % 20)"
      _ = try watchers.begin(tenant: tenant, useCase: "uc_1", participant: "par_1")
    }
    #expect(
      throws: Watchers.Refusal.full(name: "watched runs", limit: Watchers.maximumWatchers)
    ) { try watchers.begin(tenant: "vendor-20", useCase: "uc_1", participant: "par_1") }
  }

  @Test("a shutdown ends the stream as UNAVAILABLE, a cancelled call as cancelled")
  func shutdown() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    let run = try await fixture.start().id
    let (cancelledStream, cancelled) = watch(run, fixture)
    for await _ in cancelledStream { cancelled.cancel() }
    await #expect(throws: CancellationError.self) { try await cancelled.value }
    let (stream, task) = watch(run, fixture)
    for await _ in stream { fixture.core.closeStreams() }
    #expect(await status { try await task.value } == .unavailable)
  }
}
