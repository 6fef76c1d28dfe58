import Codec

/// Which handler answers which method.
public struct Router: Sendable {
  /// Answers a call: by ending it, or by throwing.
  typealias Handler =
    nonisolated(nonsending) @Sendable (Call, ServerContext) async throws -> Void

  /// A class, so that what is made for each call refers to it at the cost of one word.
  final class Route: Sendable {
    let method: MethodDescriptor
    let handler: Handler

    init(_ method: MethodDescriptor, _ handler: @escaping Handler) {
      self.method = method
      self.handler = handler
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

  /// Full proto names of the services with at least one method here, sorted.
  public var services: [String] {
    Set(routes.values.map(\.method.service)).sorted()
  }

  public mutating func unary<Request: Message, Response: Message>(
    _ method: MethodDescriptor,
    _ handler: @escaping @Sendable (Request, ServerContext) async throws -> Response
  ) {
    add(method) { call, context in
      let request: Request = try await Router.single(call)
      call.respond(try await handler(request, context))
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
      let request: Request = try await Router.single(call)
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
    precondition(routes[method.name] == nil, "\(method.name) registered twice")
    routes[method.name] = Route(method, handler)
  }

  /// The one request message of a method that takes one.
  private nonisolated(nonsending) static func single<Request: Message>(_ call: Call) async throws
    -> Request
  {
    // It mostly came with the REQUEST, and then nothing is waited for.
    let ready = call.takeIfReady()
    let bytes = if let ready { try ready.get() } else { try await call.next() }
    guard let bytes else {
      throw RPCError.missingMessage(call.method)
    }
    do {
      return try Request(serialized: bytes)
    } catch {
      throw RPCError.malformed(Request.protoName, error)
    }
  }
}
