import API
import Codec

@testable import RPC

/// One call of a session: what is asked, and what must come back.
struct SimulatedCall: Sendable, CustomStringConvertible {
  enum Kind: Int, Sendable { case read, write, collect, expand, chat }

  let index: Int
  let kind: Kind
  let sizes: [Int]
  let timeoutMilliseconds: Int
  /// When the caller loses interest; nil if it does not.
  let cancelAfterMilliseconds: UInt64?

  var isReading: Bool { kind == .read }

  var description: String {
    "call \(index), \(kind) of \(sizes), \(timeoutMilliseconds) ms"
      + (cancelAfterMilliseconds.map { ", cancelled after \($0) ms" } ?? "")
  }

  init(index: Int, _ network: SimulatedNetwork, isHurried: Bool) {
    self.index = index
    kind = Kind(rawValue: network.number(0...4)) ?? .read
    let isStream = kind.rawValue > 1
    sizes = (0..<(isStream ? network.number(0...6) : 1)).map { _ in
      [0, 1, 200, 3_000, 20_000][network.number(0...4)]
    }
    timeoutMilliseconds = isHurried && network.chance(4) ? network.number(1...20) : 60_000
    cancelAfterMilliseconds = isHurried && network.chance(5) ? UInt64(network.number(0...8)) : nil
  }

  static let read = MethodDescriptor(name: "sim.Calls.Read", idempotency: .noSideEffects)
  static let write = MethodDescriptor(name: "sim.Calls.Write")
  static let collect = MethodDescriptor(name: "sim.Calls.Collect", clientStreaming: true)
  static let expand = MethodDescriptor(name: "sim.Calls.Expand", serverStreaming: true)
  static let chat = MethodDescriptor(
    name: "sim.Calls.Chat", clientStreaming: true, serverStreaming: true)

  private func message(_ size: Int) -> TestingEcho {
    // The call's number travels in a field that nothing else uses here.
    TestingEcho(
      payload: [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: size),
      responseCount: Int32(index))
  }

  /// Makes the call; the sizes of what came back.
  func make(on channel: Channel) async throws -> [Int] {
    var options = CallOptions()
    options.timeoutMilliseconds = timeoutMilliseconds
    switch kind {
    case .read, .write:
      let answer: TestingEcho = try await channel.unary(
        isReading ? SimulatedCall.read : SimulatedCall.write, message(sizes[0]), options: options)
      return [try checked(answer)]
    case .collect:
      let answer: TestingEcho = try await channel.clientStreaming(
        SimulatedCall.collect, options: options
      ) { (writer: MessageWriter<TestingEcho>) in
        for size in sizes { try await writer.send(message(size)) }
      }
      return answer.responseSizes.map(Int.init)
    case .expand:
      var request = message(0)
      request.responseSizes = sizes.map(Int32.init)
      return try await channel.serverStreaming(SimulatedCall.expand, request, options: options) {
        try await collect($0)
      }
    case .chat:
      return try await channel.bidirectional(SimulatedCall.chat, options: options) {
        (writer: MessageWriter<TestingEcho>, reader: MessageReader<TestingEcho>) in
        var received: [Int] = []
        for size in sizes {
          try await writer.send(message(size))
          guard let answer = try await reader.next() else { return received }
          received.append(try checked(answer))
        }
        writer.finish()
        return try await received + collect(reader)
      }
    }
  }

  private func collect(_ reader: MessageReader<TestingEcho>) async throws -> [Int] {
    var received: [Int] = []
    for try await answer in reader { received.append(try checked(answer)) }
    return received
  }

  private func checked(_ answer: TestingEcho) throws -> Int {
    let expected = [UInt8](
      repeating: UInt8(truncatingIfNeeded: index), count: answer.payload.count)
    guard Int(answer.responseCount) == index, answer.payload == expected else {
      throw SimulatedSession.Failure(description: "\(self) got another call's answer")
    }
    return answer.payload.count
  }
}

/// How a call ended.
///
/// `@unchecked Sendable`: the loop's thread and the simulation's are the same.
final class CallOutcome: @unchecked Sendable {
  let call: SimulatedCall
  private var result: Result<[Int], any Error>?

  init(_ call: SimulatedCall) {
    self.call = call
  }

  var isOver: Bool { result != nil }

  func start(on channel: Channel, _ loop: EventLoop) {
    let task = Task(executorPreference: loop) {
      do {
        self.result = .success(try await self.call.make(on: channel))
      } catch {
        self.result = .failure(error)
      }
    }
    if let milliseconds = call.cancelAfterMilliseconds {
      loop.schedule(at: loop.time() + milliseconds * 1_000_000) { task.cancel() }
    }
  }

  func verify(mayFail: Bool) throws {
    switch result {
    case .success(let sizes):
      guard sizes == call.sizes else {
        throw SimulatedSession.Failure(description: "\(call) got \(sizes)")
      }
    case .failure(let error as RPCError) where mayFail && Self.expected.contains(error.code):
      break
    case .failure(let error):
      throw SimulatedSession.Failure(description: "\(call) failed: \(error)")
    case nil:
      throw SimulatedSession.Failure(description: "\(call) never ended")
    }
  }

  /// What a network that fails may cause; anything else is ours.
  private static let expected: Set<StatusCode> = [.unavailable, .deadlineExceeded, .cancelled]
}

/// What the servers of a session have done.
///
/// `@unchecked Sendable`: as `CallOutcome`.
final class CallBook: @unchecked Sendable {
  private var counts: [Int: Int] = [:]
  /// Servers that have left the network and may still finish calls.
  private(set) var kept: [Server] = []
  var random = SplitMix64(state: 0)

  func keep(_ server: Server) { kept.append(server) }

  func runs(of call: Int) -> Int { counts[call, default: 0] }

  private func note(_ message: TestingEcho) { counts[Int(message.responseCount), default: 0] += 1 }

  func router() -> Router {
    var router = Router()
    for method in [SimulatedCall.read, SimulatedCall.write] {
      router.unary(method) { (request: TestingEcho, context) in
        self.note(request)
        await Task.yield()
        return request
      }
    }
    router.clientStreaming(SimulatedCall.collect) {
      (requests: MessageReader<TestingEcho>, _) -> TestingEcho in
      var sizes: [Int32] = []
      for try await request in requests {
        if sizes.isEmpty { self.note(request) }
        sizes.append(Int32(request.payload.count))
      }
      return TestingEcho(responseSizes: sizes)
    }
    router.serverStreaming(SimulatedCall.expand) {
      (request: TestingEcho, responses: MessageWriter<TestingEcho>, _) in
      self.note(request)
      for size in request.responseSizes {
        var answer = request
        answer.responseSizes = []
        answer.payload = [UInt8](
          repeating: UInt8(truncatingIfNeeded: request.responseCount), count: Int(size))
        try await responses.send(answer)
      }
    }
    router.bidirectional(SimulatedCall.chat) {
      (requests: MessageReader<TestingEcho>, responses: MessageWriter<TestingEcho>, _) in
      var isFirst = true
      for try await request in requests {
        if isFirst { self.note(request) }
        isFirst = false
        try await responses.send(request)
      }
    }
    return router
  }
}
