import API
import Codec
import Dispatch
import RPC
import Synchronization

/// `assay.rpc.v1.Introspection`: who is connected, what is open, who waits for whom.
final class IntrospectionService: RPCIntrospectionService {
  private static let pageSize = 100
  /// How long the admin page waits for the loops; one that does not answer is the finding.
  private static let adminWaitSeconds = 2.0

  private let budget: MemoryBudget
  /// Set once the server is there: it has this service among its routes.
  private let server = Mutex<Server?>(nil)

  init(budget: MemoryBudget) {
    self.budget = budget
  }

  func attach(_ server: Server) {
    self.server.withLock { $0 = server }
  }

  func introspect(_ request: RPCIntrospectRequest, context: ServerContext) async throws
    -> RPCIntrospectResponse
  {
    guard let server = server.withLock({ $0 }) else { throw RPCError.unavailable("starting") }
    return await page(server, after: request.afterConnection, size: Int(request.pageSize))
  }

  /// The first page as JSON, for the admin port; nil without a server, or if a loop is stuck.
  func json() -> String? {
    guard let server = server.withLock({ $0 }) else { return nil }
    let result = Mutex<String?>(nil)
    let done = DispatchSemaphore(value: 0)
    Task {
      let answer = await page(server, after: 0, size: 0)
      result.withLock { $0 = JSONPrinter(includesDefaults: true).print(answer) }
      done.signal()
    }
    guard done.wait(timeout: .now() + IntrospectionService.adminWaitSeconds) == .success else {
      return nil
    }
    return result.withLock { $0 }
  }

  private func page(_ server: Server, after: UInt64, size: Int) async -> RPCIntrospectResponse {
    let limit = size == 0 ? IntrospectionService.pageSize : min(size, IntrospectionService.pageSize)
    let connections = await server.introspect(after: after, limit: limit)
    // Afterwards, so that what is shown is counted.
    let totals = await server.totals()
    return RPCIntrospectResponse(
      software: server.settings.software,
      server: RPCServerCounters(
        connectionsAccepted: totals.connectionsAccepted, connectionsOpen: totals.connectionsOpen,
        callsStarted: totals.callsStarted, callsFailed: totals.callsFailed,
        bufferedBytes: UInt64(clamping: budget.usedBytes),
        bufferedBytesLimit: UInt64(budget.limitBytes)),
      connections: connections.map(RPCConnectionInfo.init(_:)),
      nextConnection: connections.count == limit ? connections.last?.id ?? 0 : 0)
  }
}

extension RPCConnectionInfo {
  fileprivate init(_ connection: ConnectionSnapshot) {
    self.init(
      id: connection.id, peer: connection.peer.description,
      peerSoftware: connection.peerSoftware, state: State(connection.state),
      ageMilliseconds: connection.ageMilliseconds, idleMilliseconds: connection.idleMilliseconds,
      callsStarted: connection.callsStarted, callsFailed: connection.callsFailed,
      bytesReceived: connection.bytesReceived, bytesSent: connection.bytesSent,
      sendCreditBytes: UInt64(clamping: connection.sendCreditBytes),
      receiveCreditBytes: UInt64(clamping: connection.receiveCreditBytes),
      unsentBytes: UInt64(connection.unsentBytes),
      heldBytes: UInt64(clamping: connection.heldBytes),
      certificateSubject: connection.peer.certificateSubject ?? "",
      streams: connection.streams.map(RPCStreamInfo.init(_:)),
      openStreams: UInt32(connection.openStreams))
  }
}

extension RPCConnectionInfo.State {
  fileprivate init(_ state: ConnectionSnapshot.State) {
    self =
      switch state {
      case .awaitingHello: .awaitingHello
      case .open: .open
      case .draining: .draining
      case .closed: .closed
      }
  }
}

extension RPCStreamInfo {
  fileprivate init(_ stream: ConnectionSnapshot.Stream) {
    self.init(
      stream: stream.stream, method: stream.method, ageMilliseconds: stream.ageMilliseconds,
      remainingMilliseconds: stream.remainingMilliseconds ?? 0,
      sendCreditBytes: UInt64(stream.sendCreditBytes),
      receiveCreditBytes: UInt64(stream.receiveCreditBytes))
  }
}
