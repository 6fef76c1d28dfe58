/// The Swift of one service: its methods' descriptors, its server's protocol and its client.
struct ServiceGenerator {
  let descriptor: ServiceDescriptor
  /// "assay.catalog.v1.UseCases".
  let fullName: String
  let types: TypeTable
  let comments: Comments
  private let swiftName: String
  private let methods: [Method]

  private struct Method {
    let name: String
    let request: String
    let response: String
    let descriptor: RPCDescriptor
    let comment: String?
    let isDeferred: Bool
  }

  /// `fullName` has a leading dot.
  init(
    _ descriptor: ServiceDescriptor, fullName: String, types: TypeTable, comments: Comments,
    deferred: [String]
  ) throws(GeneratorError) {
    self.descriptor = descriptor
    self.fullName = String(fullName.dropFirst())
    self.types = types
    self.comments = comments
    guard let swiftName = types.services[fullName] else {
      throw .unknownType(field: descriptor.name, type: fullName)
    }
    self.swiftName = swiftName
    // `all` is the list of the others.
    let names = Naming.members(
      descriptor.methods.enumerated().map { ($1.name, Int32($0)) }, avoiding: ["all"])
    var methods: [Method] = []
    for (index, method) in descriptor.methods.enumerated() {
      methods.append(
        Method(
          name: Naming.quoted(names[index]),
          request: try Self.message(method.input, of: method, types),
          response: try Self.message(method.output, of: method, types), descriptor: method,
          comment: comments.child(2, Int32(index)).own,
          isDeferred: deferred.contains(self.fullName + "." + method.name)))
    }
    self.methods = methods
  }

  private static func message(
    _ name: String, of method: RPCDescriptor, _ types: TypeTable
  ) throws(GeneratorError) -> String {
    guard let type = types.messages[name] else {
      throw .unknownType(field: method.name, type: name)
    }
    guard type.syntax == "proto3" else {
      throw .proto2Type(field: method.name, type: name, file: type.file)
    }
    return type.swiftName
  }

  /// The Swift types that a service called `name` declares.
  static func typeNames(_ name: String) -> [String] {
    [name + "Methods", name + "Service", name + "Client"]
  }

  func generate(into source: inout SourceText) {
    descriptors(into: &source)
    source.line()
    serverProtocol(into: &source)
    source.line()
    registration(into: &source)
    source.line()
    client(into: &source)
  }

  // MARK: Descriptors

  private func descriptors(into source: inout SourceText) {
    source.documentation(" The methods of \(fullName), with what the schema says of them.")
    source.block("public enum \(swiftName)Methods") { source in
      for method in methods {
        let rpc = method.descriptor
        let idempotency = ["unknown", "noSideEffects", "idempotent"]
        let level = idempotency.indices.contains(Int(rpc.idempotency)) ? Int(rpc.idempotency) : 0
        source.documentation(method.comment)
        source.line(
          "public static let \(method.name) = MethodDescriptor("
            + "name: \(literal(fullName + "." + rpc.name)), "
            + "clientStreaming: \(rpc.isClientStreaming), "
            + "serverStreaming: \(rpc.isServerStreaming), idempotency: .\(idempotency[level]), "
            + "access: MethodAccess(roles: \(rpc.roles), scope: \(rpc.scope)), "
            + "defaultTimeoutMilliseconds: \(rpc.defaultTimeoutMilliseconds), "
            + "maxMessageBytes: \(rpc.maxMessageBytes))")
      }
      let names = methods.map(\.name).joined(separator: ", ")
      source.line("public static let all: [MethodDescriptor] = [\(names)]")
    }
  }

  // MARK: Server

  private func serverProtocol(into source: inout SourceText) {
    source.documentation(comments.own, fallback: " What a server of \(fullName) implements.")
    source.block("public protocol \(swiftName)Service: Sendable") { source in
      for method in methods {
        source.documentation(method.comment)
        source.line(signature(of: method))
      }
    }
  }

  private func signature(of method: Method) -> String {
    let request =
      method.descriptor.isClientStreaming
      ? "_ requests: MessageReader<\(method.request)>" : "_ request: \(method.request)"
    if method.isDeferred {
      return "func \(method.name)(\(request), context: ServerContext, "
        + "answer: Answer<\(method.response)>) throws"
    }
    return method.descriptor.isServerStreaming
      ? "func \(method.name)(\(request), responses: MessageWriter<\(method.response)>, "
        + "context: ServerContext) async throws"
      : "func \(method.name)(\(request), context: ServerContext) async throws -> \(method.response)"
  }

  private func registration(into source: inout SourceText) {
    source.block("extension Router") { source in
      source.documentation(" Serves every method of \(fullName).")
      source.block("public mutating func register(_ service: some \(swiftName)Service)") { source in
        for method in methods {
          guard !method.isDeferred else {
            registration(ofDeferred: method, into: &source)
            continue
          }
          let rpc = method.descriptor
          let (request, argument) =
            rpc.isClientStreaming
            ? ("MessageReader<\(method.request)>", "requests") : (method.request, "request")
          let isStreaming = rpc.isServerStreaming
          let responses = isStreaming ? ", responses: MessageWriter<\(method.response)>" : ""
          let result = isStreaming ? "Void" : method.response
          source.block(
            "self.\(kind(rpc))(\(swiftName)Methods.\(method.name))"
          ) { source in
            source.line(
              "(\(argument): \(request)\(responses), context: ServerContext) async throws -> "
                + "\(result) in")
            source.line(
              "try await service.\(method.name)(\(argument)"
                + (isStreaming ? ", responses: responses" : "") + ", context: context)")
          }
        }
      }
    }
  }

  private func registration(ofDeferred method: Method, into source: inout SourceText) {
    source.block("self.deferred(\(swiftName)Methods.\(method.name))") { source in
      source.line(
        "(request: \(method.request), context: ServerContext, "
          + "answer: Answer<\(method.response)>) throws -> Void in")
      source.line(
        "try service.\(method.name)(request, context: context, answer: answer)")
    }
  }

  private func kind(_ rpc: RPCDescriptor) -> String {
    switch (rpc.isClientStreaming, rpc.isServerStreaming) {
    case (false, false): "unary"
    case (true, false): "clientStreaming"
    case (false, true): "serverStreaming"
    case (true, true): "bidirectional"
    }
  }

  // MARK: Client

  private func client(into source: inout SourceText) {
    source.documentation(" Calls \(fullName) over a channel.")
    source.block("public struct \(swiftName)Client: Sendable") { source in
      source.line("private let channel: Channel")
      source.line()
      source.line("public init(_ channel: Channel) { self.channel = channel }")
      for method in methods {
        source.line()
        source.documentation(method.comment)
        call(method, into: &source)
      }
    }
  }

  private func call(_ method: Method, into source: inout SourceText) {
    let rpc = method.descriptor
    let (writer, reader) = ("MessageWriter<\(method.request)>", "MessageReader<\(method.response)>")
    let descriptor = "\(swiftName)Methods.\(method.name)"
    let options = "options: CallOptions = CallOptions()"
    let head: String
    let arguments: String
    switch (rpc.isClientStreaming, rpc.isServerStreaming) {
    case (false, false):
      head = "(_ request: \(method.request), \(options)) async throws -> \(method.response)"
      arguments = "request, options: options"
    case (true, false):
      head =
        "(\(options), _ send: (\(writer)) async throws -> Void) async throws -> \(method.response)"
      arguments = "options: options, send"
    case (false, true):
      head =
        "<R>(_ request: \(method.request), \(options), "
        + "_ receive: (\(reader)) async throws -> R) async throws -> R"
      arguments = "request, options: options, receive"
    case (true, true):
      head =
        "<R>(\(options), _ body: (\(writer), \(reader)) async throws -> R) async throws -> R"
      arguments = "options: options, body"
    }
    // A unary call changes to no other executor than the one it needs: each change costs.
    let isolation = kind(rpc) == "unary" ? "nonisolated(nonsending) " : ""
    source.block("public \(isolation)func \(method.name)\(head)") { source in
      source.line("try await self.channel.\(kind(rpc))(\(descriptor), \(arguments))")
    }
  }
}
