import API
import Crypto
import Identity
import RPC
import Synchronization

/// Surrounds every call of a server: authorises it, counts and times it, logs it, and hides what
/// went wrong inside.
final class CallObserver: Sendable {
  private let log: Logger
  private let authorize: @Sendable (inout ServerContext) async throws -> Void
  private let mapError: @Sendable (any Error) -> RPCError?
  private let calls: CounterFamily
  private let latency: HistogramFamily
  private let active: Gauge
  private let inFlight = Atomic<Int>(0)
  /// Names that may be labels: what callers invent is counted together.
  private let knownMethods: Set<String>

  init(
    log: Logger, metrics: MetricsRegistry, methods: [MethodDescriptor],
    authorize: @escaping @Sendable (inout ServerContext) async throws -> Void,
    mapError: @escaping @Sendable (any Error) -> RPCError?
  ) {
    self.log = log
    self.authorize = authorize
    self.mapError = mapError
    knownMethods = Set(methods.map(\.name) + APIDescriptors.methods.map(\.name))
    calls = metrics.counterFamily(
      "assay_calls_total", help: "Calls answered, by method and status.",
      labels: ["method", "status"])
    latency = metrics.histogramFamily(
      "assay_call_seconds", help: "Time from a call's arrival to its end, by method.",
      labels: ["method"])
    active = metrics.gauge("assay_calls_in_flight", help: "Calls that are being handled.")
  }

  /// Waits until what was logged is written.
  func flush() { log.flush() }

  /// Calls that are being handled.
  var callsInFlight: Int { inFlight.load(ordering: .relaxed) }

  var interceptor: ServerInterceptor {
    ServerInterceptor(
      authorize: { [self] context in
        if CallObserver.holdsDrain(context) { inFlight.wrappingAdd(1, ordering: .relaxed) }
        active.add(1)
        do {
          try await authorize(&context)
        } catch let error where !(error is RPCError) && !(error is CancellationError) {
          throw mapped(error, context)
        }
      },
      mapError: { [self] error, context in mapped(error, context) },
      completed: { [self] context, code, nanoseconds in completed(context, code, nanoseconds) })
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
    if CallObserver.holdsDrain(context) { inFlight.wrappingSubtract(1, ordering: .relaxed) }
    active.add(-1)
    let isKnown = knownMethods.contains(context.method.name)
    let method = isKnown ? context.method.name : "unknown"
    calls.series([method, code.name]).increment()
    latency.series([method]).observe(nanoseconds: nanoseconds)
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
