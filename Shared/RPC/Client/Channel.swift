import Codec
import Synchronization

/// A client's way to one service, over all connections to all its addresses.
///
/// Calls made on one of the connector's loops stay on it; others are spread over the loops.
public final class Channel: Sendable {
  private let pools: [ConnectionPool]
  let options: ChannelOptions
  let throttle: RetryThrottle
  public let statistics = ChannelStatistics()
  private let nextPool = Atomic<Int>(0)

  public init(_ connector: any Connector, options: ChannelOptions = .defaults) {
    self.options = options
    let statistics = statistics
    throttle = RetryThrottle(statistics)
    pools = connector.loops.map {
      ConnectionPool(connector, on: $0, options: options, statistics: statistics)
    }
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
  @inlinable
  public nonisolated(nonsending) func unary<Request: Message, Response: Message>(
    _ method: MethodDescriptor, _ request: Request, options: CallOptions = CallOptions()
  ) async throws -> Response {
    let answer = try await unary(method, options, messageBytes: request.encodedSize) {
      request.encode(into: &$0)
    }
    do {
      return try Response(serialized: answer)
    } catch {
      throw Channel.malformed(Response.protoName, error)
    }
  }

  @usableFromInline
  nonisolated(nonsending) func unary(
    _ method: MethodDescriptor, _ options: CallOptions, messageBytes: Int,
    _ encode: (inout WireWriter) -> Void
  ) async throws -> [UInt8] {
    guard options.hedging == nil, self.options.interceptor.isEmpty else {
      let message = UnsentRequest.bytes(count: messageBytes, encode)
      return try await rawUnary(method, message, options: options)
    }
    return try await retrying(method, options, messageBytes: messageBytes, encode)
  }

  @usableFromInline
  static func malformed(_ message: String, _ error: CodecError) -> RPCError {
    RPCError(.internal, "malformed answer, no \(message): \(error)")
  }

  /// Sends what `send` writes, then receives one message.
  public func clientStreaming<Request: Message, Response: Message>(
    _ method: MethodDescriptor, options: CallOptions = CallOptions(),
    _ send: (MessageWriter<Request>) async throws -> Void
  ) async throws -> Response {
    let answer = try await streaming(method, options, message: nil) { call in
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
    try await streaming(method, options, message: request.serialized()) { call in
      try await receive(MessageReader(call))
    }
  }

  /// Both ways at once; leaving `body` before the server has ended the call cancels it.
  public func bidirectional<Request: Message, Response: Message, Result>(
    _ method: MethodDescriptor, options: CallOptions = CallOptions(),
    _ body: (MessageWriter<Request>, MessageReader<Response>) async throws -> Result
  ) async throws -> Result {
    try await streaming(method, options, message: nil) { call in
      try await body(MessageWriter(call), MessageReader(call))
    }
  }

  // MARK: Bytes, for proxies

  /// A unary call of bytes.
  public func rawUnary(
    _ method: MethodDescriptor, _ message: [UInt8], options: CallOptions = CallOptions()
  ) async throws -> [UInt8] {
    try await intercepted(method, options) { options in
      if let policy = options.hedging, options.hedges(method) {
        return try await hedged(method, options, policy, message)
      }
      return try await retrying(method, options, messageBytes: message.count) { writer in
        message.withUnsafeBytes { writer.writeRaw($0) }
      }
    }
  }

  /// Any call of bytes; leaving `body` before the server has ended the call cancels it.
  public func raw<Result>(
    _ method: MethodDescriptor, options: CallOptions = CallOptions(),
    _ body: (RawCall) async throws -> Result
  ) async throws -> Result {
    try await streaming(method, options, message: nil) { call in try await body(RawCall(call)) }
  }

  // MARK: Loops

  /// The clock of the loops, which is one.
  func time() -> UInt64 { pools[0].loop.time() }

  var randomness: Randomness { pools[0].loop.randomness }

  /// The pool of the caller's loop; for callers elsewhere, each in turn.
  func pool() -> ConnectionPool {
    if let current = pools.first(where: { $0.loop.isCurrent }) { return current }
    let (ticket, _) = nextPool.wrappingAdd(1, ordering: .relaxed)
    return pools[Int(UInt(bitPattern: ticket) % UInt(pools.count))]
  }

  private func decode<Response: Message>(_ bytes: [UInt8]) throws -> Response {
    do {
      return try Response(serialized: bytes)
    } catch {
      throw Channel.malformed(Response.protoName, error)
    }
  }
}
