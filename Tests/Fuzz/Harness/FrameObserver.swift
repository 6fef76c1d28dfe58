import Codec

@testable import RPC

/// Watches what a connection writes and knows what `wire.md` lets it: an independent model, much
/// smaller than the state machine under test.
struct FrameObserver {
  enum Role { case client, server }

  let role: Role
  /// What the peer's HELLO announced.
  private(set) var maxFrameBytes = WireProtocol.maxHelloBytes
  private var initialStreamCredit = 0
  private var connectionCredit = 0
  private var streamCredit: [UInt32: Int] = [:]
  private var maxConcurrentStreams = 0
  /// Client: streams that neither side has ended. What the peer sends counts when it is sent, be it
  /// before the REQUEST is seen, so that the client may know of more open streams than this.
  private var open: Set<UInt32> = []
  private var answered: Set<UInt32> = []
  /// Streams on which nothing more may be sent.
  private var closed: Set<UInt32> = []
  /// Client: the highest stream that it opened. Server: those that it was asked on.
  private var highest: UInt32 = 0
  private var requested: Set<UInt32> = []
  private var hasSaidHello = false
  private var hasFailed = false
  /// The peer sent bytes that may be anything: nothing is known of streams and credit any more.
  private var isBlind = false
  /// One line for each frame.
  private(set) var log: [String] = []

  init(_ role: Role) {
    self.role = role
  }

  // MARK: What the peer has said

  mutating func peerSaid(_ hello: RPCHello) {
    guard maxFrameBytes == WireProtocol.maxHelloBytes else { return }
    maxFrameBytes = max(WireProtocol.maxHelloBytes, Int(hello.maxFrameBytes))
    initialStreamCredit = Int(hello.initialStreamCreditBytes)
    connectionCredit = Int(hello.initialConnectionCreditBytes)
    maxConcurrentStreams = Int(hello.maxConcurrentStreams)
  }

  /// Bytes that are or may be a frame: what it might allow is allowed from now on.
  mutating func peerSent(_ kind: UInt8, _ stream: UInt32, _ payload: [UInt8]) {
    switch FrameKind(rawValue: kind) {
    case .request: requested.insert(stream)
    case .response, .status:
      answered.insert(stream)
      open.remove(stream)
    case .credit:
      guard let grant = try? RPCCredit(serialized: payload) else { return }
      if stream == 0 {
        connectionCredit += Int(grant.bytes)
      } else {
        streamCredit[stream] = credit(on: stream) + Int(grant.bytes)
      }
    default: break
    }
  }

  mutating func peerSentRawBytes() { isBlind = true }

  private func credit(on stream: UInt32) -> Int { streamCredit[stream] ?? initialStreamCredit }

  // MARK: What the connection says

  mutating func sees(_ header: FrameHeader, _ payload: [UInt8]) {
    log.append("\(header.kind) \(header.flags.rawValue) \(header.stream) \(payload)")
    expect(!hasFailed, "nothing follows a GOAWAY that reports a violation, but \(header.kind)")
    expect(
      hasSaidHello || header.kind == .hello || header.kind == .goaway,
      "HELLO comes first, not \(header.kind)")
    switch header.kind {
    case .hello: seesHello(payload)
    case .request: seesRequest(header, payload)
    case .message: seesMessage(header, payload)
    case .response, .status: seesEnd(header, payload)
    case .cancel:
      expect(role == .client, "only a client says CANCEL")
      expect(closed.insert(header.stream).inserted, "CANCEL comes once, on an open stream")
      open.remove(header.stream)
    case .credit:
      let credit = decode(RPCCredit.self, payload)
      expect(credit.bytes > 0, "CREDIT gives something")
    case .ping: _ = decode(RPCPing.self, payload)
    case .goaway: hasFailed = decode(RPCGoaway.self, payload).code != 0
    }
  }

  private mutating func seesHello(_ payload: [UInt8]) {
    expect(!hasSaidHello, "HELLO is said once")
    hasSaidHello = true
    let magic = WireProtocol.magic
    expect(payload.starts(with: magic), "HELLO begins with the magic bytes")
    _ = decode(RPCHello.self, Array(payload.dropFirst(magic.count)))
  }

  private mutating func seesRequest(_ header: FrameHeader, _ payload: [UInt8]) {
    expect(role == .client, "only a client says REQUEST")
    expect(header.stream % 2 == 1 && header.stream > highest, "streams are odd and rise")
    highest = header.stream
    if !answered.contains(header.stream) { open.insert(header.stream) }
    expect(
      isBlind || open.count <= maxConcurrentStreams,
      "no more than \(maxConcurrentStreams) calls are open")
    _ = decode(RPCRequest.self, payload)
  }

  private mutating func seesMessage(_ header: FrameHeader, _ payload: [UInt8]) {
    let stream = header.stream
    expect(!closed.contains(stream), "no MESSAGE on stream \(stream), which is closed")
    checkIsKnown(stream)
    if role == .client, header.flags.contains(.endStream) {
      expect(!header.flags.contains(.more), "END_STREAM is not said in the middle of a message")
    }
    let isFree = header.flags.contains(.empty)
    let cost = isFree ? 0 : payload.count + WireProtocol.messageOverheadBytes
    connectionCredit -= cost
    let left = credit(on: stream) - cost
    streamCredit[stream] = left
    guard !isBlind else { return }
    expect(connectionCredit >= 0, "no more is sent than the connection's credit")
    expect(left >= 0, "no more is sent than the credit of stream \(stream)")
  }

  private mutating func seesEnd(_ header: FrameHeader, _ payload: [UInt8]) {
    expect(role == .server, "only a server says \(header.kind)")
    expect(closed.insert(header.stream).inserted, "stream \(header.stream) ends once")
    checkIsKnown(header.stream)
    if header.kind == .status {
      _ = decode(RPCStatus.self, payload)
    } else {
      _ = decode(RPCResponse.self, payload)
    }
  }

  private func checkIsKnown(_ stream: UInt32) {
    guard !isBlind else { return }
    switch role {
    case .client: expect(stream <= highest, "stream \(stream) was opened")
    case .server: expect(requested.contains(stream), "stream \(stream) was asked for")
    }
  }

  private func decode<M: Message>(_: M.Type, _ payload: [UInt8]) -> M {
    guard let message = try? M(serialized: payload) else {
      broken("a connection writes payloads that are \(M.protoName)")
    }
    return message
  }
}
