import API
import Codec
import Synchronization
import Testing

@testable import RPC

/// What a caller learns of a call's end: whose doing it was, where the time went, what came along.
@Suite("Outcomes of calls")
struct OutcomeTests {
  private static let echo = MethodDescriptor(name: "t.S.Echo")
  private static let stuck = MethodDescriptor(name: "t.S.Stuck")
  private static let refuse = MethodDescriptor(name: "t.S.Refuse")
  private let cancellations = Counter()

  private final class Counter: Sendable {
    let count = Atomic(0)
  }

  private func router() -> Router {
    var router = Router()
    router.unary(Self.echo) { (request: TestingEcho, context) in
      context.addResponseMetadata(context.metadata)
      return request
    }
    router.unary(Self.refuse) { (_: TestingEcho, context) -> TestingEcho in
      context.addResponseMetadata("trailer-bin", [0, 255, 10])
      throw RPCError.invalidField("title", "is empty")
    }
    router.unary(Self.stuck) { [cancellations] (_: TestingEcho, _) -> TestingEcho in
      try await withTaskCancellationHandler {
        try await Task.sleep(for: .seconds(3_600))
      } onCancel: {
        cancellations.count.wrappingAdd(1, ordering: .relaxed)
      }
      return TestingEcho()
    }
    return router
  }

  private func failure(_ method: String, _ message: [UInt8]?) throws -> RPCError {
    let pipe = Pipe(router: router())
    pipe.settle()
    let call = pipe.call(method, message)
    pipe.settle()
    return try #require(call.failure)
  }

  @Test("malformed requests, unknown services and methods, and the handler's own are told apart")
  func origins() throws {
    let malformed = try failure("t.S.Echo", [0x0A, 0x05, 0x01])
    #expect(malformed.code == .invalidArgument && malformed.details.origin == .malformed)
    let method = try failure("t.S.Missing", [])
    #expect(method.code == .unimplemented && method.details.origin == .unknownMethod)
    let service = try failure("t.Other.Echo", [])
    #expect(service.code == .unimplemented && service.details.origin == .unknownService)
    let application = try failure("t.S.Refuse", [])
    #expect(application.code == .invalidArgument && application.details.origin == .application)
    #expect(application.details.fieldViolations.map(\.field) == ["title"])
  }

  @Test("metadata comes with an answer and with a failure, any bytes, keys repeated, in order")
  func metadata() throws {
    let pipe = Pipe(router: router())
    pipe.settle()
    var metadata = Metadata()
    metadata.add("Tag", "one")
    metadata.add("tag", "two")
    metadata.add("raw-bin", [0, 1, 255])
    let seen = Outcome<Metadata>()
    let call = Call(connection: pipe.client, method: "t.S.Echo", deadline: .max)
    call.onResponseMetadata = { seen.result = .success($0) }
    pipe.client.open(
      call, UnsentRequest(RequestHeader(method: "t.S.Echo", metadata: metadata.wire), []))
    pipe.settle()
    #expect(try seen.result?.get() == metadata)
    let failing = pipe.call("t.S.Refuse", [])
    failing.onResponseMetadata = { seen.result = .success($0) }
    pipe.settle()
    #expect(try seen.result?.get()[bytes: "trailer-bin"] == [0, 255, 10])
    #expect(failing.failure?.code == .invalidArgument)
  }

  @Test("the server's own deadline comes first, and says how long the handler had it")
  func serverTellsTheTime() throws {
    let pipe = Pipe(router: router())
    pipe.settle()
    let call = pipe.call("t.S.Stuck", [], timeoutMilliseconds: 1_000)
    pipe.settle()
    for _ in 0..<101 { pipe.advance(milliseconds: 10) }
    let error = try #require(call.failure)
    #expect(error.code == .deadlineExceeded && error.details.origin == .runtime)
    #expect(error.details.hops.map(\.hop) == ["server t.S.Stuck"])
    let spent = try #require(error.details.hops.first?.spentMicroseconds)
    #expect((980_000...1_000_000).contains(spent))
  }

  @Test("a deadline that passes on the way is told with what was waited for")
  func clientTellsTheTime() throws {
    let pipe = Pipe(router: router())
    pipe.settle()
    pipe.holdsServerOutput = true
    let call = pipe.call("t.S.Stuck", [], timeoutMilliseconds: 1_000)
    pipe.advance(milliseconds: 1_001)
    #expect(call.failure?.details.hops.map(\.hop) == ["waiting for server"])
  }

  @Test("a cancelled call's task is cancelled in the turn that reads the CANCEL")
  func cancellation() throws {
    let pipe = Pipe(router: router())
    pipe.settle()
    let call = pipe.call("t.S.Stuck", [])
    pipe.settle()
    let cancel = RPCCancel(reason: "enough").serialized()
    pipe.deliverToServer(
      FrameHeader(kind: .cancel, stream: call.stream, payloadLength: UInt32(cancel.count)).bytes
        + cancel)
    // Not one turn of the loop later: reading it was enough.
    #expect(cancellations.count.load(ordering: .relaxed) == 1)
    #expect(pipe.server.load == 0)
  }

  @Test("a server says a little less time than is left, never none")
  func announcedTime() {
    #expect(Deadline.announced(remaining: 30_000_000) == 29_990_000)
    #expect(Deadline.announced(remaining: 1_000) == 900)
    #expect(Deadline.announced(remaining: 1) == 1)
    #expect(Deadline.announced(remaining: 0) == 1)
  }
}
