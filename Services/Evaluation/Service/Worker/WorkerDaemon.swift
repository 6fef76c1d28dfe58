import API
import Glibc
import ServiceKit
import Storage

/// `assay-evaluation worker`: a process that scores.
enum WorkerDaemon {
  static let command = ServiceCommand.daemon(
    "worker", identity: "worker",
    summary: "Lease jobs from Evaluation and score them; any number, on any host.",
    options: [
      .peer("evaluation", default: "127.0.0.1:7102"),
      .path(
        "cache", placeholder: "DIR",
        help: "Where fetched datasets are kept, one folder a worker; default: cache in --data."),
      .bytes(
        "cache-bytes", default: "10GiB", in: (1 << 20)...(1 << 50),
        help: "Most that the cache may take of the disk."),
      .bytes(
        "decoded-bytes", default: "1GiB", in: 0...(1 << 44),
        help: "Ground truth kept decoded in memory, as bytes of its files."),
      .integer(
        "capacity", default: 1, in: 1...WorkersHandler.maximumCapacity,
        help: "Jobs that are scored at once."),
      .integer(
        "delay-milliseconds", default: 0, in: 0...3_600_000,
        help: "FOR TESTING ONLY: wait this long before scoring each job."),
    ],
    start: start)

  private static func start(_ process: ServiceProcess) async throws -> RunningService {
    let options = process.options
    let client = EvaluationWorkersClient(try process.channel(to: "evaluation"))
    let principal: @Sendable () throws -> [UInt8] = { try process.servicePrincipal() }
    let folder = options.optionalText("cache") ?? "\(process.dataDirectory)/cache"
    let lock = try FolderLock(folder)
    let cache = try await BlobCache(
      store: BlobStore(directory: "\(folder)/blobs"),
      maximumBytes: Int64(options.bytes("cache-bytes")))
    let scoring = JobScoring(
      client: client, principal: principal, cache: cache,
      truths: DecodedTruths(maximumBytes: Int64(options.bytes("decoded-bytes"))),
      delayMilliseconds: options.int("delay-milliseconds"),
      metrics: WorkerMetrics(process.metrics), log: process.log)
    process.readiness.set("evaluation", ready: false, "not connected yet")
    let worker = Worker(
      name: name(process), capacity: options.int("capacity"), client: client,
      principal: principal, cache: cache, scoring: scoring, jobs: WorkerJobs(),
      backOff: Worker.BackOff(), log: process.log,
      onConnection: { isConnected in
        process.readiness.set(
          "evaluation", ready: isConnected, isConnected ? "connected" : "not connected")
      })
    let running = Task { await worker.run() }
    return RunningService(
      drain: {
        worker.jobs.drain()
        // Without a connection and without work there is nothing to wait for.
        if worker.jobs.isDrained && !worker.jobs.isConnected { running.cancel() }
        // Waiting ends with the drain's time, and the work with it.
        await withTaskCancellationHandler {
          await running.value
        } onCancel: {
          running.cancel()
        }
      },
      stop: {
        running.cancel()
        await running.value
        lock.release()
      })
  }

  /// Unique per process: host, process id and the time of its start.
  private static func name(_ process: ServiceProcess) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    let isNamed = gethostname(&buffer, buffer.count - 1) == 0
    let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let host = isNamed ? String(decoding: bytes, as: UTF8.self) : "host"
    return "\(host)-\(getpid())-\(process.clock.now())"
  }
}
