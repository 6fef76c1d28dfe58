import API
import Codec
import RPC
import ServiceKit
import Storage

/// Leases jobs from Evaluation over one stream, scores them, and delivers the results.
///
/// Stateless but for its cache: any number on any host, started and killed at any time.
struct Worker: Sendable {
  /// Unique per process.
  let name: String
  let capacity: Int
  let client: EvaluationWorkersClient
  /// A fresh signed principal of the service "worker".
  let principal: @Sendable () throws -> [UInt8]
  let cache: BlobCache
  let scoring: JobScoring
  let jobs: WorkerJobs
  let backOff: BackOff
  let log: Logger
  let onConnection: @Sendable (_ isConnected: Bool) -> Void

  /// The wait between two attempts to connect: doubled each time, up to a bound.
  struct BackOff: Sendable {
    var minimumMilliseconds = 50
    var maximumMilliseconds = 5_000
  }

  /// Works until it is drained or its task is cancelled; reconnects for ever.
  func run() async {
    var wait = backOff.minimumMilliseconds
    while !jobs.isDrained && !Task.isCancelled {
      let wasConnected: Bool
      do {
        try await session()
        wasConnected = true
      } catch {
        if Task.isCancelled { break }
        wasConnected = jobs.isConnected
        log.warning(
          "no connection to Evaluation",
          ["reason": .text("\(error)"), "retry_milliseconds": .integer(Int64(wait))])
      }
      jobs.setConnected(false)
      onConnection(false)
      if jobs.isDrained { break }
      if wasConnected { wait = backOff.minimumMilliseconds }
      try? await Task.sleep(for: .milliseconds(wait))
      wait = min(wait * 2, backOff.maximumMilliseconds)
    }
    jobs.cancelAll()
  }

  /// One stream, from hello to its end.
  private func session() async throws {
    var options = CallOptions()
    options.principal = try principal()
    let cached = await cache.digests.map(\.hex)
    try await client.work(options: options) { writer, reader in
      let wake = jobs.beginSession()
      let hello = EvaluationWorkerMessage.Hello(
        worker: name, capacity: Int32(capacity), cachedSha256: cached)
      try await writer.send(EvaluationWorkerMessage(kind: .hello(hello)))
      // Jobs of an earlier stream are still ours if the service hears of them in time.
      try await sendHeartbeat(writer)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await receive(reader) }
        group.addTask { try await deliver(wake, writer) }
        group.addTask { try await keepAlive(writer) }
        // The first to end, well or not, ends the stream.
        defer { group.cancelAll() }
        try await group.next()
      }
    }
  }

  private func receive(_ reader: MessageReader<EvaluationWorkerCommand>) async throws {
    while let command = try await reader.next() {
      switch command.kind {
      case .welcome:
        log.info("connected to Evaluation")
        jobs.setConnected(true)
        onConnection(true)
      case .job(let job):
        log.info("job", ["submission": .text(job.submissionId), "lease": .text(job.leaseId)])
        jobs.start(job) { await scoring.run(job) }
      case .acknowledge(let answer):
        if !answer.accepted {
          log.warning(
            "lease lost", ["lease": .text(answer.leaseId), "reason": .text(answer.reason)])
        }
        jobs.settle(answer.leaseId)
      case nil:
        // From a newer service: not for us.
        break
      }
    }
  }

  /// Sends results as they are ready; ends when the worker is drained.
  private func deliver(
    _ wake: AsyncStream<Void>, _ writer: MessageWriter<EvaluationWorkerMessage>
  ) async throws {
    var hasSaidDrain = false
    for await _ in wake {
      if jobs.isDraining && !hasSaidDrain {
        hasSaidDrain = true
        try await writer.send(EvaluationWorkerMessage(kind: .drain(.init())))
      }
      for message in jobs.takeUnsent() { try await writer.send(message) }
      if jobs.isDrained { return }
    }
    try Task.checkCancellation()
  }

  private func keepAlive(_ writer: MessageWriter<EvaluationWorkerMessage>) async throws {
    while true {
      try await Task.sleep(for: .milliseconds(jobs.heartbeatMilliseconds))
      try await sendHeartbeat(writer)
    }
  }

  private func sendHeartbeat(_ writer: MessageWriter<EvaluationWorkerMessage>) async throws {
    let leases = jobs.leases
    guard !leases.isEmpty else { return }
    try await writer.send(
      EvaluationWorkerMessage(kind: .heartbeat(.init(leaseIds: leases))))
  }
}
