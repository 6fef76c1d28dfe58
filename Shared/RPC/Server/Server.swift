import Codec
import Synchronization

/// Answers calls: the part of a server that knows no sockets. Transport's listener gives it
/// connections; a test gives it one end of a pipe.
public final class Server: Sendable {
  private struct Connections {
    var all: [ObjectIdentifier: Connection] = [:]
    /// The tasks of each loop that has had a connection.
    var tasks: [ObjectIdentifier: HandlerTasks] = [:]
    var isDraining = false
  }

  public let settings: ConnectionSettings
  private let router: Router
  private let methods: MethodTable
  private let interceptor: ServerInterceptor
  private let connections = Mutex(Connections())

  public init(
    router: Router, settings: ConnectionSettings = .defaults,
    interceptor: ServerInterceptor = ServerInterceptor()
  ) {
    self.router = router
    methods = MethodTable(router.routes.values)
    self.settings = settings
    self.interceptor = interceptor
  }

  deinit {
    for tasks in connections.withLock({ $0.tasks }).values { tasks.end() }
  }

  /// A new connection, on the loop that its socket belongs to. The caller then calls `start`.
  public func accept(on loop: EventLoop, from peer: PeerAddress) -> Connection {
    let connection = Connection(
      loop: loop, isClient: false, settings: settings, peerAddress: peer)
    let tasks = tasks(on: loop)
    connection.onRequest = {
      [unowned connection] (header, request) throws(ProtocolViolation) in
      try self.begin(header, request, on: connection, tasks)
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

  private func tasks(on loop: EventLoop) -> HandlerTasks {
    connections.withLock { state in
      if let tasks = state.tasks[ObjectIdentifier(loop)] { return tasks }
      let tasks = HandlerTasks(loop, interceptor)
      state.tasks[ObjectIdentifier(loop)] = tasks
      return tasks
    }
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

  /// Takes on a call and starts its handler.
  private func begin(
    _ header: FrameHeader, _ request: ReceivedRequest, on connection: Connection,
    _ tasks: HandlerTasks
  ) throws(ProtocolViolation) {
    let known = methods.find(request.method)
    let route: Router.Route
    if let known {
      route = known
    } else {
      let name = try Server.methodName(of: request)
      guard let fallback = router.fallback else {
        return connection.accept(header, request, method: name)
          .finish(.unimplementedMethod(String(name.prefix(256))))
      }
      route = Router.Route(MethodDescriptor(name: name), fallback)
    }
    let call = connection.accept(header, request, method: route.method.name)
    call.limit(toMessageBytes: route.method.maxMessageBytes)
    if known != nil, !route.method.clientStreaming, !route.method.serverStreaming {
      call.applyDefaultDeadline(milliseconds: CallOptions.defaultUnaryTimeoutMilliseconds)
    }
    let context = ServerContext(
      route: route, metadata: Metadata(request.metadata), principal: request.principal,
      credential: request.credential.isEmpty ? connection.helloCredential : request.credential,
      trace: request.trace?.child() ?? .random(), peer: connection.peerAddress,
      loop: connection.loop, attachment: nil, deadline: call.deadline, startTime: call.startTime)
    tasks.start(HandlerRun(call: call, context: context, route: route))
  }

  private static func methodName(of request: ReceivedRequest) throws(ProtocolViolation) -> String {
    do {
      return try request.methodName()
    } catch {
      throw ProtocolViolation("malformed \(RPCRequest.protoName): \(error)")
    }
  }
}
