import API
import RPC

/// `assay.rpc.v1.Health`: the service's readiness, over the protocol.
struct HealthService: RPCHealthService {
  let readiness: Readiness
  /// Full proto names of the services that this server answers.
  let services: Set<String>

  func check(_ request: RPCHealthCheckRequest, context: ServerContext) async throws
    -> RPCHealthCheckResponse
  {
    try requireKnown(request.service)
    return HealthService.response(readiness.snapshot.isReady)
  }

  func watch(
    _ request: RPCHealthCheckRequest, responses: MessageWriter<RPCHealthCheckResponse>,
    context: ServerContext
  ) async throws {
    try requireKnown(request.service)
    for await isReady in readiness.changes() {
      try await responses.send(HealthService.response(isReady))
    }
  }

  private func requireKnown(_ service: String) throws {
    guard service.isEmpty || services.contains(service) else {
      throw RPCError.notFound("service", String(service.prefix(256)))
    }
  }

  private static func response(_ isReady: Bool) -> RPCHealthCheckResponse {
    RPCHealthCheckResponse(status: isReady ? .serving : .notServing)
  }
}

/// `assay.rpc.v1.Reflection`: the schemas, so that a client can be written without them.
struct ReflectionService: RPCReflectionService {
  let services: [String]

  func describe(_ request: RPCDescribeRequest, context: ServerContext) async throws
    -> RPCDescribeResponse
  {
    RPCDescribeResponse(fileDescriptors: APIDescriptors.all, services: services)
  }
}
