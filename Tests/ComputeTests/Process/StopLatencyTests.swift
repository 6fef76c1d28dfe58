import API
import RPC
import Synchronization
import Testing

@Suite("A stop reaches the client, on the clock on the wall", .timeLimit(.minutes(2)))
struct StopLatencyTests {
  /// 400 TFLOP/s, 200 PFLOP, and slices of ten seconds.
  private static let gflopPerSecond: Int64 = 400_000
  private static let allocation: Int64 = 200_000_000
  private static let slice: Int64 = 10 * gflopPerSecond

  /// A stream of a run's commands, and when it said STOP.
  private final class Watch: Sendable {
    private let time = Mutex<ContinuousClock.Instant?>(nil)
    let task: Mutex<Task<Void, any Error>?> = Mutex(nil)

    /// Begins to watch; the stream is there once this returns.
    init(_ run: String, _ runs: ComputeRunsClient, _ options: CallOptions) async {
      let (begun, continuation) = AsyncStream<Void>.makeStream()
      let task = Task { [self] in
        defer { continuation.finish() }
        let request = ComputeWatchRunRequest(runId: run)
        try await runs.watchRun(request, options: options) { balances in
          for try await balance in balances {
            continuation.yield()
            if balance.command == .stop { time.withLock { $0 = .now } }
          }
        }
      }
      self.task.withLock { $0 = task }
      for await _ in begun { break }
    }

    /// When the client heard that it must stop; the stream has ended then.
    func stop() async throws -> ContinuousClock.Instant {
      try await task.withLock { $0 }?.value
      return try #require(time.withLock { $0 })
    }
  }

  private func startedRun(_ server: ComputeServer) async throws -> String {
    try await server.start()
    try await server.sync(participants: 1, gflopEach: Self.allocation)
    let start = ComputeStartRunRequest(useCaseId: "uc_1", gflopPerSecond: Self.gflopPerSecond)
    let balance = try await server.runs.startRun(start, options: server.vendor(1))
    return try #require(balance.run?.id)
  }

  @Test("200 PFLOP at 400 TFLOP/s: the stop is heard within 1 s, the overshoot within a slice")
  func exhausted() async throws {
    let server = try ComputeServer()
    let run = try await startedRun(server)
    let (runs, options) = (try server.runs, server.vendor(1))
    let watch = await Watch(run, runs, options)
    // The burn is sped up: each report is two seconds'.
    var total: Int64 = 0
    var exhausted: ContinuousClock.Instant?
    while exhausted == nil, total < 2 * Self.allocation {
      total += 2 * Self.gflopPerSecond
      let report = ComputeReportUsageRequest(runId: run, totalGflop: total)
      if try await runs.reportUsage(report, options: options).stop { exhausted = .now }
    }
    let answer = try #require(exhausted)
    #expect(total == Self.allocation)
    let latency = answer.duration(to: try await watch.stop())
    #expect(latency <= .seconds(1), "\(latency)")
    // A client that believes its stream alone has gone on burning until then.
    let excess = Self.gflopPerSecond * Int64(max(latency, .zero) / .milliseconds(1)) / 1_000
    #expect(excess <= Self.slice)
    let late = ComputeReportUsageRequest(runId: run, totalGflop: total + excess)
    let last = try await runs.reportUsage(late, options: options)
    #expect(last.allocationUsedGflop == Self.allocation)
    let budget = try await server.budgets.getBudget(
      ComputeGetBudgetRequest(useCaseId: "uc_1"), options: server.organiser)
    #expect(budget.allocations.first?.writtenOffGflop == excess)
  }

  @Test("a stop by the organiser is heard within 1 s of its answer")
  func stopped() async throws {
    let server = try ComputeServer()
    let run = try await startedRun(server)
    let watch = await Watch(run, try server.runs, server.vendor(1))
    let request = ComputeStopRunRequest(runId: run, reason: "enough")
    #expect(try await server.runs.stopRun(request, options: server.organiser).stop)
    let answer = ContinuousClock.now
    let latency = answer.duration(to: try await watch.stop())
    #expect(latency <= .seconds(1), "\(latency)")
  }
}
