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
