import API
import Crypto
import Foundation
import GatewayDomain
import Identity
import RPC
import ServiceKit
import Storage
import Transport

@testable import GatewayService

/// A gateway with a real database and real sockets, and one backend behind it that answers for
/// catalog and for the echo service.
final class House: Sendable {
  static let noon: Int64 = 1_800_000_000_000

  let clock = ManualWallClock(House.noon)
  let folder: String
  let database: Database
  let backend: Backend
  let client: Channel
  let port: Int
  /// The operator's key, as bootstrap wrote it.
  let operatorKey: String
  private let group: EventLoopGroup
  private let servers: [Server]
  private let listeners: [Listener]
  private let channels: [Channel]

  init(
    limits: QuotaLimits = QuotaLimits(
      callsPerSecond: 0, concurrentCalls: 0, bytesPerSecond: 0)
  ) async throws {
    folder = NSTemporaryDirectory() + "gateway-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    database = try IdentitySchema.open(folder)
    let keyFile = folder + "/operator.key"
    _ = try await Bootstrap.run(
      database, email: "op@example.org", keyFile: keyFile, clock: clock.clock)
    operatorKey = try String(contentsOfFile: keyFile, encoding: .utf8)
      .trimmingCharacters(in: .whitespacesAndNewlines)

    let key = Ed25519.PrivateKey()
    let group = EventLoopGroup(loopCount: 2, name: "house")
    self.group = group
    backend = Backend(Keyring(keys: ["gateway": key.publicKey]), clock.clock)
    let behind = Server(
      name: "backend", router: backend.router, interceptor: backend.interceptor)
    let inner = try await Listener.start(server: behind, host: "127.0.0.1", port: 0, group: group)
    // Nobody listens where evaluation should be.
    let targets = ["catalog": inner.port, "testing": inner.port, "evaluation": 1]
    channels = try targets.sorted { $0.key < $1.key }.map { name, port in
      Channel(try SocketConnector(name: name, target: "127.0.0.1:\(port)", tls: nil, group: group))
    }
    let byName = Dictionary(uniqueKeysWithValues: zip(targets.keys.sorted(), channels))
    let core = GatewayCore(
      database: database, signer: PrincipalSigner(issuer: "gateway", key: key), tokenKey: key,
      channels: byName, limits: limits, clock: clock.clock, log: .silent)
    let front = Server(
      name: "gateway", router: core.router,
      interceptor: ServerInterceptor(authorize: { try await core.authorizer.authorize(&$0) }))
    let outer = try await Listener.start(server: front, host: "127.0.0.1", port: 0, group: group)
    port = outer.port
    servers = [front, behind]
    listeners = [outer, inner]
    client = Channel(
      try SocketConnector(name: "gateway", target: "127.0.0.1:\(port)", tls: nil, group: group))
  }

  func stop() async {
    client.shutDown()
    for listener in listeners { listener.close() }
    for server in servers { server.closeAll() }
    for channel in channels { channel.shutDown() }
    await database.close()
    group.shutDown()
    try? FileManager.default.removeItem(atPath: folder)
  }

  var identity: IdentityIdentityClient { IdentityIdentityClient(client) }
  var echo: TestingEchoServiceClient { TestingEchoServiceClient(client) }

  func options(_ key: String) -> CallOptions {
    var options = CallOptions()
    options.credential = key
    return options
  }

  /// A new tenant with the mail domain `<name>.eu` and one user, and that user's key.
  func tenant(_ name: String, email: String, roles: [IdentityRole]) async throws -> String {
    _ = try await identity.createTenant(
      IdentityCreateTenantRequest(
        name: name, displayName: name, country: "DE", emailDomains: ["\(name).eu"]),
      options: options(operatorKey))
    return try await user(name, email: email, roles: roles)
  }

  /// A new user of a tenant, and that user's key.
  func user(_ tenant: String, email: String, roles: [IdentityRole]) async throws -> String {
    _ = try await identity.createUser(
      IdentityCreateUserRequest(tenant: tenant, email: email, roles: roles),
      options: options(operatorKey))
    return try await identity.createKey(
      IdentityCreateKeyRequest(tenant: tenant, email: email), options: options(operatorKey)
    ).secret
  }

  /// What a call came to.
  static func code(_ body: () async throws -> some Sendable) async -> StatusCode {
    await failure(body)?.code ?? .ok
  }

  static func failure(_ body: () async throws -> some Sendable) async -> RPCError? {
    do {
      _ = try await body()
      return nil
    } catch {
      return error as? RPCError ?? RPCError(.unknown, "\(error)")
    }
  }
}
