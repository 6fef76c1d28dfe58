import CatalogDomain
import RPC
import ServiceKit
import Storage

/// `assay-catalog`: the service and the care of its database.
public enum CatalogProgram: ServiceProgram {
  public static let name = "assay-catalog"
  public static let summary =
    "Use cases, metadatasets, invites, participants and their audit trail."
  public static let defaultListen = "127.0.0.1:7101"
  /// Snapshots are delivered under this service's own key.
  public static let needsIdentity = true

  static let databaseFile = "catalog.sqlite"

  public static let options: [OptionSpec] = [
    .peer("evaluation", default: "127.0.0.1:7102"), .peer("compute", default: "127.0.0.1:7103"),
    .string(
      "mail-command",
      help: "sendmail-compatible program that takes invites: full path, then arguments; "
        + "without it mails stay in the queue."),
    .string("mail-from", default: "assay@localhost", help: "Sender of the invites."),
    .duration(
      "mail-timeout", default: "30s", in: 1_000...600_000,
      help: "How long the mail command may take for one mail."),
  ]

  public static let commands: [ServiceCommand] =
    [
      ServiceCommand(
        "verify", summary: "Replay the audit trail; names the first entry that does not fit."
      ) { process in
        let database = try open(process.dataDirectory, .readOnly)
        let head = try await database.read { db in try db.verifyAuditTrail() }
        await database.close()
        print("audit trail verified: \(head.sequence) entries, head \(head.digest.hex)")
      }
    ]
    + ServiceCommand.database(
      file: databaseFile,
      backup: { path, to in
        try Database.backup(from: path, to: to, applicationID: CatalogSchema.applicationID)
      },
      restore: { from, path in
        try Database.restore(from: from, to: path, applicationID: CatalogSchema.applicationID)
      },
      check: check)

  public static func start(_ process: ServiceProcess) async throws -> RunningService {
    let database = try open(process.dataDirectory, .exclusive)
    database.onDiskFailure { process.endForRestart($0) }
    let blobs = try BlobStore(directory: "\(process.dataDirectory)/blobs")
    let peers = CatalogPeers(
      evaluation: try process.channel(to: "evaluation"),
      compute: try process.channel(to: "compute"),
      own: { try process.serviceCallOptions() })
    let catalog = try await Catalog(
      database: database, blobs: blobs, peers: peers, log: process.log,
      sendMail: try mailCommand(process), clock: process.clock)
    try await catalog.start()
    let gauges = CatalogGauges(process.metrics, catalog)
    let reading = Task { await gauges.run() }
    return RunningService(
      router: catalog.router, mapError: StatusMap.status(of:),
      stop: {
        reading.cancel()
        await reading.value
        await catalog.stop()
        await database.close()
      })
  }

  private static func mailCommand(_ process: ServiceProcess) throws -> SendMail? {
    guard let line = process.options.optionalText("mail-command") else { return nil }
    let command = try MailCommand(
      line: line, sender: process.options.text("mail-from"),
      timeoutMilliseconds: process.options.milliseconds("mail-timeout"), clock: process.clock)
    return { mail in await command.send(mail) }
  }

  static func open(_ directory: String, _ access: Database.Access) throws -> Database {
    try Database.open(
      path: "\(directory)/\(databaseFile)", migrations: CatalogSchema.migrations,
      options: Database.Options(applicationID: CatalogSchema.applicationID, access: access))
  }

  /// What is wrong with the database and with the files that it refers to.
  private static func check(_ path: String) async throws -> [String] {
    let directory = String(path.dropLast(databaseFile.utf8.count + 1))
    let database = try open(directory, .readOnly)
    var problems = try await database.integrityCheck()
    let blobs = try BlobStore(directory: "\(directory)/blobs", keepsUnfinished: true)
    let referenced = try await database.read { db in try db.fileHashes() }
    for digest in try await blobs.list() where referenced.contains(digest.hex) {
      do {
        try await blobs.verify(digest)
      } catch {
        problems.append("blob \(digest.hex): \(error)")
      }
    }
    let present = Set(try await blobs.list().map(\.hex))
    problems += referenced.subtracting(present).sorted().map { "blob \($0): missing" }
    await database.close()
    return problems
  }
}

extension Catalog {
  /// All of assay.catalog.v1.
  public var router: Router {
    var router = Router()
    router.register(UseCasesHandler(catalog: self))
    router.register(MetadatasetsHandler(catalog: self))
    router.register(InvitesHandler(catalog: self))
    return router
  }
}
