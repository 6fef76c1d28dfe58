import Synchronization

/// Answers calls: the part of a server that knows no sockets. Transport's listener gives it
/// connections; a test gives it one end of a pipe.
public final class Server: Sendable {
  private struct Connections {
    var all: [ObjectIdentifier: Connection] = [:]
    var isDraining = false
  }

  public let settings: ConnectionSettings
  private let router: Router
  private let interceptor: ServerInterceptor
  private let connections = Mutex(Connections())

  public init(
    router: Router, settings: ConnectionSettings = .defaults,
    interceptor: ServerInterceptor = ServerInterceptor()
  ) {
    self.router = router
    self.settings = settings
    self.interceptor = interceptor
  }

  /// A new connection, on the loop that its socket belongs to. The caller then calls `start`.
  public func accept(on loop: EventLoop, from peer: PeerAddress) -> Connection {
    let connection = Connection(
      loop: loop, isClient: false, settings: settings, peerAddress: peer)
    connection.onCall = { [unowned connection] call, request in
      self.begin(call, request, on: connection)
    }
    connection.onClose = { [unowned connection] _ in
      self.connections.withLock { $0.all[ObjectIdentifier(connection)] = nil }
    }
    let isDraining = connections.withLock { state in
      state.all[ObjectIdentifier(connection)] = connection
      return state.isDraining
    }
    if isDraining { loop.execute { connection.drain() } }
    return connection
  }

  public var connectionCount: Int { connections.withLock { $0.all.count } }

  /// Says GOAWAY on every connection; calls in flight finish.
  public func drain() {
    let all = connections.withLock { state in
      state.isDraining = true
      return Array(state.all.values)
    }
    for connection in all { connection.loop.execute { connection.drain() } }
  }

  /// Closes what is left; calls in flight fail.
  public func closeAll() {
    let all = connections.withLock { Array($0.all.values) }
    for connection in all { connection.loop.execute { connection.closeNow() } }
  }

  // MARK: Calls

  private func begin(_ call: Call, _ request: RPCRequest, on connection: Connection) {
    let route = router.routes[request.method]
    let handler: Router.Handler
    let method: MethodDescriptor
    if let route {
      (handler, method) = (route.handler, route.method)
    } else if let fallback = router.fallback {
      (handler, method) = (fallback, MethodDescriptor(name: request.method))
    } else {
      return call.finish(.unimplementedMethod(String(request.method.prefix(256))))
    }
    call.limit(toMessageBytes: method.maxMessageBytes)
    if route != nil, !method.clientStreaming, !method.serverStreaming {
      call.applyDefaultDeadline(milliseconds: CallOptions.defaultUnaryTimeoutMilliseconds)
    }
    let context = context(of: call, request, method, connection)
    let interceptor = interceptor
    call.task = Task(executorPreference: connection.loop) {
      await Server.run(call, context, handler, interceptor)
    }
  }

  private func context(
    of call: Call, _ request: RPCRequest, _ method: MethodDescriptor, _ connection: Connection
  ) -> ServerContext {
    ServerContext(
      method: method, metadata: Metadata(request.metadata), principal: request.principal,
      credential: request.credential.isEmpty ? connection.helloCredential : request.credential,
      trace: TraceContext(request.traceparent)?.child() ?? .random(),
      peer: connection.peerAddress, loop: connection.loop, attachment: nil,
      deadline: call.deadline, startTime: call.startTime)
  }

  private static func run(
    _ call: Call, _ context: ServerContext, _ handler: Router.Handler,
    _ interceptor: ServerInterceptor
  ) async {
    var context = context
    var code = StatusCode.ok
    do {
      try await interceptor.authorize?(&context)
      if let message = try await handler(call, context) {
        call.respond(message)
      } else {
        call.finish(nil)
      }
    } catch {
      let failure = failure(of: error, context, interceptor)
      code = failure.code
      call.finish(failure)
    }
    interceptor.completed?(
      context, code, EventLoop.monotonicNanoseconds() - min(call.startTime, context.startTime))
  }

  private static func failure(
    of error: any Error, _ context: ServerContext, _ interceptor: ServerInterceptor
  ) -> RPCError {
    if let error = error as? RPCError { return error }
    if error is CancellationError { return .cancelled }
    // What went wrong inside is for the log, not for the caller.
    return interceptor.mapError?(error, context)
      ?? RPCError(.internal, "\(context.method.name): internal error")
  }
}
