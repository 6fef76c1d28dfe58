import API
import Crypto
import Foundation
import GatewayDomain
import Identity
import RPC
import ServiceKit
import Storage

/// The executable `assay-gateway`.
public enum GatewayProgram: ServiceProgram {
  public static let name = "assay-gateway"
  public static let summary =
    "The door from outside: TLS, tenants, users, keys, quotas, and the way to the services."
  public static let defaultListen = "127.0.0.1:7443"
  public static let needsIdentity = true
  public static let listenRule = ListenRule.clients

  private static let peers = [
    ("catalog", "127.0.0.1:7101"), ("evaluation", "127.0.0.1:7102"), ("compute", "127.0.0.1:7103"),
  ]

  public static let options: [OptionSpec] =
    peers.map { .peer($0.0, default: $0.1) } + [
      .integer(
        "tenant-calls-per-second", default: 1_000, in: 0...1_000_000,
        help: "Calls that one tenant may begin in a second; 0 is without limit."),
      .integer(
        "tenant-concurrent-calls", default: 1_000, in: 0...1_000_000,
        help: "Forwarded calls that one tenant may have open at once; 0 is without limit."),
      .bytes(
        "tenant-bytes-per-second", default: "256MiB", in: 0...(1 << 40),
        help: "Bytes of forwarded messages, both ways together; 0 is without limit."),
    ]

  public static let commands: [ServiceCommand] =
    [
      ServiceCommand(
        "bootstrap",
        summary: "Make the first operator and a key of theirs, if they are missing.",
        options: [
          OptionSpec(
            "operator-email", .text, help: "E-mail address of the operator.", required: true),
          OptionSpec(
            "key-file", .file, help: "Where the key is written, mode 0600.", required: true),
        ], run: bootstrap)
    ]
    + ServiceCommand.database(
      file: IdentitySchema.file,
      backup: {
        try Database.backup(from: $0, to: $1, applicationID: IdentitySchema.applicationID)
      },
      restore: {
        try Database.restore(from: $0, to: $1, applicationID: IdentitySchema.applicationID)
      },
      check: check)

  // MARK: Commands

  private static func bootstrap(_ process: ServiceProcess) async throws {
    let database = try IdentitySchema.open(process.dataDirectory)
    let (email, file) = (process.options.text("operator-email"), process.options.text("key-file"))
    let outcome = try await Bootstrap.run(
      database, email: email, keyFile: file, clock: process.clock)
    await database.close()
    switch outcome {
    case .created: print("operator \(email): key written to \(file)")
    case .unchanged: print("operator \(email): \(file) holds a working key already")
    }
  }

  private static func check(_ path: String) async throws -> [String] {
    let directory = String(path.dropLast(IdentitySchema.file.utf8.count + 1))
    let database = try IdentitySchema.open(directory, access: .readOnly)
    let problems = try await database.integrityCheck()
    await database.close()
    return problems
  }

  // MARK: Serving

  public static func start(_ process: ServiceProcess) async throws -> RunningService {
    let signer = try process.requireSigner()
    guard signer.issuer == Keyring.gatewayIssuer else {
      throw ServiceFailure(
        "--identity: the gateway's key is a file named \(Keyring.gatewayIssuer).pem, since the "
          + "services trust users by that issuer only; this one is '\(signer.issuer)'")
    }
    let key = try Ed25519.PrivateKey(
      pem: String(contentsOfFile: process.options.text("identity"), encoding: .utf8))
    let database = try IdentitySchema.open(process.dataDirectory)
    database.onDiskFailure { process.endForRestart($0) }
    var channels: [String: Channel] = [:]
    for (peer, _) in peers { channels[peer] = try process.channel(to: peer) }
    let core = GatewayCore(
      database: database, signer: signer, tokenKey: key, channels: channels,
      limits: limits(process.options), clock: process.clock, log: process.log)
    return RunningService(
      router: core.router, authorize: { try await core.authorizer.authorize(&$0) },
      mapError: mapError, stop: { await database.close() })
  }

  private static func limits(_ options: Options) -> QuotaLimits {
    QuotaLimits(
      callsPerSecond: Int64(options.int("tenant-calls-per-second")),
      concurrentCalls: options.int("tenant-concurrent-calls"),
      bytesPerSecond: Int64(options.bytes("tenant-bytes-per-second")))
  }

  /// Storage's errors as the caller is told of them; nil is an internal error.
  static func mapError(_ error: any Error) -> RPCError? {
    switch error as? StorageError {
    case .overloaded(let queue, let limit):
      .resourceExhausted(
        "the gateway is overloaded; try again in a moment",
        limit: LimitExceeded(name: queue, limit: Int64(limit), actual: Int64(limit) + 1),
        retryAfterMilliseconds: 500)
    case .closed: .unavailable("the gateway stops; try again in a moment")
    case .busy: .unavailable("the gateway's database is busy; try again in a moment")
    case .diskFull: .unavailable("the gateway's disk is full; its operator must make room")
    default: nil
    }
  }
}

/// The Gateway without its process: what a test puts on an in-process server.
struct GatewayCore: Sendable {
  let authorizer: GatewayAuthorizer
  let router: Router

  /// - Parameter channels: by backend, "catalog"; a backend without one is not routed.
  init(
    database: Database, signer: PrincipalSigner, tokenKey: Ed25519.PrivateKey,
    channels: [String: Channel], limits: QuotaLimits, clock: WallClock, log: Logger
  ) {
    let authenticator = Authenticator(
      database: database, signer: signer, tokenKey: tokenKey, clock: clock, log: log)
    let quotas = QuotaKeeper(limits)
    let table = RoutingTable(
      services: APIDescriptors.services, backends: Set(channels.keys))
    let forwarded = ForwardedMethods(table)
    authorizer = GatewayAuthorizer(
      authenticator: authenticator, quotas: quotas, forwarded: forwarded)
    let proxy = Proxy(forwarded: forwarded, channels: channels, quotas: quotas)
    var router = Router()
    router.register(
      IdentityHandlers(database: database, authenticator: authenticator, clock: clock))
    router.fallback(
      describing: { forwarded.find($0)?.method },
      { call, context in try await proxy.forward(call, context) })
    self.router = router
  }
}
