import API
import CLinux
import Foundation
import RPC
import Transport

/// Durable transfers per second through the real service over its protocol.
///
/// Each call is a usage report under an idempotency key of its own: it moves compute from the
/// participant's allocation to what it has used (two postings; the run's hold is filled up again),
/// and is answered after the commit.
struct LedgerBench {
  private let arguments: BenchArguments
  private let clients: Int
  private let connections: Int
  private let participants: Int

  init(_ arguments: BenchArguments) throws {
    self.arguments = arguments
    clients = try arguments.int("clients", default: 256, in: 1...4_096)
    connections = min(
      clients, try arguments.int("connections", default: 4, in: 1...4_096))
    participants = min(
      clients, try arguments.int("participants", default: 64, in: 1...4_096))
  }

  func run() async throws {
    assay_tune_malloc(2)
    ProcessUsage.raiseDescriptorLimit()
    let service = try ComputeProcess(
      parent: arguments.text("data") ?? FileManager.default.currentDirectoryPath,
      loops: try arguments.int("server-loops", default: 1, in: 1...64))
    let group = EventLoopGroup(loopCount: 1, name: "client")
    var options = ChannelOptions.defaults
    options.settings.pingIntervalMilliseconds = 600_000
    let connector = try SocketConnector(
      name: "bench", target: "127.0.0.1:\(service.port)", tls: nil, group: group)
    let channels = (0..<connections).map { _ in Channel(connector, options: options) }
    let window = Window(
      seconds: try arguments.seconds(default: 5), server: service.identifier,
      countsAllocations: nil)
    let loop = group.loops[0]
    let (latencies, waits) = try await withTaskExecutorPreference(loop) {
      try await syncUseCases(channels[0], service)
      let started = try await startRuns(channels, service)
      let latencies = try await saturate(started, window, loop)
      return (latencies, started.count)
    }
    var report = Report()
    report.add("peer", "assay")
    report.add("clients", waits)
    report.add("connections", connections)
    window.add(to: &report, calls: latencies.count)
    let times = latencies.percentiles([0.5, 0.99, 0.999])
    for (name, time) in zip(["p50_us", "p99_us", "p999_us"], times) { report.add(name, time) }
    report.print(asJSON: arguments.has("json"))
    try service.stop()
  }

  // MARK: - The stage

  /// A use case for each eight participants.
  private func syncUseCases(_ channel: Channel, _ service: ComputeProcess) async throws {
    let sync = ComputeComputeSyncClient(channel)
    var options = CallOptions()
    options.principal = service.catalogPrincipal()
    for useCase in 0...(participants - 1) / 8 {
      var snapshot = CatalogUseCaseSnapshot()
      snapshot.id = "uc_bench\(useCase)"
      snapshot.version = 1
      snapshot.tenant = "clinic"
      snapshot.title = "Bench"
      snapshot.state = .published
      snapshot.budget = CatalogComputeBudget(participants: 8, gflopEach: 1_000_000_000_000)
      for number in useCase * 8..<min(participants, useCase * 8 + 8) {
        snapshot.participants.append(
          CatalogSnapshotParticipant(
            id: "par_\(number)", tenant: "vendor-\(number)", name: "Vendor \(number)",
            emails: ["ada@vendor-\(number).example"]))
      }
      _ = try await sync.syncUseCase(
        CatalogSyncUseCaseRequest(snapshot: snapshot), options: options)
    }
  }

  private struct Started: Sendable {
    let runs: ComputeRunsClient
    let run: String
    let options: CallOptions
  }

  private func startRuns(
    _ channels: [Channel], _ service: ComputeProcess
  ) async throws -> [Started] {
    let principals = (0..<participants).map { service.vendor($0) }
    var started: [Started] = []
    for client in 0..<clients {
      let participant = client % participants
      var options = CallOptions()
      options.principal = principals[participant]
      let runs = ComputeRunsClient(channels[client % connections])
      let balance = try await runs.startRun(
        ComputeStartRunRequest(useCaseId: "uc_bench\(participant / 8)"), options: options)
      started.append(Started(runs: runs, run: balance.run?.id ?? "", options: options))
    }
    return started
  }

  // MARK: - The measurement

  private func saturate(
    _ started: [Started], _ window: Window, _ loop: EventLoop
  ) async throws -> Latencies {
    try await withThrowingTaskGroup(of: Latencies.self) { tasks in
      for client in started {
        tasks.addTask(executorPreference: loop) { try await Self.reportUntilOver(client, window) }
      }
      return try await tasks.reduce(into: Latencies()) { $0.add($1) }
    }
  }

  private static func reportUntilOver(
    _ client: Started, _ window: Window
  ) async throws -> Latencies {
    var latencies = Latencies()
    // Keys that nobody else has, of some twenty bytes.
    let keys = String(UInt64.random(in: 1 << 63 ... .max), radix: 16)
    var total: Int64 = 0
    while true {
      total += 1
      let request = ComputeReportUsageRequest(
        runId: client.run, totalGflop: total, provenance: .measured, meter: "bench",
        idempotencyKey: keys + String(total))
      let sent = EventLoop.monotonicNanoseconds()
      let balance = try await client.runs.reportUsage(request, options: client.options)
      let now = EventLoop.monotonicNanoseconds()
      guard balance.run?.usedGflop == total else { throw BenchError("wrong balance") }
      let (isCounted, goesOn) = try window.count(now: now)
      if isCounted { latencies.add(now - sent) }
      if !goesOn { return latencies }
    }
  }
}
