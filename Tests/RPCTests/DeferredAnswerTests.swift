import API
import Codec
import Testing

@testable import RPC

/// Handlers that have no task, and answer when they can.
@Suite("Deferred answers")
struct DeferredAnswerTests {
  private let desk = DeferredDesk()

  @Test("an answer is sent when it is given, however late, and is completed then")
  func late() throws {
    let pipe = desk.pipe()
    let (_, outcome) = pipe.callLater()
    #expect(desk.requests == [TestingEcho(payload: [7])])
    pipe.advance(milliseconds: 5_000)
    #expect(outcome.result == nil && desk.codes.isEmpty && pipe.server.load == 1)
    try #require(desk.take()).succeed(TestingEcho(payload: [8]))
    pipe.settle()
    #expect(try TestingEcho(serialized: try #require(outcome.result).get()).payload == [8])
    #expect(desk.codes == [.ok] && pipe.server.load == 0)
  }

  @Test("a request in many frames is waited for")
  func frames() throws {
    var settings = ConnectionSettings.defaults
    settings.maxFrameBytes = 1_024
    let pipe = desk.pipe(settings: settings)
    let request = TestingEcho(payload: [UInt8](repeating: 5, count: 20_000))
    for expected in 1...3 {
      let (_, outcome) = pipe.callLater(request)
      #expect(desk.requests.count == expected && desk.requests.last == request)
      try #require(desk.take()).succeed(request)
      pipe.settle()
      #expect(try TestingEcho(serialized: try #require(outcome.result).get()) == request)
    }
    #expect(desk.codes == [.ok, .ok, .ok])
  }

  @Test("a call that is over takes no other with it that its task has gone on to")
  func taskGoesOn() throws {
    // A task that was cancelled would show it here.
    let pipe = desk.pipe(authorize: { _ in try Task.checkCancellation() })
    let (first, _) = pipe.callLater()
    let (_, second) = pipe.callLater()
    pipe.client.cancel(first, .cancelled)
    pipe.settle()
    let (_, third) = pipe.callLater()
    _ = desk.take()
    for _ in 0..<2 { try #require(desk.take()).succeed(TestingEcho()) }
    pipe.settle()
    #expect(second.code == .ok && third.code == .ok)
    #expect(desk.codes == [.cancelled, .ok, .ok] && desk.mapped == 0)
  }

  @Test("an answer that is dropped is an INTERNAL, not a call without an end")
  func dropped() {
    let pipe = desk.pipe()
    let (_, outcome) = pipe.callLater()
    _ = desk.take()
    pipe.settle()
    #expect(outcome.code == .internal)
    #expect(desk.codes == [.internal] && pipe.server.load == 0)
  }

  @Test("the first answer counts, and no other is sent or completed")
  func once() throws {
    let pipe = desk.pipe()
    let (_, outcome) = pipe.callLater()
    let answer = try #require(desk.take())
    answer.fail(RPCError(.notFound, "no"))
    answer.succeed(TestingEcho())
    answer.fail(DeferredDesk.Refused())
    pipe.settle()
    #expect(outcome.code == .notFound)
    #expect(desk.codes == [.notFound])
  }

  @Test("errors are what they are, or what the server makes of them")
  func errors() throws {
    let pipe = desk.pipe()
    for (error, expected) in [
      (RPCError(.notFound, "no") as any Error, StatusCode.notFound),
      (DeferredDesk.Refused(), .failedPrecondition), (CancellationError(), .cancelled),
    ] {
      let (_, outcome) = pipe.callLater()
      try #require(desk.take()).fail(error)
      pipe.settle()
      #expect(outcome.code == expected)
      #expect(desk.codes.last == expected)
    }
  }

  @Test("what is no request fails without the handler")
  func malformed() {
    let pipe = desk.pipe()
    let call = pipe.call("t.Later", [0xFF])
    let outcome = pipe.start { try await call.single() }
    pipe.settle()
    #expect(outcome.code == .invalidArgument)
    #expect(desk.requests.isEmpty && desk.codes == [.invalidArgument])
  }

  @Test("a call that was cancelled is over at once; its answer is lost, and completed as cancelled")
  func cancelled() throws {
    let pipe = desk.pipe()
    let (call, outcome) = pipe.callLater()
    let answer = try #require(desk.take())
    #expect(!answer.raw.isMoot)
    pipe.client.cancel(call, .cancelled)
    pipe.settle()
    #expect(outcome.code == .cancelled && pipe.server.load == 0)
    #expect(answer.raw.isMoot && desk.codes.isEmpty)
    answer.succeed(TestingEcho())
    pipe.settle()
    #expect(desk.codes == [.cancelled] && desk.mapped == 0)
  }

  @Test("what goes wrong inside is told to the interceptor even if nobody waits for the answer")
  func failedMoot() throws {
    let pipe = desk.pipe()
    let (call, _) = pipe.callLater()
    pipe.client.cancel(call, .cancelled)
    pipe.settle()
    try #require(desk.take()).fail(DeferredDesk.Refused())
    #expect(desk.codes == [.cancelled] && desk.mapped == 1)
  }

  @Test("a deadline does not wait for the answer")
  func deadline() throws {
    let pipe = desk.pipe()
    let (call, outcome) = pipe.callLater(timeout: 500)
    // The server was told ten milliseconds less than the client has: only its own deadline is due.
    pipe.advance(milliseconds: 495)
    #expect(outcome.code == .deadlineExceeded && pipe.server.load == 0)
    #expect(call.failure?.details.hops.map(\.hop) == ["server t.Later"])
    try #require(desk.take()).succeed(TestingEcho())
    pipe.settle()
    #expect(desk.codes == [.deadlineExceeded])
  }

  @Test("a lost connection ends the call; the answer finds nobody")
  func lost() throws {
    let pipe = desk.pipe()
    let (_, outcome) = pipe.callLater()
    pipe.cut()
    #expect(outcome.code == .unavailable)
    let answer = try #require(desk.take())
    #expect(answer.raw.isMoot)
    answer.succeed(TestingEcho())
    pipe.settle()
    #expect(desk.codes == [.unavailable])
  }

  @Test("a drain waits for the answer, and closes with it")
  func drain() throws {
    let pipe = desk.pipe()
    let (_, outcome) = pipe.callLater()
    pipe.server.drain()
    pipe.advance(milliseconds: 3_000)
    #expect(!pipe.isCutByServer && outcome.result == nil)
    try #require(desk.take()).succeed(TestingEcho())
    pipe.settle()
    #expect(outcome.code == .ok && pipe.isCutByServer)
  }

  @Test("who may not call is told so, whichever way it is found out", arguments: [true, false])
  func authorization(atOnce: Bool) throws {
    let refuse: @Sendable (inout ServerContext) throws -> Void = { context in
      if context.principal != [1] { throw RPCError(.permissionDenied, "no") }
      context.attachment = "known"
    }
    let pipe =
      atOnce
      ? desk.pipe(authorizeAtOnce: refuse) : desk.pipe(authorize: { try refuse(&$0) })
    let (_, refused) = pipe.callLater()
    #expect(refused.code == .permissionDenied)
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
    #expect(taken.code == .ok)
  }

  @Test("answers given together are all sent, whatever they are")
  func batch() throws {
    let pipe = desk.pipe()
    let calls = (0..<100).map { index in pipe.callLater(TestingEcho(payload: [UInt8(index)])) }
    var batch = AnswerBatch()
    for index in 0..<100 {
      let answer = try #require(desk.take())
      let message = TestingEcho(payload: [UInt8(index)]).serialized()
      batch.give(
        answer.raw, index % 7 == 0 ? .failure(RPCError(.aborted, "\(index)")) : .success(message))
      batch.give(answer.raw, .failure(DeferredDesk.Refused()))
    }
    pipe.settle()
    #expect(calls.allSatisfy { $0.1.result == nil })
    batch.send()
    pipe.settle()
    for (index, (_, outcome)) in calls.enumerated() {
      #expect(outcome.code == (index % 7 == 0 ? .aborted : .ok))
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
    await #expect(throws: DeferredDesk.Refused.self) {
      try await Answer<TestingEcho>.wait { $0.fail(DeferredDesk.Refused()) }
    }
    await #expect(throws: DeferredDesk.Refused.self) {
      try await Answer<TestingEcho>.wait { _ in throw DeferredDesk.Refused() }
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
    find([]).keep(found)
    #expect(find([]).bytes.isEmpty && find([]).facts == nil)
    #expect(find([1, 2, 3]).bytes == [1, 2, 3])
    let long = [UInt8](repeating: 1, count: 5_000)
    find(long).keep(found)
    #expect(find(long).facts == nil && find(long).bytes == long)
  }
}
