import Codec
import Synchronization

/// Answers calls: the part of a server that knows no sockets. Transport's listener gives it
/// connections; a test gives it one end of a pipe.
public final class Server: Sendable {
  public let settings: ConnectionSettings
  /// What to call this server where a status says where the time went.
  public let name: String
  public let budget: MemoryBudget
  let registry = ConnectionRegistry()
  private let router: Router
  private let methods: MethodTable
  private let services: Set<String>
  private let interceptor: ServerInterceptor
  /// The tasks of each loop that has had a connection.
  private let tasks = Mutex<[ObjectIdentifier: HandlerTasks]>([:])

  public init(
    name: String = "server", router: Router, settings: ConnectionSettings = .defaults,
    interceptor: ServerInterceptor = ServerInterceptor(), budget: MemoryBudget = .process
  ) {
    self.name = name
    self.budget = budget
    self.router = router
    methods = MethodTable(router.routes.values)
    services = Set(router.services)
    self.settings = settings
    self.interceptor = interceptor
  }

  deinit {
    for tasks in tasks.withLock({ $0 }).values { tasks.end() }
  }

  /// A new connection, on the loop that its socket belongs to. The caller then calls `start`.
  public func accept(on loop: EventLoop, from peer: PeerAddress) -> Connection {
    let connection = Connection(
      loop: loop, isClient: false, settings: settings, peerAddress: peer, name: name,
      budget: budget)
    let tasks = tasks(on: loop)
    connection.onRequest = {
      [unowned connection] (header, request) throws(ProtocolViolation) in
      try self.begin(header, request, on: connection, tasks)
    }
    let (id, isDraining) = registry.add(connection)
    connection.onTransportClosed = { [registry, unowned connection] in
      registry.remove(id, connection.counters)
    }
    if isDraining { loop.execute { connection.drain() } }
    return connection
  }

  private func tasks(on loop: EventLoop) -> HandlerTasks {
    tasks.withLock { all in
      if let tasks = all[ObjectIdentifier(loop)] { return tasks }
      let tasks = HandlerTasks(loop, interceptor)
      all[ObjectIdentifier(loop)] = tasks
      return tasks
    }
  }

  /// Connections whose bytes still flow, be it only out.
  public var connectionCount: Int { registry.count }

  /// Begins the drain of every connection; calls in flight finish.
  public func drain() {
    for connection in registry.beginDrain() {
      connection.loop.execute { connection.drain() }
    }
  }

  /// Whether a client may still send a request that it believes to be taken.
  public var isTakingCalls: Bool {
    registry.all.contains { !$0.hasEndedTaking }
  }

  /// Whether answers that handlers have given still wait to be written.
  public var isAnswering: Bool {
    registry.all.contains { $0.isAnswering }
  }

  /// Closes what is left; calls in flight fail.
  public func closeAll() {
    for connection in registry.all {
      connection.loop.execute { connection.closeNow() }
    }
  }

  // MARK: Calls

  /// Takes on a call and starts its handler.
  private func begin(
    _ header: FrameHeader, _ request: ReceivedRequest, on connection: Connection,
    _ tasks: HandlerTasks
  ) throws(ProtocolViolation) {
    let known = methods.find(request.method)
    let route: Router.Route
    let isUnary: Bool
    if let known {
      route = known
      isUnary = !route.method.clientStreaming && !route.method.serverStreaming
    } else {
      let name = try Server.methodName(of: request)
      guard let fallback = router.fallback else {
        return connection.accept(header, request, method: name).finish(unimplemented(name))
      }
      let described = fallback.describe(name)
      isUnary = described.map { !$0.clientStreaming && !$0.serverStreaming } ?? false
      route = Router.Route(
        described ?? MethodDescriptor(name: name), .task(fallback.handler))
    }
    let call = connection.accept(header, request, method: route.method.name)
    call.limit(toMessageBytes: route.method.maxMessageBytes)
    if let error = Server.fault(in: request) { return call.finish(error) }
    if isUnary {
      call.applyDefaultDeadline(milliseconds: CallOptions.defaultUnaryTimeoutMilliseconds)
    }
    let context = ServerContext(
      call: call, route: route, metadata: Metadata(request.metadata), attempt: request.attempt,
      principal: tasks.principals.find(request.principal),
      credential: request.credential.isEmpty ? connection.helloCredential : request.credential,
      trace: request.trace?.child() ?? .random(), peer: connection.peerAddress,
      loop: connection.loop, attachment: nil, deadline: call.deadline, startTime: call.startTime)
    tasks.start(HandlerRun(call: call, context: context))
  }

  /// Most entries of a call's metadata.
  private static let maximumMetadataEntries = 128

  private static func fault(in request: ReceivedRequest) -> RPCError? {
    guard !request.metadata.isEmpty else { return nil }
    guard request.metadata.count <= maximumMetadataEntries else {
      var error = RPCError.resourceExhausted(
        "over \(maximumMetadataEntries) entries of metadata",
        limit: LimitExceeded(
          name: "max_metadata_entries", limit: Int64(maximumMetadataEntries),
          actual: Int64(request.metadata.count)))
      error.details.origin = .runtime
      return error
    }
    guard request.metadata.allSatisfy({ Metadata.isKey($0.key) }) else {
      return .malformed("metadata", MetadataKeyError())
    }
    return nil
  }

  private func unimplemented(_ method: String) -> RPCError {
    services.contains(MethodDescriptor.service(of: method))
      ? .unimplementedMethod(method) : .unimplementedService(method)
  }

  private static func methodName(of request: ReceivedRequest) throws(ProtocolViolation) -> String {
    do {
      return try request.methodName()
    } catch {
      throw ProtocolViolation("malformed \(RPCRequest.protoName): \(error)")
    }
  }
}
