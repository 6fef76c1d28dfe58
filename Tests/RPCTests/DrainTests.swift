import API
import Codec
import Testing

@testable import RPC

@Suite("Drain and age")
struct DrainTests {
  private static let echo = MethodDescriptor(name: "t.S.Echo")
  private static let stuck = MethodDescriptor(name: "t.S.Stuck")

  private func router() -> Router {
    var router = Router()
    router.unary(Self.echo) { (request: TestingEcho, _) in request }
    router.unary(Self.stuck) { (request: TestingEcho, _) -> TestingEcho in
      try await Task.sleep(for: .seconds(3_600))
      return TestingEcho()
    }
    return router
  }

  /// Kinds of the frames in `bytes`, GOAWAY with its last stream.
  private func frames(_ bytes: [UInt8]) throws -> [String] {
    var rest = bytes[...]
    var kinds: [String] = []
    while !rest.isEmpty {
      let header = try FrameHeader(parsing: Array(rest), limit: 1 << 20)
      let payload = Array(rest.dropFirst(12).prefix(Int(header.payloadLength)))
      if header.kind == .goaway {
        kinds.append("goaway \(try RPCGoaway(serialized: payload).lastStream)")
      } else {
        kinds.append("\(header.kind)")
      }
      rest = rest.dropFirst(12 + payload.count)
    }
    return kinds
  }

  @Test("a server says GOAWAY twice, and answers what was under way between the two")
  func twoSteps() throws {
    let pipe = Pipe(router: router())
    pipe.settle()
    pipe.holdsServerOutput = true
    pipe.server.drain()
    #expect(try frames(pipe.takeServerOutput()) == ["goaway 2147483647", "ping"])
    // The client has not read that yet; its request is taken.
    let payload = RPCRequest(method: "t.S.Echo", message: TestingEcho().serialized()).serialized()
    pipe.inject(
      FrameHeader(
        kind: .request, flags: .endStream, stream: 1, payloadLength: UInt32(payload.count)
      ).bytes + payload)
    let ping = RPCPing(opaque: .max).serialized()
    pipe.inject(
      FrameHeader(kind: .ping, flags: .ack, stream: 0, payloadLength: UInt32(ping.count)).bytes
        + ping)
    #expect(try frames(pipe.takeServerOutput()) == ["response", "goaway 1"])
    #expect(pipe.isCutByServer)
  }

  @Test("a client that does not echo holds the drain up for a second, no longer")
  func noEcho() throws {
    let pipe = Pipe(router: router())
    pipe.settle()
    _ = pipe.takeServerOutput()
    pipe.server.drain()
    _ = pipe.takeServerOutput()
    pipe.advance(milliseconds: 999)
    #expect(!pipe.isCutByServer)
    pipe.advance(milliseconds: 2)
    #expect(pipe.isCutByServer)
  }

  @Test("calls in flight finish before the connection closes; later ones go elsewhere")
  func inFlight() throws {
    let pipe = Pipe(router: router())
    pipe.settle()
    let open = pipe.call("t.S.Stuck", TestingEcho().serialized())
    pipe.settle()
    pipe.server.drain()
    pipe.settle()
    #expect(!pipe.isCutByServer && !open.isOver)
    let late = pipe.call("t.S.Echo", TestingEcho().serialized())
    #expect(late.failure?.isNotProcessed == true)
    pipe.client.cancel(open, .cancelled)
    pipe.settle()
    #expect(pipe.isCutByServer)
  }

  @Test("a connection that has reached its age is drained, give or take a tenth")
  func age() {
    var ages: Set<Int> = []
    for seed in 1...20 {
      var settings = ConnectionSettings.defaults
      settings.maxConnectionAgeMilliseconds = 600_000
      settings.pingIntervalMilliseconds = 3_600_000
      let pipe = Pipe(router: router(), settings: settings, seed: UInt64(seed))
      pipe.settle()
      var seconds = 0
      while !pipe.isCutByServer, seconds < 1_000 {
        pipe.advance(milliseconds: 1_000)
        seconds += 1
      }
      #expect((540...661).contains(seconds))
      ages.insert(seconds)
    }
    #expect(ages.count > 5, "connections that came together must not go together")
  }
}
