import Codec

/// Which handler answers which method.
public struct Router: Sendable {
  /// What a handler gives back: a last message, or nothing.
  typealias Handler = @Sendable (Call, ServerContext) async throws -> [UInt8]?

  struct Route: Sendable {
    let method: MethodDescriptor
    let handler: Handler
  }

  private(set) var routes: [String: Route] = [:]
  private(set) var fallback: Handler?

  public init() {}

  public var methods: [MethodDescriptor] {
    routes.values.map(\.method).sorted { $0.name < $1.name }
  }

  /// Full proto names of the services with at least one method here, sorted.
  public var services: [String] {
    Set(routes.values.map(\.method.service)).sorted()
  }

  public mutating func unary<Request: Message, Response: Message>(
    _ method: MethodDescriptor,
    _ handler: @escaping @Sendable (Request, ServerContext) async throws -> Response
  ) {
    add(method) { call, context in
      try await handler(Router.single(call), context).serialized()
    }
  }

  public mutating func clientStreaming<Request: Message, Response: Message>(
    _ method: MethodDescriptor,
    _ handler: @escaping @Sendable (MessageReader<Request>, ServerContext) async throws -> Response
  ) {
    add(method) { call, context in
      try await handler(MessageReader(call), context).serialized()
    }
  }

  public mutating func serverStreaming<Request: Message, Response: Message>(
    _ method: MethodDescriptor,
    _ handler:
      @escaping @Sendable (Request, MessageWriter<Response>, ServerContext) async throws -> Void
  ) {
    add(method) { call, context in
      try await handler(Router.single(call), MessageWriter(call), context)
      return nil
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
      return nil
    }
  }

  /// Answers every method that is not registered, as bytes: for a proxy. What the handler returns
  /// is the last message; a unary answer that is returned, rather than sent, is one frame.
  public mutating func fallback(
    _ handler: @escaping @Sendable (RawCall, ServerContext) async throws -> [UInt8]?
  ) {
    fallback = { call, context in try await handler(RawCall(call), context) }
  }

  private mutating func add(_ method: MethodDescriptor, _ handler: @escaping Handler) {
    precondition(routes[method.name] == nil, "\(method.name) registered twice")
    routes[method.name] = Route(method: method, handler: handler)
  }

  /// The one request message of a method that takes one.
  private static func single<Request: Message>(_ call: Call) async throws -> Request {
    guard let bytes = try await call.next() else {
      throw RPCError(.invalidArgument, "\(call.method): the request has no message")
    }
    do {
      return try Request(serialized: bytes)
    } catch {
      throw RPCError.malformed(Request.protoName, error)
    }
  }
}
