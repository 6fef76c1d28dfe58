/// What a handler may know of its call.
public struct ServerContext: Sendable {
  /// What the schema says of the method; for a forwarded method, its name alone.
  public let method: MethodDescriptor
  public let metadata: Metadata
  /// A serialized SignedPrincipal, not yet verified: interceptors do that.
  public let principal: [UInt8]
  /// What the caller proves itself with, of the call or of its connection. Never logged.
  public let credential: String
  /// Our own span of the request's trace.
  public let trace: TraceContext
  public let peer: PeerAddress
  /// The loop that the call belongs to.
  public let loop: EventLoop
  /// Set by interceptors: the verified principal.
  public var attachment: (any Sendable)?

  let deadline: UInt64
  let startTime: UInt64

  /// Milliseconds until the deadline; nil if there is none.
  public var remainingMilliseconds: Int? {
    guard deadline != .max else { return nil }
    let now = EventLoop.monotonicNanoseconds()
    return deadline > now ? Int((deadline - now) / 1_000_000) : 0
  }

  /// Options for a call onward on the caller's behalf: the deadline less the time spent, the same
  /// trace, the same principal.
  public var callOptions: CallOptions {
    var options = CallOptions()
    options.timeoutMilliseconds = remainingMilliseconds.map { max(1, $0) }
    options.trace = trace.child()
    options.principal = principal
    return options
  }
}

/// What surrounds every handler of a server.
public struct ServerInterceptor: Sendable {
  /// Runs before the handler; may set `attachment`, or throw to refuse the call.
  public var authorize: (@Sendable (inout ServerContext) async throws -> Void)?
  /// Turns what a handler threw, if it is no `RPCError`, into what the caller is told.
  public var mapError: (@Sendable (any Error, ServerContext) -> RPCError)?
  /// Told once per call, with the outcome and the time it took.
  public var completed: (@Sendable (ServerContext, StatusCode, _ nanoseconds: UInt64) -> Void)?

  public init(
    authorize: (@Sendable (inout ServerContext) async throws -> Void)? = nil,
    mapError: (@Sendable (any Error, ServerContext) -> RPCError)? = nil,
    completed: (@Sendable (ServerContext, StatusCode, UInt64) -> Void)? = nil
  ) {
    self.authorize = authorize
    self.mapError = mapError
    self.completed = completed
  }
}
