import API
import GatewayDomain
import Identity
import RPC
import ServiceKit

/// The methods that are forwarded, with the backend of each; from the schemas.
struct ForwardedMethods: Sendable {
  struct Route: Sendable {
    let method: MethodDescriptor
    let backend: String
  }

  private let routes: [String: Route]
  /// Services of which anything is forwarded.
  private let services: Set<String>

  /// - Parameter methods: all methods of all services; those for services only are left out.
  init(_ table: RoutingTable, methods: [MethodDescriptor] = APIDescriptors.methods) {
    var routes: [String: Route] = [:]
    for method in methods where AccessScope(rawValue: method.access.scope) != .service {
      guard let backend = table.backend(of: method.service) else { continue }
      routes[method.name] = Route(method: method, backend: backend)
    }
    self.routes = routes
    services = Set(routes.values.map(\.method.service))
  }

  func find(_ name: String) -> Route? { routes[name] }

  /// What callers of a method are told that is not forwarded.
  func unimplemented(_ name: String) -> RPCError {
    let service = MethodDescriptor.service(of: name)
    return services.contains(service)
      ? .unimplementedMethod(name) : .unimplementedService(name)
  }

  var all: [Route] { routes.values.sorted { $0.method.name < $1.method.name } }
}

/// Forwards calls of any kind as bytes, with the deadline, the trace, the metadata and the signed
/// principal. Cancelling one side cancels the other; credit of one side is credit of the other.
struct Proxy: Sendable {
  let forwarded: ForwardedMethods
  let channels: [String: Channel]
  let quotas: QuotaKeeper

  /// - Returns: the answer of a unary call; streams have sent theirs.
  func forward(_ inbound: RawCall, _ context: ServerContext) async throws -> [UInt8]? {
    guard let route = forwarded.find(context.method.name), let channel = channels[route.backend]
    else { throw forwarded.unimplemented(context.method.name) }
    // Callers of methods that are open to anyone share one quota.
    let tenant = context.caller?.principal?.tenant ?? QuotaKeeper.nobody
    try quotas.open(tenant)
    defer { quotas.close(tenant) }
    do {
      let leg = Leg(inbound: inbound, tenant: tenant, quotas: quotas)
      let options = options(context)
      if route.method.clientStreaming || route.method.serverStreaming {
        try await stream(route.method, channel, options, leg)
        return nil
      }
      let request = try await leg.request(route.method)
      let answer = try await channel.rawUnary(route.method, request, options: options)
      try await quotas.take(bytes: answer.count, tenant, isFirst: false)
      return answer
    } catch let error as RPCError {
      throw Proxy.explained(error, route.backend)
    }
  }

  private func options(_ context: ServerContext) -> CallOptions {
    var options = context.callOptions
    options.metadata = context.metadata
    options.principal = context.caller?.signed ?? []
    options.onResponseMetadata = { context.addResponseMetadata($0) }
    return options
  }

  private func stream(
    _ method: MethodDescriptor, _ channel: Channel, _ options: CallOptions, _ leg: Leg
  ) async throws {
    try await channel.raw(method, options: options) { outbound in
      try await withThrowingTaskGroup(of: Bool.self) { group in
        group.addTask {
          try await leg.pumpRequests(to: outbound)
          return false
        }
        group.addTask {
          try await leg.pumpAnswers(from: outbound)
          return true
        }
        // Once the server has ended the call, what the client still sends is of no interest.
        while let isEnded = try await group.next(), !isEnded {}
        group.cancelAll()
      }
    }
  }

  /// Names the service that failed, without our own addresses.
  private static func explained(_ error: RPCError, _ backend: String) -> RPCError {
    guard error.code == .unavailable else { return error }
    var error = error
    error.message =
      error.isNotProcessed
      ? "the \(backend) service is not available at the moment; try again"
      : "the \(backend) service became unavailable during the call; "
        + "whether it was carried out is not known"
    return error
  }
}

/// The client's side of a forwarded call.
private struct Leg: Sendable {
  let inbound: RawCall
  let tenant: String
  let quotas: QuotaKeeper

  /// The one message of a call that takes one.
  func request(_ method: MethodDescriptor) async throws -> [UInt8] {
    guard let message = try await inbound.next() else {
      throw RPCError.missingMessage(method.name)
    }
    try await quotas.take(bytes: message.count, tenant, isFirst: true)
    return message
  }

  func pumpRequests(to outbound: RawCall) async throws {
    var isFirst = true
    while let message = try await inbound.next() {
      try await quotas.take(bytes: message.count, tenant, isFirst: isFirst)
      isFirst = false
      do {
        try await outbound.send(message)
      } catch let error as RPCError where error.code != .resourceExhausted {
        // The server has ended the call: its answer says why. A message over the server's limit is
        // our own finding, and ends the call from here.
        return
      }
    }
    outbound.finishSending()
  }

  func pumpAnswers(from outbound: RawCall) async throws {
    while let message = try await outbound.next() {
      try await quotas.take(bytes: message.count, tenant, isFirst: false)
      try await inbound.send(message)
    }
  }
}
