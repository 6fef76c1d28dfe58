import API
import Crypto
import Identity
import RPC
import ServiceKit
import Synchronization

/// What stands behind the gateway in tests: the echo service, and one method of the catalogue that
/// remembers who called it.
final class Backend: Sendable {
  struct Seen: Sendable {
    let principal: Principal
    let metadata: Metadata
    let traceID: String
    let remainingMilliseconds: Int?
    let credential: String
  }

  private let authorizer: PrincipalAuthorizer
  private let state = Mutex<(seen: [Seen], waiting: Int, cancelled: Int)>(([], 0, 0))

  init(_ keyring: Keyring, _ clock: WallClock) {
    authorizer = PrincipalAuthorizer(keyring, clock: clock)
  }

  var seen: [Seen] { state.withLock { $0.seen } }
  var waitingCalls: Int { state.withLock { $0.waiting } }
  var cancelledCalls: Int { state.withLock { $0.cancelled } }

  var interceptor: ServerInterceptor {
    ServerInterceptor(authorize: { [authorizer] in try authorizer.authorize(&$0) })
  }

  var router: Router {
    var router = Router()
    router.register(
      EchoHandlers(
        onWait: { [weak self] in self?.state.withLock { $0.waiting += 1 } },
        onCancel: { [weak self] in self?.state.withLock { $0.cancelled += 1 } }))
    router.unary(CatalogUseCasesMethods.getUseCase) {
      [weak self] (request: CatalogGetUseCaseRequest, context: ServerContext) -> CatalogUseCase in
      try self?.note(context)
      throw RPCError.notFound("use case", request.id)
    }
    return router
  }

  private func note(_ context: ServerContext) throws {
    let seen = Seen(
      principal: try context.principal(), metadata: context.metadata,
      traceID: context.trace.traceID, remainingMilliseconds: context.remainingMilliseconds,
      credential: context.credential)
    state.withLock { $0.seen.append(seen) }
  }
}

/// `assay.testing.v1.EchoService` as its schema describes it.
struct EchoHandlers: TestingEchoServiceService {
  private let onWait: @Sendable () -> Void
  private let onCancel: @Sendable () -> Void

  init(onWait: @escaping @Sendable () -> Void, onCancel: @escaping @Sendable () -> Void) {
    self.onWait = onWait
    self.onCancel = onCancel
  }

  func unary(_ request: TestingEcho, context: ServerContext) async throws -> TestingEcho {
    try await obey(request)
    return TestingEcho(payload: request.payload)
  }

  func collect(_ requests: MessageReader<TestingEcho>, context: ServerContext) async throws
    -> TestingEcho
  {
    var sum = 0
    while let request = try await requests.next() {
      try await obey(request)
      sum += request.payload.count
    }
    return TestingEcho(responseBytes: Int32(sum))
  }

  func expand(
    _ request: TestingEcho, responses: MessageWriter<TestingEcho>, context: ServerContext
  ) async throws {
    for _ in 0..<request.responseCount {
      try await responses.send(
        TestingEcho(payload: [UInt8](repeating: 7, count: Int(request.responseBytes))))
    }
    try await obey(request)
  }

  func chat(
    _ requests: MessageReader<TestingEcho>, responses: MessageWriter<TestingEcho>,
    context: ServerContext
  ) async throws {
    while let request = try await requests.next() {
      try await obey(request)
      try await responses.send(TestingEcho(payload: request.payload))
    }
  }

  private func obey(_ request: TestingEcho) async throws {
    if request.delayMilliseconds > 0 {
      onWait()
      do {
        try await Task.sleep(for: .milliseconds(request.delayMilliseconds))
      } catch {
        onCancel()
        throw error
      }
    }
    if request.statusCode != 0 {
      throw RPCError(StatusCode(wire: request.statusCode), request.statusMessage)
    }
  }
}
