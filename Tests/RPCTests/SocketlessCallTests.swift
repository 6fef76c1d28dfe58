import API
import Codec
import Synchronization
import Testing

@testable import RPC

/// Calls through both state machines with no socket and a clock that the test moves.
@Suite("Calls without sockets")
struct SocketlessCallTests {
  private static let echo = MethodDescriptor(name: "t.Echo")
  private static let stuck = MethodDescriptor(name: "t.Stuck")
  private static let flood = MethodDescriptor(name: "t.Flood", serverStreaming: true)
  private static let sink = MethodDescriptor(name: "t.Sink", clientStreaming: true)

  private func router() -> Router {
    var router = Router()
    router.unary(Self.echo) { (request: TestingEcho, _) in request }
    router.unary(Self.stuck) { (request: TestingEcho, _) -> TestingEcho in
      while !Task.isCancelled { await Task.yield() }
      throw CancellationError()
    }
    router.serverStreaming(Self.flood) {
      (request: TestingEcho, writer: MessageWriter<TestingEcho>, _) in
      for _ in 0..<request.responseCount {
        try await writer.send(TestingEcho(payload: [UInt8](repeating: 1, count: 1_000)))
      }
    }
    router.clientStreaming(Self.sink) { (reader: MessageReader<TestingEcho>, _) in
      var total = 0
      while let message = try await reader.next() { total += message.payload.count }
      return TestingEcho(responseBytes: Int32(total))
    }
    return router
  }

  private func small() -> ConnectionSettings {
    var settings = ConnectionSettings.defaults
    settings.maxFrameBytes = 1_024
    settings.initialStreamCredit = 4_096
    settings.initialConnectionCredit = 16_384
    return settings
  }

  @Test("a call answers whatever the cuts in the byte stream", arguments: 1...50)
  func anyCut(seed: UInt64) throws {
    let pipe = Pipe(router: router(), settings: small(), seed: seed)
    pipe.settle()
    for size in [0, 1, 900, 1_024, 5_000, 20_000] {
      let request = TestingEcho(payload: [UInt8](repeating: 5, count: size))
      let call = pipe.call("t.Echo", request.serialized())
      let outcome = pipe.start { try await call.single() }
      pipe.settle()
      let answer = try TestingEcho(serialized: try #require(outcome.result).get())
      #expect(answer == request, "seed \(seed)")
    }
  }

  @Test("a writer that nobody reads stops at the stream's credit")
  func backpressure() throws {
    let pipe = Pipe(router: router(), settings: small())
    pipe.settle()
    let call = pipe.call("t.Flood", TestingEcho(responseCount: 1_000).serialized())
    pipe.settle()
    // Nobody has read: the server is still in the call and has used its credit up, no more.
    let stream = try #require(pipe.server.state.streams[call.stream])
    #expect(stream.sendCredit < 1_024)
    let outcome = pipe.start {
      var count = 0
      while try await call.next() != nil { count += 1 }
      return count
    }
    pipe.settle()
    #expect(try outcome.result?.get() == 1_000)
  }

  @Test("a deadline passes on the manual clock, on both sides")
  func deadline() throws {
    let pipe = Pipe(router: router())
    pipe.settle()
    let call = pipe.call("t.Sink", nil, timeoutMilliseconds: 500)
    let outcome = pipe.start { try await call.single() }
    pipe.settle()
    #expect(outcome.result == nil)
    pipe.advance(milliseconds: 501)
    #expect {
      try outcome.result?.get()
    } throws: {
      ($0 as? RPCError)?.code == .deadlineExceeded
    }
    #expect(pipe.server.load == 0)
  }

  @Test("a lost connection fails open calls as unavailable")
  func lost() throws {
    let pipe = Pipe(router: router())
    pipe.settle()
    let call = pipe.call("t.Sink", nil)
    let outcome = pipe.start { try await call.single() }
    pipe.settle()
    pipe.cut()
    #expect {
      try outcome.result?.get()
    } throws: {
      ($0 as? RPCError)?.code == .unavailable
    }
  }

  @Test("calls over the server's limit wait for a free stream and are answered")
  func waiting() throws {
    var settings = small()
    settings.maxConcurrentStreams = 2
    let pipe = Pipe(router: router(), settings: settings)
    pipe.settle()
    let outcomes = (0..<10).map { index in
      let call = pipe.call("t.Echo", TestingEcho(payload: [UInt8(index)]).serialized())
      return pipe.start { try await call.single() }
    }
    pipe.settle()
    for (index, outcome) in outcomes.enumerated() {
      let answer = try TestingEcho(serialized: try #require(outcome.result).get())
      #expect(answer.payload == [UInt8(index)])
    }
  }

  @Test("a client that connects and says nothing is closed after ten seconds")
  func halfOpen() throws {
    let time = ManualTime()
    let loop = EventLoop(clock: { time.now }, wake: {})
    loop.adoptCurrentThread()
    let server = Server(router: router())
    let connection = server.accept(on: loop, from: PeerAddress("silent"))
    let end = RecordingTransport(connection)
    connection.start(end)
    _ = loop.runTurn()
    time.now += 9_900_000_000
    _ = loop.runTurn()
    #expect(!end.isClosed)
    time.now += 200_000_000
    _ = loop.runTurn()
    #expect(end.isClosed)
  }

  @Test("a peer that falls silent is asked by PING, then given up")
  func silentPeer() throws {
    let pipe = Pipe(router: router())
    pipe.settle()
    let call = pipe.call("t.Sink", nil)
    pipe.settle()
    // Both sides answer each other's PING: nothing is lost in an hour of silence.
    for _ in 0..<120 { pipe.advance(milliseconds: 30_000) }
    #expect(!pipe.isCutByServer && !pipe.isCutByClient)
    #expect(!call.isOver)
  }

  @Test(
    "bytes that are no Assay are answered with GOAWAY and closed",
    arguments: [
      [UInt8]("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8),
      [UInt8](repeating: 0xFF, count: 64),
      FrameHeader(kind: .request, stream: 1, payloadLength: 0).bytes,
      FrameHeader(kind: .hello, stream: 0, payloadLength: 8).bytes + [1, 2, 3, 4, 5, 6, 7, 8],
      FrameHeader(kind: .hello, stream: 0, payloadLength: 1 << 30).bytes,
    ])
  func garbage(bytes: [UInt8]) throws {
    let time = ManualTime()
    let loop = EventLoop(clock: { time.now }, wake: {})
    loop.adoptCurrentThread()
    let server = Server(router: router())
    let connection = server.accept(on: loop, from: PeerAddress("stranger"))
    let end = RecordingTransport(connection)
    connection.start(end)
    _ = bytes.withUnsafeBytes { connection.receive($0) }
    _ = loop.runTurn()
    #expect(end.isClosed)
    let header = try FrameHeader(parsing: end.written, limit: 1 << 16)
    #expect(header.kind == .goaway)
    let goaway = try RPCGoaway(serialized: Array(end.written[FrameHeader.size...]))
    #expect(goaway.message.contains("protocol violation"))
  }
}

/// Keeps what a connection writes.
private final class RecordingTransport: ConnectionTransport {
  let connection: Connection
  var written: [UInt8] = []
  var isClosed = false

  init(_ connection: Connection) {
    self.connection = connection
  }

  func flush() {
    written += connection.outbound
    connection.didWrite(connection.outbound.count)
  }

  func closeAfterFlush() { isClosed = true }
  func setReadingPaused(_ paused: Bool) {}
}
