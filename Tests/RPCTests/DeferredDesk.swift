import API
import Synchronization

@testable import RPC

/// Holds the answers that a deferred handler was given, until a test takes them, and what the
/// server's interceptor was told.
final class DeferredDesk: Sendable {
  static let later = MethodDescriptor(name: "t.Later")

  struct Refused: Error {}

  private struct State {
    var answers: [Answer<TestingEcho>] = []
    var requests: [TestingEcho] = []
    var codes: [StatusCode] = []
    var mapped = 0
  }

  private let state = Mutex(State())

  func take() -> Answer<TestingEcho>? {
    state.withLock { $0.answers.isEmpty ? nil : $0.answers.removeFirst() }
  }

  var codes: [StatusCode] { state.withLock { $0.codes } }
  var requests: [TestingEcho] { state.withLock { $0.requests } }
  /// How many errors the interceptor was asked to map.
  var mapped: Int { state.withLock { $0.mapped } }

  /// A client and a server whose one method hands its calls to this desk.
  func pipe(
    settings: ConnectionSettings = .defaults, seed: UInt64 = 1,
    authorize: (@Sendable (inout ServerContext) async throws -> Void)? = nil,
    authorizeAtOnce: (@Sendable (inout ServerContext) throws -> Void)? = nil
  ) -> Pipe {
    var router = Router()
    router.deferred(Self.later) { [self] (request: TestingEcho, _, answer) in
      state.withLock { state in
        state.requests.append(request)
        state.answers.append(answer)
      }
    }
    let interceptor = ServerInterceptor(
      authorize: authorize, authorizeAtOnce: authorizeAtOnce,
      mapError: { [self] error, _ in
        state.withLock { $0.mapped += 1 }
        return error is Refused
          ? RPCError(.failedPrecondition, "refused") : RPCError(.internal, "inside")
      },
      completed: { [self] _, code, _ in state.withLock { $0.codes.append(code) } })
    let pipe = Pipe(router: router, settings: settings, interceptor: interceptor, seed: seed)
    pipe.settle()
    return pipe
  }
}

extension Pipe {
  /// A call of the desk's method, which has arrived.
  func callLater(
    _ request: TestingEcho = TestingEcho(payload: [7]), timeout: UInt64? = nil
  ) -> (Call, Outcome<[UInt8]>) {
    let call = call(
      DeferredDesk.later.name, request.serialized(), timeoutMilliseconds: timeout)
    let outcome = start { try await call.single() }
    settle()
    return (call, outcome)
  }
}

extension Outcome {
  /// Nil while there is none.
  var code: StatusCode? {
    switch result {
    case .failure(let error)?: (error as? RPCError)?.code
    case .success?: .ok
    case nil: nil
    }
  }
}
