import Codec

/// Which handler answers which method.
public struct Router: Sendable {
  /// Answers a call: by ending it, or by throwing.
  typealias Handler =
    nonisolated(nonsending) @Sendable (Call, ServerContext) async throws -> Void

  /// Takes on a call, on its loop, and leaves the answer for later.
  @usableFromInline
  typealias DeferredHandler = @Sendable ([UInt8], ServerContext, RawAnswer) -> Void

  enum RouteHandler: Sendable {
    case task(Handler)
    case deferred(DeferredHandler)
  }

  /// A class, so that what is made for each call refers to it at the cost of one word.
  final class Route: Sendable {
    let method: MethodDescriptor
    let handler: RouteHandler
    /// Its place in `numberedMethods`; nil for what the fallback answers.
    let number: Int?

    init(_ method: MethodDescriptor, _ handler: RouteHandler, number: Int? = nil) {
      self.method = method
      self.handler = handler
      self.number = number
    }
  }

  private(set) var routes: [String: Route] = [:]
  private(set) var fallback: Fallback?

  /// What answers the methods that have no route.
  struct Fallback: Sendable {
    let describe: @Sendable (String) -> MethodDescriptor?
    let handler: Handler
  }

  public init() {}

  public var methods: [MethodDescriptor] {
    routes.values.map(\.method).sorted { $0.name < $1.name }
  }

  /// The same, each at its `ServerContext.methodNumber`.
  public private(set) var numberedMethods: [MethodDescriptor] = []

  /// Full proto names of the services with at least one method here, sorted.
  public var services: [String] {
    Set(routes.values.map(\.method.service)).sorted()
  }

  public mutating func unary<Request: Message, Response: Message>(
    _ method: MethodDescriptor,
    _ handler: @escaping @Sendable (Request, ServerContext) async throws -> Response
  ) {
    add(method) { call, context in
      let request: Request = try Router.decode(await Router.single(call))
      call.respond(try await handler(request, context))
    }
  }

  /// A unary method whose handler needs no task of its own: it is called on the loop as the request
  /// arrives, must not block, and gives its answer when it has it, from any thread. What it throws
  /// is the answer, too.
  ///
  /// A cancellation or a deadline ends the call without the handler, which has no task that could
  /// be told; its answer is moot then (`RawAnswer.isMoot`). A call that is over so frees its
  /// stream, and `max_concurrent_streams` does not bound what a handler has left open: whoever
  /// defers bounds its own queue.
  @inlinable
  public mutating func deferred<Request: Message, Response: Message>(
    _ method: MethodDescriptor,
    _ handler: @escaping @Sendable (Request, ServerContext, Answer<Response>) throws -> Void
  ) {
    addDeferred(method) { bytes, context, answer in
      do {
        try handler(try Router.decode(bytes), context, Answer(answer))
      } catch {
        answer.give(.failure(error))
      }
    }
  }

  public mutating func clientStreaming<Request: Message, Response: Message>(
    _ method: MethodDescriptor,
    _ handler: @escaping @Sendable (MessageReader<Request>, ServerContext) async throws -> Response
  ) {
    add(method) { call, context in
      call.respond(try await handler(MessageReader(call), context))
    }
  }

  public mutating func serverStreaming<Request: Message, Response: Message>(
    _ method: MethodDescriptor,
    _ handler:
      @escaping @Sendable (Request, MessageWriter<Response>, ServerContext) async throws -> Void
  ) {
    add(method) { call, context in
      let request: Request = try Router.decode(await Router.single(call))
      try await handler(request, MessageWriter(call), context)
      call.finish(nil)
    }
  }

  public mutating func bidirectional<Request: Message, Response: Message>(
    _ method: MethodDescriptor,
    _ handler:
      @escaping @Sendable (
        MessageReader<Request>, MessageWriter<Response>, ServerContext
      ) async throws -> Void
  ) {
    add(method) { call, context in
      try await handler(MessageReader(call), MessageWriter(call), context)
      call.finish(nil)
    }
  }

  /// Answers every method that is not registered, as bytes: for a proxy. What the handler returns
  /// is the last message; a unary answer that is returned, rather than sent, is one frame.
  ///
  /// - Parameter describe: what the schema says of a method, so that its deadline and its limits
  ///   hold here, too; nil for one that is unknown.
  public mutating func fallback(
    describing describe: @escaping @Sendable (String) -> MethodDescriptor?,
    _ handler: @escaping @Sendable (RawCall, ServerContext) async throws -> [UInt8]?
  ) {
    fallback = Fallback(describe: describe) { call, context in
      if let message = try await handler(RawCall(call), context) {
        call.respond(message)
      } else {
        call.finish(nil)
      }
    }
  }

  private mutating func add(_ method: MethodDescriptor, _ handler: @escaping Handler) {
    add(method, .task(handler))
  }

  @usableFromInline
  mutating func addDeferred(_ method: MethodDescriptor, _ handler: @escaping DeferredHandler) {
    precondition(!method.clientStreaming && !method.serverStreaming, "\(method.name) is not unary")
    add(method, .deferred(handler))
  }

  private mutating func add(_ method: MethodDescriptor, _ handler: RouteHandler) {
    precondition(routes[method.name] == nil, "\(method.name) registered twice")
    routes[method.name] = Route(method, handler, number: numberedMethods.count)
    numberedMethods.append(method)
  }

  /// The one request message of a method that takes one.
  nonisolated(nonsending) static func single(_ call: Call) async throws -> [UInt8] {
    // It mostly came with the REQUEST, and then nothing is waited for.
    let ready = call.takeIfReady()
    let bytes = if let ready { try ready.get() } else { try await call.next() }
    return try message(bytes, of: call)
  }

  static func message(_ bytes: [UInt8]?, of call: Call) throws -> [UInt8] {
    guard let bytes else { throw RPCError.missingMessage(call.method) }
    return bytes
  }

  @inlinable
  static func decode<Request: Message>(_ bytes: [UInt8]) throws -> Request {
    do {
      return try Request(serialized: bytes)
    } catch {
      throw malformed(Request.protoName, error)
    }
  }

  @usableFromInline
  static func malformed(_ message: String, _ error: CodecError) -> RPCError {
    .malformed(message, error)
  }
}
