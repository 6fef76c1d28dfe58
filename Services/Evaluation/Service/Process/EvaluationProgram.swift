import EvaluationDomain
import RPC
import ServiceKit
import Storage

/// `assay-evaluation`: the service, its worker, and the care of its database.
public enum EvaluationServiceProgram: ServiceProgram {
  public static let name = "assay-evaluation"
  public static let summary = "Datasets, submissions, the scoring queue and leaderboards."
  public static let defaultListen = "127.0.0.1:7102"

  static let databaseFile = "evaluation.sqlite"

  public static let options: [OptionSpec] = [
    .bytes(
      "maximum-dataset-bytes", default: "10GiB", in: 1...(1 << 50),
      help: "Largest dataset that is taken in."),
    .bytes(
      "maximum-submission-bytes", default: "1GiB", in: 1...(1 << 50),
      help: "Largest predictions file that is taken in."),
    .bytes(
      "truth-cache-bytes", default: "512MiB", in: 0...(1 << 44),
      help: "Ground truth kept decoded to check submissions, as bytes of its files."),
    .duration(
      "lease", default: "30s", in: 100...3_600_000,
      help: "How long a worker may be silent before its job goes to another one."),
    .duration(
      "lease-grace", default: "2s", in: 0...600_000,
      help: "How long a worker that lost its connection keeps its jobs."),
    .integer(
      "attempts", default: 3, in: 1...100,
      help: "Workers that a job is given to before it fails."),
  ]

  public static let commands: [ServiceCommand] =
    [WorkerDaemon.command]
    + ServiceCommand.database(
      file: databaseFile,
      backup: { path, to in
        try Database.backup(from: path, to: to, applicationID: EvaluationSchema.applicationID)
      },
      restore: { from, path in
        try Database.restore(from: from, to: path, applicationID: EvaluationSchema.applicationID)
      },
      check: check)

  public static func start(_ process: ServiceProcess) async throws -> RunningService {
    let database = try open(process.dataDirectory, .exclusive)
    database.onDiskFailure { process.endForRestart($0) }
    let blobs = try BlobStore(directory: "\(process.dataDirectory)/blobs")
    let server = EvaluationServer(
      database: database, blobs: blobs, settings: settings(process.options),
      clock: process.clock, registry: process.metrics, log: process.log)
    let orphans = try await server.pins.removeOrphans()
    if orphans > 0 {
      process.log.info("removed unfinished uploads", ["count": .integer(Int64(orphans))])
    }
    let maintenance = Task { await server.maintenance.run() }
    return RunningService(
      router: server.router, mapError: mapError,
      drain: { server.endStreams() },
      stop: {
        maintenance.cancel()
        await maintenance.value
        await database.close()
      })
  }

  private static func settings(_ options: Options) -> EvaluationServer.Settings {
    var settings = EvaluationServer.Settings()
    settings.maximumDatasetBytes = Int64(options.bytes("maximum-dataset-bytes"))
    settings.maximumSubmissionBytes = Int64(options.bytes("maximum-submission-bytes"))
    settings.truthCacheBytes = Int64(options.bytes("truth-cache-bytes"))
    settings.leases = LeasePolicy(
      leaseMilliseconds: Int64(options.milliseconds("lease")),
      graceMilliseconds: Int64(options.milliseconds("lease-grace")),
      maximumAttempts: options.int("attempts"))
    return settings
  }

  static func open(_ directory: String, _ access: Database.Access) throws -> Database {
    try Database.open(
      path: "\(directory)/\(databaseFile)", migrations: EvaluationSchema.migrations,
      options: Database.Options(applicationID: EvaluationSchema.applicationID, access: access))
  }

  /// What is wrong with the database and with the contents that it refers to.
  private static func check(_ path: String) async throws -> [String] {
    let directory = String(path.dropLast(databaseFile.utf8.count + 1))
    let database = try open(directory, .readOnly)
    var problems = try await database.integrityCheck()
    let blobs = try BlobStore(directory: "\(directory)/blobs", keepsUnfinished: true)
    for digest in try await database.read({ try BlobReferences.all($0) }) {
      do {
        try await blobs.verify(digest)
      } catch {
        problems.append("blob \(digest.hex): \(error)")
      }
    }
    await database.close()
    return problems
  }

  /// Storage's errors as the caller is told of them; nil is an internal error.
  static func mapError(_ error: any Error) -> RPCError? {
    switch error as? StorageError {
    case .overloaded(let queue, let limit):
      .resourceExhausted(
        "the service is overloaded; try again in a moment",
        limit: LimitExceeded(name: queue, limit: Int64(limit), actual: Int64(limit) + 1),
        retryAfterMilliseconds: 500)
    case .closed: .unavailable("the service stops; try again in a moment")
    case .busy: .unavailable("the database is busy; try again in a moment")
    case .diskFull: .unavailable("the service's disk is full; its operator must make room")
    default: nil
    }
  }
}
