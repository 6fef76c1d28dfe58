import API
import Crypto
import Identity
import RPC
import Synchronization

/// Surrounds every call of a server: authorises it, counts and times it, logs it, and hides what
/// went wrong inside.
final class CallObserver: Sendable {
  private let log: Logger
  private let authorization: Authorization
  private let mapError: @Sendable (any Error) -> RPCError?
  private let figures: CallFigures
  private let counts = Counts()

  /// Calls that are being handled: all, and those for which a drain waits.
  private final class Counts: Sendable {
    let all = Atomic<Int>(0)
    let holdingDrain = Atomic<Int>(0)
  }

  /// How calls are authorised.
  enum Authorization: Sendable {
    /// From what is at hand.
    case atOnce(@Sendable (inout ServerContext) throws -> Void)
    /// By asking somebody who may take time to answer.
    case later(@Sendable (inout ServerContext) async throws -> Void)
  }

  /// - Parameter methods: by their numbers in the server's router.
  init(
    log: Logger, metrics: MetricsRegistry, methods: [MethodDescriptor],
    authorization: Authorization,
    mapError: @escaping @Sendable (any Error) -> RPCError?
  ) {
    self.log = log
    self.authorization = authorization
    self.mapError = mapError
    figures = CallFigures(metrics, methods: methods)
    metrics.gauge("assay_calls_in_flight", help: "Calls that are being handled.") { [counts] in
      Int64(counts.all.load(ordering: .relaxed))
    }
  }

  /// Waits until what was logged is written.
  func flush() { log.flush() }

  /// Calls that are being handled.
  var callsInFlight: Int { counts.holdingDrain.load(ordering: .relaxed) }

  var interceptor: ServerInterceptor {
    var interceptor = ServerInterceptor(
      mapError: { [self] error, context in mapped(error, context) },
      completed: { [self] context, code, nanoseconds in completed(context, code, nanoseconds) })
    switch authorization {
    case .atOnce(let authorize):
      interceptor.authorizeAtOnce = { [self] context in
        begun(context)
        do { try authorize(&context) } catch { throw refusal(error, context) }
      }
    case .later(let authorize):
      interceptor.authorize = { [self] context in
        begun(context)
        do { try await authorize(&context) } catch { throw refusal(error, context) }
      }
    }
    return interceptor
  }

  private func begun(_ context: ServerContext) {
    if CallObserver.holdsDrain(context) { counts.holdingDrain.wrappingAdd(1, ordering: .relaxed) }
    counts.all.wrappingAdd(1, ordering: .relaxed)
  }

  private func refusal(_ error: any Error, _ context: ServerContext) -> any Error {
    error is RPCError || error is CancellationError ? error : mapped(error, context)
  }

  /// Health and reflection are open to anyone; nobody's open watch may delay a stop.
  private static func holdsDrain(_ context: ServerContext) -> Bool {
    AccessScope(rawValue: context.method.access.scope) != .anyone
  }

  /// What the caller is told of an error that is no status: nothing but where to find it.
  private func mapped(_ error: any Error, _ context: ServerContext) -> RPCError {
    if let status = mapError(error) { return status }
    if let identity = error as? IdentityError { return .unauthenticated(identity.description) }
    let reference = Identifier.make(prefix: "err")
    log.error(
      "a handler failed",
      ["method": .text(context.method.name), "error": "\(error)", "reference": .text(reference)],
      trace: context.trace)
    return RPCError(
      .internal, "\(context.method.name): internal error, reference \(reference) in the log")
  }

  private func completed(_ context: ServerContext, _ code: StatusCode, _ nanoseconds: UInt64) {
    if CallObserver.holdsDrain(context) {
      counts.holdingDrain.wrappingSubtract(1, ordering: .relaxed)
    }
    counts.all.wrappingSubtract(1, ordering: .relaxed)
    figures.count(context, code, nanoseconds: nanoseconds)
    let level = CallObserver.level(of: code)
    guard log.isEnabled(level) else { return }
    log.log(
      level, "call",
      [
        "method": "\(context.method.name.prefix(200))", "status": .text(code.name),
        "microseconds": .number(nanoseconds / 1_000), "peer": "\(context.peer)",
        "tenant": .text(context.caller?.principal?.tenant ?? ""),
        "user": .text(context.caller?.principal?.user ?? ""),
      ], context.trace)
  }

  /// Successes are many; a caller's mistakes are told from our own.
  private static func level(of code: StatusCode) -> LogLevel {
    switch code {
    case .ok: .debug
    case .internal, .unknown, .dataLoss, .unavailable: .warning
    default: .info
    }
  }
}
