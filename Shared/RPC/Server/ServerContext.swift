/// What a handler may know of its call.
public struct ServerContext: Sendable {
  /// What never changes, in one place: contexts are handed down through every layer of a service,
  /// and a copy then is one reference.
  private final class Facts: Sendable {
    /// Nil for a context that belongs to no connection.
    let call: Call?
    let route: Router.Route
    let metadata: Metadata
    let attempt: UInt32
    let principal: PresentedPrincipal
    let credential: String
    let trace: TraceContext
    let peer: PeerAddress
    let loop: EventLoop
    let deadline: UInt64
    let startTime: UInt64

    init(
      call: Call?, route: Router.Route, metadata: Metadata, attempt: UInt32,
      principal: PresentedPrincipal,
      credential: String, trace: TraceContext, peer: PeerAddress, loop: EventLoop,
      deadline: UInt64, startTime: UInt64
    ) {
      self.call = call
      self.route = route
      self.metadata = metadata
      self.attempt = attempt
      self.principal = principal
      self.credential = credential
      self.trace = trace
      self.peer = peer
      self.loop = loop
      self.deadline = deadline
      self.startTime = startTime
    }
  }

  private let facts: Facts
  /// Set by interceptors: the verified principal.
  public var attachment: (any Sendable)?

  init(
    call: Call?, route: Router.Route, metadata: Metadata, attempt: UInt32 = 0,
    principal: PresentedPrincipal, credential: String, trace: TraceContext, peer: PeerAddress,
    loop: EventLoop,
    attachment: (any Sendable)?, deadline: UInt64, startTime: UInt64
  ) {
    facts = Facts(
      call: call, route: route, metadata: metadata, attempt: attempt, principal: principal,
      credential: credential, trace: trace, peer: peer, loop: loop, deadline: deadline,
      startTime: startTime)
    self.attachment = attachment
  }

  /// What the schema says of the method; for a forwarded method, its name alone.
  public var method: MethodDescriptor { facts.route.method }
  /// The method's place in `Router.numberedMethods`; nil for a forwarded one.
  public var methodNumber: Int? { facts.route.number }
  public var metadata: Metadata { facts.metadata }
  /// How many times this call was sent before, by its caller's own count.
  public var attempt: Int { Int(facts.attempt) }
  /// A serialized SignedPrincipal, not yet verified: interceptors do that.
  public var principal: [UInt8] { facts.principal.bytes }
  /// The same, with what was found out about it on earlier calls.
  public var presentedPrincipal: PresentedPrincipal { facts.principal }
  /// What the caller proves itself with, of the call or of its connection. Never logged.
  public var credential: String { facts.credential }
  /// Our own span of the request's trace.
  public var trace: TraceContext { facts.trace }
  public var peer: PeerAddress { facts.peer }
  /// The loop that the call belongs to.
  public var loop: EventLoop { facts.loop }

  var route: Router.Route { facts.route }
  var deadline: UInt64 { facts.deadline }
  var startTime: UInt64 { facts.startTime }

  /// Milliseconds until the deadline; nil if there is none.
  public var remainingMilliseconds: Int? {
    guard deadline != .max else { return nil }
    let now = loop.time()
    return deadline > now ? Int((deadline - now) / 1_000_000) : 0
  }

  /// Adds to the metadata that comes with the answer, be it a message or a failing status. What is
  /// added after the answer is lost.
  public func addResponseMetadata(_ key: String, _ value: [UInt8]) {
    guard let call = facts.call else { return }
    let entry = RPCMetadataEntry(key: key.lowercased(), value: value)
    call.loop.run { call.responseMetadata.append(entry) }
  }

  public func addResponseMetadata(_ key: String, _ value: String) {
    addResponseMetadata(key, Array(value.utf8))
  }

  public func addResponseMetadata(_ metadata: Metadata) {
    for entry in metadata.entries { addResponseMetadata(entry.key, entry.value) }
  }

  /// Options for a call onward on the caller's behalf: the deadline less the time spent, the same
  /// trace, the same principal.
  public var callOptions: CallOptions {
    var options = CallOptions()
    options.timeoutMilliseconds = remainingMilliseconds
    options.trace = trace.child()
    options.principal = principal
    return options
  }
}

/// What surrounds every handler of a server.
public struct ServerInterceptor: Sendable {
  /// Runs before the handler; may set `attachment`, or throw to refuse the call. Without it
  /// deferred handlers need no task.
  public var authorize: (@Sendable (inout ServerContext) async throws -> Void)?
  /// The same where nothing is waited for; runs before the other, if there are both.
  public var authorizeAtOnce: (@Sendable (inout ServerContext) throws -> Void)?
  /// Turns what a handler threw, if it is no `RPCError`, into what the caller is told.
  public var mapError: (@Sendable (any Error, ServerContext) -> RPCError)?
  /// Told once per call, with the outcome and the time it took.
  public var completed: (@Sendable (ServerContext, StatusCode, _ nanoseconds: UInt64) -> Void)?

  public init(
    authorize: (@Sendable (inout ServerContext) async throws -> Void)? = nil,
    authorizeAtOnce: (@Sendable (inout ServerContext) throws -> Void)? = nil,
    mapError: (@Sendable (any Error, ServerContext) -> RPCError)? = nil,
    completed: (@Sendable (ServerContext, StatusCode, UInt64) -> Void)? = nil
  ) {
    self.authorize = authorize
    self.authorizeAtOnce = authorizeAtOnce
    self.mapError = mapError
    self.completed = completed
  }
}
