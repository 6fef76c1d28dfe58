import API
import Crypto
import Foundation
import Identity
import RPC
import ServiceKit
import Storage
import Testing
import Transport

@testable import EvaluationDomain
@testable import EvaluationService

/// A person who calls.
struct Person: Sendable {
  var tenant: String
  var email: String
  var roles: Set<Role>

  static let organiser = Person(
    tenant: "clinic", email: "olga@clinic.eu", roles: [.organiser])
  static let viewer = Person(tenant: "clinic", email: "vera@clinic.eu", roles: [.viewer])
  static let aurora = Person(tenant: "aurora", email: "ann@aurora.eu", roles: [.participant])
  static let auroraColleague = Person(
    tenant: "aurora", email: "abe@aurora.eu", roles: [.participant])
  static let borealis = Person(
    tenant: "borealis", email: "bob@borealis.eu", roles: [.participant])
  /// Owner of a tenant of its own, who created a user with somebody else's e-mail address.
  static let impostor = Person(tenant: "evil", email: "ann@aurora.eu", roles: [.owner])
  static let stranger = Person(tenant: "evil", email: "eve@evil.eu", roles: [.owner])
}

/// The service on a loopback port, over a folder of its own, with a clock that the test moves.
final class Installation: Sendable {
  /// 2026-11-23T12:00:00Z.
  static let noon: Int64 = 1_795_435_200_000
  static let truth = "id,label\nr1,benign\nr2,malignant\nr3,benign\nr4,malignant\n"
  static let perfect = "id,label\nr2,malignant\nr1,benign\nr3,benign\nr4,malignant\n"
  static let half = "id,label\nr4,benign\nr3,benign\nr2,malignant\nr1,malignant\n"

  let clock = ManualWallClock(Installation.noon)
  let folder: String
  let database: Database
  let blobs: BlobStore
  let server: EvaluationServer
  let signers: [String: PrincipalSigner]
  let channel: Channel
  private let listener: Listener
  private let rpc: Server
  private let group: EventLoopGroup

  init(settings: EvaluationServer.Settings = .init()) async throws {
    folder = NSTemporaryDirectory() + "evaluation-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    database = try Database.open(
      path: folder + "/evaluation.sqlite", migrations: EvaluationSchema.migrations,
      options: Database.Options(applicationID: EvaluationSchema.applicationID))
    blobs = try BlobStore(directory: folder + "/blobs")
    server = EvaluationServer(
      database: database, blobs: blobs, settings: settings, clock: clock.clock,
      registry: MetricsRegistry(), log: .silent)
    let keys = ["gateway", "catalog", "worker", "compute"].map { ($0, Ed25519.PrivateKey()) }
    signers = Dictionary(
      uniqueKeysWithValues: keys.map { ($0, PrincipalSigner(issuer: $0, key: $1)) })
    let keyring = Keyring(keys: Dictionary(uniqueKeysWithValues: keys.map { ($0, $1.publicKey) }))
    group = EventLoopGroup(loopCount: 2, name: "test")
    rpc = Server(
      router: server.router, interceptor: Self.interceptor(keyring, clock.clock))
    listener = try await Listener.start(
      server: rpc, host: "127.0.0.1", port: 0, tls: nil, group: group)
    channel = Channel(
      try SocketConnector(
        name: "evaluation", target: "127.0.0.1:\(listener.port)", tls: nil, group: group))
  }

  private static func interceptor(_ keyring: Keyring, _ clock: WallClock) -> ServerInterceptor {
    ServerInterceptor(
      authorize: { context in
        let principal = try keyring.verify(context.principal, now: clock.now())
        try Access.check(context.method, principal)
        context.attachment = Caller(principal: principal, signed: context.principal)
      },
      mapError: { error, _ in
        EvaluationServiceProgram.mapError(error) ?? RPCError(.internal, "\(error)")
      })
  }

  func stop() async {
    server.endStreams()
    channel.shutDown()
    listener.close()
    rpc.closeAll()
    await database.close()
    group.shutDown()
    try? FileManager.default.removeItem(atPath: folder)
  }

  // MARK: Callers

  func options(_ person: Person) -> CallOptions {
    var options = CallOptions()
    let now = clock.clock.now()
    options.principal = signer("gateway").sign(
      Principal(
        tenant: person.tenant, user: "usr_" + person.email, email: person.email,
        roles: person.roles, issueTime: now, expireTime: now + 300_000))
    return options
  }

  func service(_ name: String) -> CallOptions {
    var options = CallOptions()
    options.principal = signer(name).servicePrincipal(now: clock.clock.now())
    return options
  }

  func signer(_ name: String) -> PrincipalSigner {
    guard let signer = signers[name] else { preconditionFailure("no signer \(name)") }
    return signer
  }

  // MARK: What people do

  func ingest(
    _ csv: String, as person: Person = .organiser, name: String = "test",
    task: CatalogTask = .tabularClassification, classes: [String] = []
  ) async throws -> EvaluationDataset {
    try await ingest(bytes: Array(csv.utf8), as: person, name: name, task: task, classes: classes)
  }

  func ingest(
    bytes: [UInt8], as person: Person = .organiser, name: String = "test",
    task: CatalogTask, classes: [String] = []
  ) async throws -> EvaluationDataset {
    let client = EvaluationDatasetsClient(channel)
    return try await client.ingestDataset(options: options(person)) { writer in
      try await writer.send(
        EvaluationIngestDatasetRequest(
          part: .header(
            .init(name: name, task: task, classes: classes, fileName: "truth.csv"))))
      try await writer.send(EvaluationIngestDatasetRequest(part: .chunk(bytes)))
    }
  }

  func submit(
    _ csv: String, to useCase: String = "uc_1", as person: Person, key: String = "",
    note: String = ""
  ) async throws -> EvaluationSubmitResponse {
    try await submit(bytes: Array(csv.utf8), to: useCase, as: person, key: key, note: note)
  }

  func submit(
    bytes: [UInt8], to useCase: String = "uc_1", as person: Person, key: String = "",
    note: String = ""
  ) async throws -> EvaluationSubmitResponse {
    let client = EvaluationSubmissionsClient(channel)
    return try await client.submit(options: options(person)) { writer in
      try await writer.send(
        EvaluationSubmitRequest(
          part: .header(
            .init(
              useCaseId: useCase, note: note, fileName: "predictions.csv", idempotencyKey: key))))
      for start in stride(from: 0, to: bytes.count, by: 16) {
        let chunk = Array(bytes[start..<min(start + 16, bytes.count)])
        try await writer.send(EvaluationSubmitRequest(part: .chunk(chunk)))
      }
    }
  }

  func submission(_ id: String, as person: Person) async throws -> EvaluationSubmission {
    try await EvaluationSubmissionsClient(channel).getSubmission(
      EvaluationGetSubmissionRequest(id: id), options: options(person))
  }

  func board(as person: Person = .organiser) async throws -> EvaluationGetLeaderboardResponse {
    try await EvaluationLeaderboardsClient(channel).getLeaderboard(
      EvaluationGetLeaderboardRequest(useCaseId: "uc_1"), options: options(person))
  }

  /// Sends a snapshot of the use case "uc_1" as Catalog does.
  @discardableResult
  func sync(
    _ dataset: String, version: Int64 = 1, metric: String = "accuracy",
    change: (inout CatalogUseCaseSnapshot) -> Void = { _ in }
  ) async throws -> Int64 {
    var snapshot = CatalogUseCaseSnapshot(
      id: "uc_1", version: version, tenant: "clinic", title: "Tumours",
      task: .tabularClassification, privacy: .private, state: .published,
      metric: CatalogMetricChoice(metric: metric), testDatasetId: dataset,
      startTime: Google_Protobuf_Timestamp(unixMilliseconds: Self.noon - 1_000),
      endTime: Google_Protobuf_Timestamp(unixMilliseconds: Self.noon + 7 * 86_400_000),
      participants: [
        CatalogSnapshotParticipant(
          id: "par_a", tenant: "aurora", name: "Aurora Labs",
          emails: ["ann@aurora.eu", "abe@aurora.eu"]),
        CatalogSnapshotParticipant(
          id: "par_b", tenant: "borealis", name: "Borealis AI", emails: ["bob@borealis.eu"]),
      ])
    change(&snapshot)
    let response = try await EvaluationEvaluationSyncClient(channel).syncUseCase(
      CatalogSyncUseCaseRequest(snapshot: snapshot), options: service("catalog"))
    return response.version
  }

  /// A published use case over the small truth.
  @discardableResult
  func publish(
    metric: String = "accuracy", change: (inout CatalogUseCaseSnapshot) -> Void = { _ in }
  ) async throws -> EvaluationDataset {
    let dataset = try await ingest(Self.truth)
    try await sync(dataset.id, metric: metric, change: change)
    return dataset
  }
}

/// Runs `body` with an installation that is stopped whatever happens.
func withInstallation(
  settings: EvaluationServer.Settings = .init(),
  _ body: (Installation) async throws -> Void
) async throws {
  let installation = try await Installation(settings: settings)
  do {
    try await body(installation)
  } catch {
    await installation.stop()
    throw error
  }
  await installation.stop()
}

/// The error that `body` is refused with.
func refusal(
  _ code: StatusCode, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () async throws -> some Sendable
) async -> RPCError {
  do {
    let value = try await body()
    Issue.record("expected \(code.name), got \(value)", sourceLocation: sourceLocation)
  } catch let error as RPCError {
    #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
    return error
  } catch {
    Issue.record("expected \(code.name), got \(error)", sourceLocation: sourceLocation)
  }
  return RPCError(.unknown, "not refused as expected")
}
