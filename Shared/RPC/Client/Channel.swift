import Codec
import Synchronization

/// A client's way to one service, over all connections to all its addresses.
///
/// Calls made on one of the connector's loops stay on it; others are spread over the loops.
public final class Channel: Sendable {
  private let pools: [ConnectionPool]
  private let options: ChannelOptions
  private let nextPool = Atomic<Int>(0)

  public init(_ connector: any Connector, options: ChannelOptions = .defaults) {
    self.options = options
    pools = connector.loops.map { ConnectionPool(connector, on: $0, options: options) }
  }

  /// Closes all connections once their calls have finished; new calls fail.
  public func shutDown() {
    for pool in pools { pool.loop.execute { pool.shutDown() } }
  }

  // MARK: The four kinds

  /// Sends one message, receives one.
  ///
  /// Sent again, within the deadline, when the server provably did not see it, or when it became
  /// unavailable and the schema marks the method idempotent.
  public func unary<Request: Message, Response: Message>(
    _ method: MethodDescriptor, _ request: Request, options: CallOptions = CallOptions()
  ) async throws -> Response {
    let answer = try await unary(method, options, messageBytes: request.encodedSize) {
      request.encode(into: &$0)
    }
    return try decode(answer)
  }

  /// Sends what `send` writes, then receives one message.
  public func clientStreaming<Request: Message, Response: Message>(
    _ method: MethodDescriptor, options: CallOptions = CallOptions(),
    _ send: (MessageWriter<Request>) async throws -> Void
  ) async throws -> Response {
    let call = try await open(method, options, message: nil)
    let answer = try await scoped(call) {
      do {
        try await send(MessageWriter(call))
        call.halfClose()
      } catch {
        // An answer that came before everything was sent says more than the writer's error.
        guard call.isOver else { throw error }
      }
      return try await call.single()
    }
    return try decode(answer)
  }

  /// Sends one message, receives what `receive` reads; leaving it early cancels the call.
  public func serverStreaming<Request: Message, Response: Message, Result>(
    _ method: MethodDescriptor, _ request: Request, options: CallOptions = CallOptions(),
    _ receive: (MessageReader<Response>) async throws -> Result
  ) async throws -> Result {
    let call = try await open(method, options, message: request.serialized())
    return try await scoped(call) { try await receive(MessageReader(call)) }
  }

  /// Both ways at once; leaving `body` before the server has ended the call cancels it.
  public func bidirectional<Request: Message, Response: Message, Result>(
    _ method: MethodDescriptor, options: CallOptions = CallOptions(),
    _ body: (MessageWriter<Request>, MessageReader<Response>) async throws -> Result
  ) async throws -> Result {
    let call = try await open(method, options, message: nil)
    return try await scoped(call) { try await body(MessageWriter(call), MessageReader(call)) }
  }

  // MARK: Bytes, for proxies

  /// A unary call of bytes.
  public func rawUnary(
    _ method: MethodDescriptor, _ message: [UInt8], options: CallOptions = CallOptions()
  ) async throws -> [UInt8] {
    try await unary(method, options, messageBytes: message.count) { writer in
      message.withUnsafeBytes { writer.writeRaw($0) }
    }
  }

  /// Any call of bytes; leaving `body` before the server has ended the call cancels it.
  public func raw<Result>(
    _ method: MethodDescriptor, options: CallOptions = CallOptions(),
    _ body: (RawCall) async throws -> Result
  ) async throws -> Result {
    let call = try await open(method, options, message: nil)
    return try await scoped(call) { try await body(RawCall(call)) }
  }

  /// A unary call whose message `encode` writes, into the connection's own buffer where it can.
  private nonisolated(nonsending) func unary(
    _ method: MethodDescriptor, _ options: CallOptions, messageBytes: Int,
    _ encode: (inout WireWriter) -> Void
  ) async throws -> [UInt8] {
    var retry = Retry(method, maximumAttempts: self.options.maximumAttempts)
    let deadline = deadline(method, options)
    while true {
      let pool = pool()
      do {
        // What is awaited here stays where it is; each change of executor, even to the same, costs.
        if pool.loop.isCurrent {
          return try await attempt(
            pool, method, options, deadline, retry.attempt, messageBytes: messageBytes, encode)
        }
        // One way there and one back, rather than one of each per step.
        return try await withTaskExecutorPreference(pool.loop) {
          try await attempt(
            pool, method, options, deadline, retry.attempt, messageBytes: messageBytes, encode)
        }
      } catch let error as RPCError {
        guard let wait = retry.wait(after: error, remaining: remaining(deadline)) else {
          throw error
        }
        try await pool.sleep(milliseconds: wait)
      }
    }
  }

  /// One attempt of a unary call, on the pool's loop. Cancelling the task cancels the call, and
  /// with it the wait for its answer.
  private nonisolated(nonsending) func attempt(
    _ pool: ConnectionPool, _ method: MethodDescriptor, _ options: CallOptions,
    _ deadline: UInt64, _ attempt: UInt32, messageBytes: Int, _ encode: (inout WireWriter) -> Void
  ) async throws -> [UInt8] {
    let call = try await makeCall(pool, method, options, deadline, messageBytes: messageBytes)
    let header = header(method, options, attempt)
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        call.awaitAnswer(continuation)
        call.connection.open(call, header, messageBytes: messageBytes, encode)
      }
    } onCancel: {
      if !call.isOver { leave(call) }
    }
  }

  // MARK: Opening

  private func pool() -> ConnectionPool {
    if let current = pools.first(where: { $0.loop.isCurrent }) { return current }
    let (ticket, _) = nextPool.wrappingAdd(1, ordering: .relaxed)
    return pools[Int(UInt(bitPattern: ticket) % UInt(pools.count))]
  }

  private func deadline(_ method: MethodDescriptor, _ options: CallOptions) -> UInt64 {
    guard let timeout = options.timeout(for: method) else { return .max }
    return EventLoop.monotonicNanoseconds() + UInt64(max(0, timeout)) * 1_000_000
  }

  private func remaining(_ deadline: UInt64) -> UInt64 {
    let now = EventLoop.monotonicNanoseconds()
    return deadline == .max ? .max : deadline > now ? (deadline - now) / 1_000_000 : 0
  }

  /// Opens a streaming call. Until it is open nothing of it was processed, so that failures to
  /// connect are tried again; after that never.
  private func open(
    _ method: MethodDescriptor, _ options: CallOptions, message: [UInt8]?
  ) async throws -> Call {
    var retry = Retry(method, maximumAttempts: self.options.maximumAttempts)
    let deadline = deadline(method, options)
    while true {
      let pool = pool()
      do {
        return try await start(
          pool, method, options, deadline, message: message, attempt: retry.attempt)
      } catch let error as RPCError {
        guard let wait = retry.wait(after: error, remaining: remaining(deadline)) else {
          throw error
        }
        try await pool.sleep(milliseconds: wait)
      }
    }
  }

  private func start(
    _ pool: ConnectionPool, _ method: MethodDescriptor, _ options: CallOptions,
    _ deadline: UInt64, message: [UInt8]?, attempt: UInt32
  ) async throws -> Call {
    let call = try await makeCall(
      pool, method, options, deadline, messageBytes: message?.count ?? 0)
    let request = UnsentRequest(header(method, options, attempt), message)
    pool.loop.run { call.connection.open(call, request) }
    return call
  }

  private nonisolated(nonsending) func makeCall(
    _ pool: ConnectionPool, _ method: MethodDescriptor, _ options: CallOptions,
    _ deadline: UInt64, messageBytes: Int
  ) async throws -> Call {
    let connection =
      if let ready = pool.connectionIfReady() { ready } else {
        try await pool.acquire(
          deadline: deadline, waitForReady: options.waitForReady, method: method.name)
      }
    let call = Call(connection: connection, method: method.name, deadline: deadline)
    guard call.startTime < deadline else {
      throw RPCError(.deadlineExceeded, "\(method.name): deadline exceeded while connecting")
    }
    try call.checkSize(messageBytes)
    return call
  }

  private func header(
    _ method: MethodDescriptor, _ options: CallOptions, _ attempt: UInt32
  ) -> RequestHeader {
    RequestHeader(
      method: method.name, trace: options.trace ?? .random(), principal: options.principal,
      credential: options.credential, metadata: options.metadata.wire, attempt: attempt)
  }

  /// Runs `body` and leaves no call behind: what the server has not ended by then is cancelled, and
  /// cancelling the task cancels the call.
  private func scoped<Result>(
    _ call: Call, _ body: () async throws -> Result
  ) async throws -> Result {
    try await withTaskCancellationHandler {
      defer { leave(call) }
      do {
        return try await body()
      } catch is CancellationError {
        throw RPCError.cancelled
      }
    } onCancel: {
      if !call.isOver { leave(call) }
    }
  }

  private func leave(_ call: Call) {
    call.loop.run {
      // Messages that arrived before the end and that nobody took hold credit of the connection.
      if call.isOver { call.discardUnread() } else { call.connection.cancel(call, .cancelled) }
    }
  }

  private func decode<Response: Message>(_ bytes: [UInt8]) throws -> Response {
    do {
      return try Response(serialized: bytes)
    } catch {
      throw RPCError(.internal, "malformed answer, no \(Response.protoName): \(error)")
    }
  }
}
