import API
import Codec
import Testing

@testable import RPC

/// Peers that send too fast, read nothing, or dribble: what they can make the other side hold.
@Suite("Bounds")
struct BoundTests {
  private static let sink = MethodDescriptor(name: "t.S.Sink", clientStreaming: true)
  private static let flood = MethodDescriptor(name: "t.S.Flood", serverStreaming: true)
  private static let large = MethodDescriptor(name: "t.S.Large")

  private func router() -> Router {
    var router = Router()
    router.clientStreaming(Self.sink) {
      (reader: MessageReader<TestingEcho>, context) -> TestingEcho in
      // Never reads.
      while !Task.isCancelled { try await Task.sleep(for: .seconds(3_600)) }
      return TestingEcho()
    }
    router.serverStreaming(Self.flood) {
      (_: TestingEcho, writer: MessageWriter<TestingEcho>, _) in
      while true { try await writer.send(TestingEcho(payload: [UInt8](repeating: 1, count: 900))) }
    }
    router.unary(Self.large) { (_: TestingEcho, _) in
      TestingEcho(payload: [UInt8](repeating: 1, count: 100_000))
    }
    return router
  }

  private func settings(_ change: (inout ConnectionSettings) -> Void = { _ in })
    -> ConnectionSettings
  {
    var settings = ConnectionSettings.defaults
    settings.initialStreamCredit = 20_000
    settings.initialConnectionCredit = 50_000
    change(&settings)
    return settings
  }

  @Test("a client that sends faster than handlers read has the server hold its credit, no more")
  func fastSender() throws {
    let pipe = Pipe(router: router(), settings: settings())
    pipe.settle()
    let message = TestingEcho(payload: [UInt8](repeating: 1, count: 900)).serialized()
    let tiny = TestingEcho().serialized()
    for index in 0..<20 {
      let call = pipe.call("t.S.Sink", nil)
      _ = pipe.start {
        while true { try await call.send(index % 2 == 0 ? message : tiny) }
      }
    }
    pipe.settle()
    #expect(pipe.server.heldBytes > 40_000)
    // The connection's credit, and what each call keeps of its request.
    #expect(pipe.server.heldBytes <= 50_000 + 20 * 128)
  }

  @Test("messages that are begun and never ended are bounded by the connection's buffer")
  func unfinished() throws {
    let limit = 100_000
    let pipe = Pipe(router: router(), settings: settings { $0.maxBufferedBytes = limit })
    pipe.settle()
    var calls: [Call] = []
    for _ in 0..<20 {
      let call = pipe.call("t.S.Sink", nil)
      calls.append(call)
      pipe.settle()
      // Parts with MORE: their credit comes back at once, so that only this bound holds them.
      for _ in 0..<10 {
        while let granted = pipe.client.takeSendCredit(call.stream, wanted: 1_000), granted > 0 {
          pipe.client.sendMessageFrame(
            call.stream, bytes: [UInt8](repeating: 0, count: granted), 0..<granted, flags: .more)
        }
        pipe.settle()
        #expect(pipe.server.heldBytes <= limit)
      }
    }
    let refused = try #require(calls.last?.failure)
    #expect(refused.code == .resourceExhausted)
    #expect(refused.details.limit?.name == "max_connection_buffer_bytes")
    #expect(refused.details.limit?.setting == "--max-connection-buffer-bytes")
  }

  @Test("a client that never reads its answers stops the server's writing, then its reading")
  func noReader() throws {
    let pipe = Pipe(
      router: router(),
      settings: settings {
        $0.outboundHighWaterBytes = 30_000
        $0.initialConnectionCredit = 1 << 20
      })
    pipe.settle()
    pipe.holdsServerOutput = true
    for _ in 0..<200 { _ = pipe.call("t.S.Flood", TestingEcho().serialized()) }
    pipe.settle()
    #expect(pipe.server.isReadingPaused)
    // What is over the mark when it is noticed: at most one frame for each call of one turn.
    #expect(pipe.server.out.count <= 30_000 + 200 * 1_000)
    // Each writer waits with one message.
    #expect(pipe.server.heldBytes <= 30_000 + 2 * 200 * 1_000)
  }

  @Test("whole answers that nobody reads are bounded by the connection's buffer")
  func unreadAnswers() throws {
    let limit = 1_000_000
    let pipe = Pipe(
      router: router(),
      settings: settings {
        $0.outboundHighWaterBytes = 30_000
        $0.maxBufferedBytes = limit
      })
    pipe.settle()
    pipe.holdsServerOutput = true
    for _ in 0..<100 { _ = pipe.call("t.S.Large", TestingEcho().serialized()) }
    pipe.settle()
    #expect(pipe.server.heldBytes <= limit + 100_064)
  }

  @Test("a process that holds what it may refuses further calls, naming the setting")
  func processBudget() throws {
    let budget = MemoryBudget(limitBytes: 10_000)
    let pipe = Pipe(router: router(), settings: settings(), budget: budget)
    pipe.settle()
    let first = pipe.call("t.S.Sink", nil)
    let message = TestingEcho(payload: [UInt8](repeating: 1, count: 900)).serialized()
    _ = pipe.start { while true { try await first.send(message) } }
    pipe.settle()
    #expect(budget.usedBytes <= 10_000 + MemoryBudget.stepBytes)
    #expect(first.failure?.details.limit?.name == "max_buffer_bytes")
    // The first call has given back what it held: there is room again.
    #expect(budget.usedBytes < MemoryBudget.stepBytes)
    budget.add(10_000)
    let second = pipe.call("t.S.Sink", nil)
    pipe.settle()
    let failure = try #require(second.failure)
    #expect(failure.code == .resourceExhausted && failure.isNotProcessed)
    #expect(failure.details.limit?.setting == "--max-buffer-bytes")
    #expect(failure.details.retryAfterMilliseconds != nil)
  }

  @Test("a frame that dribbles in is given thirty seconds, however alive its sender is")
  func dribble() throws {
    let pipe = Pipe(router: router(), settings: settings())
    pipe.settle()
    let frame = FrameHeader(kind: .request, stream: 1, payloadLength: 1_000).bytes
    pipe.inject(frame)
    for _ in 0..<29 {
      pipe.advance(milliseconds: 1_000)
      pipe.inject([0])
      #expect(!pipe.isCutByServer)
    }
    pipe.advance(milliseconds: 1_001)
    #expect(pipe.isCutByServer)
  }

  @Test("long uploads, cut anywhere, are no dribbling")
  func manyPartialFrames() throws {
    let pipe = Pipe(router: router(), settings: settings())
    pipe.settle()
    let ping = RPCPing(opaque: 5).serialized()
    let frame = FrameHeader(kind: .ping, stream: 0, payloadLength: UInt32(ping.count)).bytes + ping
    pipe.inject(Array(frame.prefix(5)))
    for _ in 0..<100 {
      pipe.advance(milliseconds: 10_000)
      pipe.inject(Array(frame.dropFirst(5) + frame.prefix(5)))
    }
    #expect(!pipe.isCutByServer)
  }

  @Test("what was held is given back exactly once: answers that waited, calls that were cut")
  func givenBack() throws {
    let budget = MemoryBudget(limitBytes: 1 << 30)
    let pipe = Pipe(router: router(), settings: settings(), budget: budget)
    pipe.settle()
    // Over a frame, so that they go through the queue; one is read, one left in mid-way.
    let read = pipe.call("t.S.Large", TestingEcho().serialized())
    let outcome = pipe.start { try await read.single() }
    pipe.settle()
    #expect(try outcome.result?.get().count ?? 0 > 100_000)
    #expect(pipe.server.heldBytes == 0)
    #expect(pipe.client.heldBytes == 0)
    pipe.holdsServerOutput = true
    let left = pipe.call("t.S.Large", TestingEcho().serialized())
    pipe.settle()
    #expect(pipe.server.heldBytes > 100_000)
    pipe.client.cancel(left, .cancelled)
    pipe.settle()
    #expect(pipe.server.heldBytes == pipe.server.out.count)
    // Cut with bytes on both sides: what calls give back later changes nothing any more.
    for _ in 0..<20 { _ = pipe.call("t.S.Large", TestingEcho().serialized()) }
    pipe.settle()
    #expect(budget.usedBytes > 0)
    pipe.cut()
    #expect(budget.usedBytes == 0)
  }

  @Test("calls that wait for a stream are bounded, and leave no trace when they give up")
  func waitingCalls() throws {
    let pipe = Pipe(
      router: router(),
      settings: settings {
        $0.maxConcurrentStreams = 1
        $0.maxBufferedBytes = 1_000_000
      })
    pipe.settle()
    _ = pipe.call("t.S.Sink", nil)
    let message = TestingEcho(payload: [UInt8](repeating: 1, count: 10_000)).serialized()
    let waiting = (0..<200).map { _ in pipe.call("t.S.Large", message) }
    #expect(pipe.client.heldBytes <= 1_000_000)
    #expect(waiting.last?.failure?.code == .resourceExhausted)
    #expect(waiting.last?.failure?.isNotProcessed == true)
    for call in waiting { pipe.client.cancel(call, .cancelled) }
    #expect(pipe.client.heldBytes == 0)
    #expect(pipe.client.waitingToOpen.isEmpty)
  }

  @Test("two sides that both have much to say do not wait for each other")
  func bothWays() throws {
    let pipe = Pipe(
      router: router(), settings: settings { $0.outboundHighWaterBytes = 30_000 })
    pipe.settle()
    let message = TestingEcho(payload: [UInt8](repeating: 1, count: 15_000)).serialized()
    let outcomes = (0..<200).map { _ in
      let call = pipe.call("t.S.Large", message)
      return pipe.start { try await call.single() }
    }
    pipe.settle()
    #expect(outcomes.allSatisfy { (try? $0.result?.get()) != nil })
  }

  @Test("a request's metadata is held and counted while its call is open, and has its limit")
  func metadata() throws {
    let pipe = Pipe(router: router(), settings: settings())
    pipe.settle()
    let entries = (0..<128).map { RPCMetadataEntry(key: "k\($0)", value: [0]) }
    let call = Call(connection: pipe.client, method: "t.S.Sink", deadline: .max)
    pipe.client.open(
      call, UnsentRequest(RequestHeader(method: "t.S.Sink", metadata: entries), nil))
    pipe.settle()
    #expect(pipe.server.heldBytes > 128 * 64)
    pipe.client.cancel(call, .cancelled)
    pipe.settle()
    #expect(pipe.server.heldBytes == 0)
    let tooMany = entries + [RPCMetadataEntry(key: "one")]
    for bad in [tooMany, [RPCMetadataEntry(key: "A b")]] {
      let call = Call(connection: pipe.client, method: "t.S.Sink", deadline: .max)
      pipe.client.open(
        call, UnsentRequest(RequestHeader(method: "t.S.Sink", metadata: bad), nil))
      pipe.settle()
      #expect([.resourceExhausted, .invalidArgument].contains(call.failure?.code))
    }
  }
}
