import Identity
import RPC

/// A program that serves: what differs from one service to the next.
public protocol ServiceProgram: Sendable {
  /// "assay-catalog"; what follows "assay-" is the short name.
  static var name: String { get }
  /// One sentence for `--help`.
  static var summary: String { get }
  /// "127.0.0.1:7101".
  static var defaultListen: String { get }
  /// Options beyond the common ones.
  static var options: [OptionSpec] { get }
  static var commands: [ServiceCommand] { get }
  /// Whether calls are answered at all; a program that only calls says no.
  static var listens: Bool { get }
  /// Refuses to start without its own key.
  static var needsIdentity: Bool { get }
  static var listenRule: ListenRule { get }

  /// Opens the database, builds the router, starts what runs beside the calls.
  static func start(_ process: ServiceProcess) async throws -> RunningService
}

extension ServiceProgram {
  public static var options: [OptionSpec] { [] }
  public static var commands: [ServiceCommand] { [] }
  public static var listens: Bool { true }
  public static var defaultListen: String { "127.0.0.1:0" }
  public static var needsIdentity: Bool { false }
  public static var listenRule: ListenRule { .services }

  static var shortName: String {
    name.hasPrefix("assay-") ? String(name.dropFirst(6)) : name
  }
}

/// Who connects, and what the listening socket asks of them.
public enum ListenRule: Sendable {
  /// Other services: with `--tls-client-ca` they must show a certificate; plain text on loopback
  /// only, unless `--insecure` says that the network is trusted.
  case services
  /// Clients from anywhere: TLS, without client certificates; `--insecure` allows plain text on
  /// loopback only.
  case clients
}

/// A service after its start.
public struct RunningService: Sendable {
  let router: Router
  let authorize: (@Sendable (inout ServerContext) async throws -> Void)?
  let mapError: @Sendable (any Error) -> RPCError?
  let drain: @Sendable () async -> Void
  let stop: @Sendable () async -> Void

  /// - Parameters:
  ///   - router: what is answered; empty for a program that only calls.
  ///   - authorize: replaces the verification of signed principals; sets the context's `Caller`.
  ///   - mapError: the service's own errors as statuses; nil makes an error an INTERNAL with a
  ///     reference into the log.
  ///   - drain: a stop was asked for: end long-lived streams, take no new work.
  ///   - stop: the last call has ended: stop pumps, close the database.
  public init(
    router: Router = Router(),
    authorize: (@Sendable (inout ServerContext) async throws -> Void)? = nil,
    mapError: (@Sendable (any Error) -> RPCError?)? = nil,
    drain: @escaping @Sendable () async -> Void = {},
    stop: @escaping @Sendable () async -> Void = {}
  ) {
    self.router = router
    self.authorize = authorize
    self.mapError = mapError ?? { _ in nil }
    self.drain = drain
    self.stop = stop
  }
}

/// Why a program does not start, or a command does not succeed: one clear line.
public struct ServiceFailure: Error, CustomStringConvertible, Sendable {
  public let description: String
  let exitCode: Int32

  public init(_ message: String, exitCode: Int32 = 1) {
    description = message
    self.exitCode = exitCode
  }
}
