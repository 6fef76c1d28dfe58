import API
import Codec

@testable import RPC

/// One connection whose other side is a vector: bytes go in, bytes are kept, time stands still.
final class VectorPeer {
  let connection: Connection
  private let loop: EventLoop
  private let end: End
  private let server: Server?
  private var calls: [UInt32: Call] = [:]
  private var unfinished: [UInt8] = []

  init(isClient: Bool, settings: ConnectionSettings) {
    let time = ManualTime()
    loop = EventLoop(clock: { time.now }, wake: {})
    loop.adoptCurrentThread()
    let address = PeerAddress("vector")
    if isClient {
      server = nil
      connection = Connection(loop: loop, isClient: true, settings: settings, peerAddress: address)
    } else {
      var router = Router()
      router.register(VectorEcho())
      let answering = Server(router: router, settings: settings)
      server = answering
      connection = answering.accept(on: loop, from: address)
    }
    end = End(connection)
    connection.start(end)
    settle()
  }

  var isClosed: Bool { end.isClosed }

  func receive(_ bytes: [UInt8]) {
    end.pending += bytes
    let taken = end.pending.withUnsafeBytes { connection.receive($0) }
    end.pending.removeFirst(min(taken, end.pending.count))
    settle()
  }

  func takeOutput() -> [UInt8] {
    end.flush()
    defer { end.written = [] }
    return end.written
  }

  func drain() {
    server?.drain()
    if server == nil { connection.drain() }
    settle()
  }

  /// Runs until nothing moves any more; a client takes what has arrived.
  private func settle() {
    for _ in 0..<10_000 {
      guard loop.runTurn() == 0 || takeMessages() || loop.runTurn() == 0 else { return }
    }
  }

  private func takeMessages() -> Bool {
    var hasTaken = false
    for call in calls.values {
      while case .success(.some)? = call.takeIfReady() { hasTaken = true }
    }
    return hasTaken
  }

  // MARK: A client does what a vector's client did.

  func open(_ method: String, _ message: [UInt8]? = nil) {
    let call = Call(connection: connection, method: method, deadline: .max)
    connection.open(call, UnsentRequest(RequestHeader(method: method), message))
    calls[call.stream] = call
    settle()
  }

  /// Sends, by calls, what `frame` says.
  func act(_ frame: [UInt8]) throws {
    let header = try FrameHeader(parsing: frame, limit: .max)
    let payload = Array(frame[FrameHeader.size...])
    let isLast = header.flags.contains(.endStream)
    switch header.kind {
    case .request:
      let request = try RPCRequest(serialized: payload)
      open(request.method, request.message)
    case .message where header.flags.contains(.empty):
      calls[header.stream]?.halfClose()
    case .message:
      unfinished += payload
      if header.flags.contains(.more) { return }
      calls[header.stream]?.sendFirst(unfinished, endStream: isLast)
      unfinished = []
    case .cancel:
      guard let call = calls[header.stream] else { return }
      connection.cancel(call, RPCError(.cancelled, "the vector's client left"))
    default: break
    }
    settle()
  }

  private final class End: ConnectionTransport {
    let connection: Connection
    var written: [UInt8] = []
    var pending: [UInt8] = []
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
}

/// The echo service, as far as the vectors use it.
private struct VectorEcho: TestingEchoServiceService {
  func unary(_ request: TestingEcho, context: ServerContext) async throws -> TestingEcho {
    try check(request)
    return request
  }

  func collect(_ requests: MessageReader<TestingEcho>, context: ServerContext) async throws
    -> TestingEcho
  {
    var total = 0
    for try await request in requests {
      try check(request)
      // Takes no more messages; the task is cancelled when the connection ends.
      if request.delayMilliseconds > 0 { try await Task.sleep(for: .seconds(3_600)) }
      total += request.payload.count
    }
    return TestingEcho(responseBytes: Int32(total))
  }

  func expand(
    _ request: TestingEcho, responses: MessageWriter<TestingEcho>, context: ServerContext
  ) async throws {
    for index in 0..<request.responseCount {
      let payload = [UInt8](repeating: UInt8(index), count: Int(request.responseBytes))
      try await responses.send(TestingEcho(payload: payload))
    }
  }

  func chat(
    _ requests: MessageReader<TestingEcho>, responses: MessageWriter<TestingEcho>,
    context: ServerContext
  ) async throws {
    for try await request in requests {
      try check(request)
      try await responses.send(request)
    }
  }

  private func check(_ request: TestingEcho) throws {
    guard request.statusCode != 0 else { return }
    throw RPCError(StatusCode(wire: request.statusCode), request.statusMessage)
  }
}
