import API
import ComputeDomain
import RPC
import Testing

@testable import ComputeService

@Suite("Whoever watches a use case's alerts")
struct WatchAlertsTests {
  /// What a watcher was sent, as "participant threshold".
  private func watch(
    _ fixture: ServiceFixture, _ caller: CallIdentity, after id: Int64 = 0
  ) -> (alerts: AsyncStream<String>.Iterator, task: Task<Void, any Error>) {
    let (stream, continuation) = AsyncStream<String>.makeStream()
    var request = ComputeWatchAlertsRequest()
    request.useCaseId = ServiceFixture.useCase
    request.afterId = id
    let asked = request
    let task = Task {
      defer { continuation.finish() }
      try await fixture.core.watchAlerts(asked, caller) {
        continuation.yield("\($0.participantName) \($0.threshold)")
      }
    }
    return (stream.makeAsyncIterator(), task)
  }

  @Test("hears what was told before, and each alert as it is told, once")
  func alerts() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync(planned: 4, each: .pflop(100))
    let run = try await fixture.start().id
    try await fixture.report(run, .pflop(50))
    var (alerts, task) = watch(fixture, .clinic(.organiser))
    #expect(await alerts.next() == "Vendor 1 50")
    try await fixture.report(run, .pflop(79))
    try await fixture.report(run, .pflop(80))
    #expect(await alerts.next() == "Vendor 1 80")
    try await fixture.report(run, .pflop(100))
    #expect(await alerts.next() == "Vendor 1 100")
    // A budget that is cut tells of its whole.
    try await fixture.sync(version: 2, planned: 2, each: .pflop(100))
    #expect(await alerts.next() == " 50")
    task.cancel()
    #expect(await alerts.next() == nil)
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test("is not told again what a threshold told that was taken away, nor after a restart")
  func toggled() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync(planned: 10, each: .pflop(100))
    try await fixture.train(.pflop(50))
    var list = ComputeListAlertsRequest()
    list.useCaseId = ServiceFixture.useCase
    func set(_ thresholds: [Int32], _ core: ComputeCore) async throws {
      _ = try await core.setThresholds(
        ComputeSetThresholdsRequest(useCaseId: ServiceFixture.useCase, thresholds: thresholds),
        .clinic(.owner))
    }
    try await set([], fixture.core)
    let core = try fixture.reopened()
    try await set([50], core)
    #expect(try await core.listAlerts(list, .clinic(.owner)).alerts.map(\.threshold) == [50])
    await core.database.close()
  }

  @Test("takes it up after the last that was seen")
  func resume() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync(planned: 10, each: .pflop(100))
    try await fixture.train(.pflop(80))
    var list = ComputeListAlertsRequest()
    list.useCaseId = ServiceFixture.useCase
    let seen = try await fixture.core.listAlerts(list, .clinic(.owner)).alerts
    #expect(seen.map(\.threshold) == [50, 80])
    var (alerts, task) = watch(fixture, .clinic(.billing), after: seen[0].id)
    #expect(await alerts.next() == "Vendor 1 80")
    task.cancel()
    _ = await task.result
  }

  @Test("hears nothing more once its proof of who it is has expired, though nobody swept since")
  func expiry() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync(planned: 10, each: .pflop(100))
    let run = try await fixture.start().id
    let end = ServiceFixture.opening + 30_000
    var (alerts, task) = watch(fixture, .clinic(.organiser).expiring(at: end))
    var swept = watch(fixture, .clinic(.billing).expiring(at: end))
    try await fixture.report(run, .pflop(50))
    #expect(await alerts.next() == "Vendor 1 50")
    #expect(await swept.alerts.next() == "Vendor 1 50")
    fixture.clock.set(end)
    try await HoldKeeper(fixture.core).sweep()
    #expect(await swept.alerts.next() == nil)
    #expect(await status { try await swept.task.value } == .aborted)
    // One that the keeper has not come to yet is ended by what would be told.
    let late = watch(fixture, .clinic(.owner).expiring(at: end))
    alerts = late.alerts
    #expect(await alerts.next() == "Vendor 1 50")
    try await fixture.report(run, .pflop(80))
    #expect(await alerts.next() == nil)
    #expect(await status { try await late.task.value } == .aborted)
    #expect(await status { try await task.value } == .aborted)
  }

  @Test("as a participant hears its own alone, as a stranger nothing, and the end of the service")
  func scope() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync(planned: 10, each: .pflop(100))
    var (alerts, task) = watch(fixture, .vendor(2))
    try await fixture.train(.pflop(100))
    try await fixture.train(.pflop(60), .vendor(2))
    #expect(await alerts.next() == "Vendor 2 50")
    let stranger = watch(fixture, .stranger(.owner))
    #expect(await status { try await stranger.task.value } == .notFound)
    fixture.core.closeStreams()
    #expect(await alerts.next() == nil)
    #expect(await status { try await task.value } == .unavailable)
    task = watch(fixture, .vendor(2)).task
    #expect(await status { try await task.value } == .unavailable)
  }
}
