import API
import Codec
import Foundation
import Synchronization
import Testing

@testable import RPC

/// Handlers that have no task, and answer when they can.
@Suite("Deferred answers")
struct DeferredAnswerTests {
  private static let later = MethodDescriptor(name: "t.Later")

  /// The answers that handlers were given, and what the interceptor was told.
  private final class Desk: Sendable {
    private struct State {
      var answers: [Answer<TestingEcho>] = []
      var requests: [TestingEcho] = []
      var codes: [StatusCode] = []
    }

    private let state = Mutex(State())

    func take() -> Answer<TestingEcho>? {
      state.withLock { $0.answers.isEmpty ? nil : $0.answers.removeFirst() }
    }

    var codes: [StatusCode] { state.withLock { $0.codes } }
    var requests: [TestingEcho] { state.withLock { $0.requests } }

    func handle(_ request: TestingEcho, _ answer: Answer<TestingEcho>) {
      state.withLock { state in
        state.requests.append(request)
        state.answers.append(answer)
      }
    }

    func completed(_ code: StatusCode) { state.withLock { $0.codes.append(code) } }
  }

  private struct Refused: Error {}

  private let desk = Desk()

  private func pipe(
    settings: ConnectionSettings = .defaults, seed: UInt64 = 1,
    authorize: (@Sendable (inout ServerContext) async throws -> Void)? = nil,
    authorizeAtOnce: (@Sendable (inout ServerContext) throws -> Void)? = nil
  ) -> Pipe {
    var router = Router()
    router.deferred(Self.later) { [desk] (request: TestingEcho, _, answer) in
      desk.handle(request, answer)
    }
    let interceptor = ServerInterceptor(
      authorize: authorize, authorizeAtOnce: authorizeAtOnce,
      mapError: { error, _ in
        error is Refused ? RPCError(.failedPrecondition, "refused") : RPCError(.internal, "inside")
      },
      completed: { [desk] _, code, _ in desk.completed(code) })
    let pipe = Pipe(router: router, settings: settings, interceptor: interceptor, seed: seed)
    pipe.settle()
    return pipe
  }

  private func call(
    _ pipe: Pipe, _ request: TestingEcho = TestingEcho(payload: [7]), timeout: UInt64? = nil
  ) -> (Call, Outcome<[UInt8]>) {
    let call = pipe.call("t.Later", request.serialized(), timeoutMilliseconds: timeout)
    let outcome = pipe.start { try await call.single() }
    pipe.settle()
    return (call, outcome)
  }

  private func code(_ outcome: Outcome<[UInt8]>) -> StatusCode? {
    switch outcome.result {
    case .failure(let error)?: (error as? RPCError)?.code
    case .success?: .ok
    case nil: nil
    }
  }

  @Test("an answer is sent when it is given, however late, and is completed then")
  func late() throws {
    let pipe = pipe()
    let (_, outcome) = call(pipe)
    #expect(desk.requests == [TestingEcho(payload: [7])])
    pipe.advance(milliseconds: 5_000)
    #expect(outcome.result == nil && desk.codes.isEmpty && pipe.server.load == 1)
    try #require(desk.take()).succeed(TestingEcho(payload: [8]))
    pipe.settle()
    #expect(try TestingEcho(serialized: try #require(outcome.result).get()).payload == [8])
    #expect(desk.codes == [.ok] && pipe.server.load == 0)
  }

  @Test("an answer from another thread reaches the call")
  func otherThread() throws {
    let pipe = pipe()
    let (_, outcome) = call(pipe)
    let answer = try #require(desk.take())
    let given = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      answer.succeed(TestingEcho(payload: [9]))
      given.signal()
    }
    given.wait()
    #expect(outcome.result == nil)
    pipe.settle()
    #expect(try TestingEcho(serialized: try #require(outcome.result).get()).payload == [9])
  }

  @Test("a request in many frames is waited for")
  func frames() throws {
    var settings = ConnectionSettings.defaults
    settings.maxFrameBytes = 1_024
    let pipe = pipe(settings: settings)
    let request = TestingEcho(payload: [UInt8](repeating: 5, count: 20_000))
    for expected in 1...3 {
      let (_, outcome) = call(pipe, request)
      #expect(desk.requests.count == expected && desk.requests.last == request)
      try #require(desk.take()).succeed(request)
      pipe.settle()
      #expect(try TestingEcho(serialized: try #require(outcome.result).get()) == request)
    }
    #expect(desk.codes == [.ok, .ok, .ok])
  }

  @Test("a call that is over takes no other with it that its task has gone on to")
  func taskGoesOn() throws {
    let pipe = pipe(authorize: { _ in })
    let (first, _) = call(pipe)
    let (_, second) = call(pipe)
    pipe.client.cancel(first, .cancelled)
    pipe.settle()
    let (_, third) = call(pipe)
    _ = desk.take()
    for _ in 0..<2 { try #require(desk.take()).succeed(TestingEcho()) }
    pipe.settle()
    #expect(code(second) == .ok && code(third) == .ok)
    #expect(desk.codes == [.internal, .ok, .ok])
  }

  @Test("an answer that is dropped is an INTERNAL, not a call without an end")
  func dropped() {
    let pipe = pipe()
    let (_, outcome) = call(pipe)
    _ = desk.take()
    pipe.settle()
    #expect(code(outcome) == .internal)
    #expect(desk.codes == [.internal] && pipe.server.load == 0)
  }

  @Test("the first answer counts, and no other is sent or completed")
  func once() throws {
    let pipe = pipe()
    let (_, outcome) = call(pipe)
    let answer = try #require(desk.take())
    answer.fail(RPCError(.notFound, "no"))
    answer.succeed(TestingEcho())
    answer.fail(Refused())
    pipe.settle()
    #expect(code(outcome) == .notFound)
    #expect(desk.codes == [.notFound])
  }

  @Test("errors are what they are, or what the server makes of them")
  func errors() throws {
    let pipe = pipe()
    for (error, expected) in [
      (RPCError(.notFound, "no") as any Error, StatusCode.notFound),
      (Refused(), .failedPrecondition), (CancellationError(), .cancelled),
    ] {
      let (_, outcome) = call(pipe)
      try #require(desk.take()).fail(error)
      pipe.settle()
      #expect(code(outcome) == expected)
      #expect(desk.codes.last == expected)
    }
  }

  @Test("what is no request fails without the handler")
  func malformed() {
    let pipe = pipe()
    let call = pipe.call("t.Later", [0xFF])
    let outcome = pipe.start { try await call.single() }
    pipe.settle()
    #expect(code(outcome) == .invalidArgument)
    #expect(desk.requests.isEmpty && desk.codes == [.invalidArgument])
  }

  @Test("a call that was cancelled is over at once, and its answer is completed and lost")
  func cancelled() throws {
    let pipe = pipe()
    let (call, outcome) = call(pipe)
    let answer = try #require(desk.take())
    #expect(!answer.raw.isMoot)
    pipe.client.cancel(call, .cancelled)
    pipe.settle()
    #expect(code(outcome) == .cancelled && pipe.server.load == 0)
    #expect(answer.raw.isMoot && desk.codes.isEmpty)
    answer.succeed(TestingEcho())
    pipe.settle()
    #expect(desk.codes == [.ok])
  }

  @Test("a deadline does not wait for the answer")
  func deadline() throws {
    let pipe = pipe()
    // The server's own, of a client that tells of its deadline and then does not keep it.
    let (_, outcome) = call(pipe, timeout: 500)
    pipe.advance(milliseconds: 501)
    #expect(code(outcome) == .deadlineExceeded && pipe.server.load == 0)
    try #require(desk.take()).succeed(TestingEcho())
    pipe.settle()
    #expect(desk.codes == [.ok])
  }

  @Test("a lost connection ends the call; the answer finds nobody")
  func lost() throws {
    let pipe = pipe()
    let (_, outcome) = call(pipe)
    pipe.cut()
    #expect(code(outcome) == .unavailable)
    let answer = try #require(desk.take())
    #expect(answer.raw.isMoot)
    answer.succeed(TestingEcho())
    pipe.settle()
    #expect(desk.codes == [.ok])
  }

  @Test("a drain waits for the answer, and closes with it")
  func drain() throws {
    let pipe = pipe()
    let (_, outcome) = call(pipe)
    pipe.server.drain()
    pipe.advance(milliseconds: 3_000)
    #expect(!pipe.isCutByServer && outcome.result == nil)
    try #require(desk.take()).succeed(TestingEcho())
    pipe.settle()
    #expect(code(outcome) == .ok && pipe.isCutByServer)
  }

  @Test("who may not call is told so, whichever way it is found out", arguments: [true, false])
  func authorization(atOnce: Bool) throws {
    let refuse: @Sendable (inout ServerContext) throws -> Void = { context in
      if context.principal != [1] { throw RPCError(.permissionDenied, "no") }
      context.attachment = "known"
    }
    let pipe =
      atOnce
      ? pipe(authorizeAtOnce: refuse) : pipe(authorize: { try refuse(&$0) })
    let (_, refused) = call(pipe)
    #expect(code(refused) == .permissionDenied)
    #expect(desk.requests.isEmpty && desk.codes == [.permissionDenied])
    let call = Call(connection: pipe.client, method: "t.Later", deadline: .max)
    pipe.client.open(
      call,
      UnsentRequest(
        RequestHeader(method: "t.Later", principal: [1]), TestingEcho().serialized()))
    let taken = pipe.start { try await call.single() }
    pipe.settle()
    try #require(desk.take()).succeed(TestingEcho())
    pipe.settle()
    #expect(code(taken) == .ok)
  }

  @Test("answers given together are all sent, whatever they are")
  func batch() throws {
    let pipe = pipe()
    let calls = (0..<100).map { index in call(pipe, TestingEcho(payload: [UInt8(index)])) }
    var batch = AnswerBatch()
    for index in 0..<100 {
      let answer = try #require(desk.take())
      let message = TestingEcho(payload: [UInt8(index)]).serialized()
      batch.give(
        answer.raw, index % 7 == 0 ? .failure(RPCError(.aborted, "\(index)")) : .success(message))
      batch.give(answer.raw, .failure(Refused()))
    }
    pipe.settle()
    #expect(calls.allSatisfy { $0.1.result == nil })
    batch.send()
    pipe.settle()
    for (index, (_, outcome)) in calls.enumerated() {
      #expect(code(outcome) == (index % 7 == 0 ? .aborted : .ok))
      guard index % 7 != 0 else { continue }
      let answer = try TestingEcho(serialized: try #require(outcome.result).get())
      #expect(answer.payload == [UInt8(index)])
    }
    #expect(desk.codes.count == 100)
  }

  @Test("a task can wait for an answer, and is told of one that was dropped")
  func waiting() async throws {
    let answered = try await Answer<TestingEcho>.wait { $0.succeed(TestingEcho(payload: [3])) }
    #expect(answered.payload == [3])
    await #expect(throws: Refused.self) {
      try await Answer<TestingEcho>.wait { $0.fail(Refused()) }
    }
    await #expect(throws: Refused.self) {
      try await Answer<TestingEcho>.wait { _ in throw Refused() }
    }
    await #expect(throws: UnansweredError.self) { try await Answer<TestingEcho>.wait { _ in } }
  }

  @Test("calls that bring the same principal share what was found out about it")
  func principals() {
    final class Found: PrincipalFacts, @unchecked Sendable {}  // It has nothing to share.
    let table = PrincipalTable()
    func find(_ bytes: [UInt8]) -> PresentedPrincipal {
      bytes.withUnsafeBytes { table.find($0) }
    }
    let bytes = (0..<150).map { UInt8($0) }
    let found = Found()
    find(bytes).keep(found)
    find(bytes).keep(Found())
    #expect(find(bytes).facts === found)
    for index in bytes.indices {
      var other = bytes
      other[index] ^= 1
      #expect(find(other).facts == nil && find(other).bytes == other)
      find(bytes).keep(found)
    }
    #expect(find(bytes + [0]).facts == nil)
    // Two whose last bytes are the same, which alone are hashed, do not push each other out.
    let (one, other) = (bytes, [9] + bytes.dropFirst())
    let foundOther = Found()
    find(one).keep(found)
    find(other).keep(foundOther)
    for _ in 0..<3 { #expect(find(one).facts === found && find(other).facts === foundOther) }
    #expect(find([]).bytes.isEmpty)
    #expect(find([1, 2, 3]).bytes == [1, 2, 3])
    let long = [UInt8](repeating: 1, count: 5_000)
    find(long).keep(found)
    #expect(find(long).facts == nil && find(long).bytes == long)
  }
}
