import Codec

@testable import RPC

/// The other side of the connection under test: does what the input says, most of it forbidden.
struct HostilePeer {
  let end: ScriptedEnd
  /// What a peer of this role opens calls on or answers: streams are mostly those that exist.
  private var nextStream: UInt32 = 1

  init(_ end: ScriptedEnd) {
    self.end = end
  }

  // MARK: HELLO

  /// Says HELLO, ordinary or with limits that the input chooses.
  func sayHello(_ input: inout FuzzInput) {
    var hello = RPCHello(
      minVersion: 1, maxVersion: 1, maxFrameBytes: 4_096, maxMessageBytes: 65_536,
      maxConcurrentStreams: 8, initialStreamCreditBytes: 4_096,
      initialConnectionCreditBytes: 16_384, pingIntervalMilliseconds: 30_000, software: "fuzz")
    let choice = input.byte()
    if choice & 1 != 0 { hello.maxFrameBytes = UInt32(input.uint16()) }
    if choice & 2 != 0 { hello.initialStreamCreditBytes = UInt32(input.uint16()) }
    if choice & 4 != 0 { hello.initialConnectionCreditBytes = UInt32(input.uint16()) }
    if choice & 8 != 0 { hello.maxConcurrentStreams = UInt32(input.byte()) }
    if choice & 16 != 0 { hello.maxMessageBytes = UInt32(input.uint16()) }
    if choice & 32 != 0 { hello.pingIntervalMilliseconds = UInt32(input.byte()) }
    if choice & 64 != 0 { hello.credential = "credential" }
    end.observer.peerSaid(hello)
    send(FrameKind.hello.rawValue, 0, 0, WireProtocol.magic + hello.serialized())
    end.deliver()
  }

  // MARK: Frames

  /// Sends a frame of which everything but the length is as the arguments say.
  func send(_ kind: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) {
    var bytes = FrameHeader(
      kind: .hello, flags: FrameFlags(rawValue: flags), stream: stream,
      payloadLength: UInt32(payload.count)
    ).bytes
    bytes[4] = kind
    end.observer.peerSent(kind, stream, payload)
    end.send(bytes + payload)
  }

  /// A frame whose every part is the input's.
  func sendAnyFrame(_ input: inout FuzzInput) {
    let kind = input.byte()
    let flags = input.byte()
    let stream = self.stream(&input)
    send(kind, flags, stream, input.string())
  }

  func sendRawBytes(_ input: inout FuzzInput) {
    end.observer.peerSentRawBytes()
    end.send(input.string())
  }

  /// A MESSAGE, up to 64 KiB long without costing the input more than its length.
  func sendMessage(_ input: inout FuzzInput) {
    let flags = input.byte()
    let stream = self.stream(&input)
    let isLong = input.byte() & 1 != 0
    let payload = isLong ? [UInt8](repeating: 1, count: Int(input.uint16())) : input.string()
    send(FrameKind.message.rawValue, flags, stream, payload)
  }

  func sendCredit(_ input: inout FuzzInput) {
    let stream = self.stream(&input)
    let bytes = input.byte() & 1 != 0 ? input.uint32() : UInt32(input.uint16())
    send(FrameKind.credit.rawValue, 0, stream, RPCCredit(bytes: bytes).serialized())
  }

  /// A REQUEST on a new stream.
  mutating func sendRequest(_ input: inout FuzzInput, methods: [String]) {
    let choice = input.byte()
    let method = methods[input.below(methods.count)]
    var request = RPCRequest(method: method)
    if choice & 1 != 0 { request.timeoutMicroseconds = UInt64(input.uint16()) }
    if choice & 2 != 0 { request.message = input.string() }
    if choice & 4 != 0 { request.traceparent = String(decoding: input.string(), as: UTF8.self) }
    if choice & 8 != 0 { request.metadata = [RPCMetadataEntry(key: "k", value: input.string())] }
    let flags = choice & 16 != 0 ? FrameFlags.endStream.rawValue : 0
    send(FrameKind.request.rawValue, flags, nextStream, request.serialized())
    nextStream += 2
  }

  /// A RESPONSE or STATUS on a stream of the client.
  func sendAnswer(_ input: inout FuzzInput) {
    let choice = input.byte()
    let stream = self.stream(&input)
    let endStream = FrameFlags.endStream.rawValue
    guard choice & 1 != 0 else {
      var response = RPCResponse()
      if choice & 2 != 0 { response.message = input.string() }
      return send(FrameKind.response.rawValue, endStream, stream, response.serialized())
    }
    var status = RPCStatus(code: Int32(input.byte() % 18), message: "said by the script")
    if choice & 2 != 0 {
      status.details = RPCStatusDetails(
        retryAfterMilliseconds: UInt64(input.uint16()), notProcessed: choice & 4 != 0)
    }
    send(FrameKind.status.rawValue, endStream, stream, status.serialized())
  }

  func sendGoaway(_ input: inout FuzzInput) {
    let goaway = RPCGoaway(
      lastStream: stream(&input), code: Int32(input.byte() % 18), message: "the script's")
    send(FrameKind.goaway.rawValue, 0, 0, goaway.serialized())
  }

  /// Mostly one of the first streams; sometimes any.
  private func stream(_ input: inout FuzzInput) -> UInt32 {
    let choice = input.byte()
    return choice < 0xF0 ? UInt32(choice % 24) : input.uint32()
  }
}
