import Codec

// Frames out: encoded into the buffer that the turn's end writes.

extension Connection {
  func send(
    _ kind: FrameKind, _ flags: FrameFlags, _ stream: UInt32, _ message: some Message
  ) {
    send(kind, flags, stream, bytes: message.encodedSize) { message.encode(into: &$0) }
  }

  /// A frame whose payload of exactly `size` bytes `encode` writes.
  func send(
    _ kind: FrameKind, _ flags: FrameFlags, _ stream: UInt32, bytes size: Int,
    _ encode: (inout WireWriter) -> Void
  ) {
    let room = out.extend(by: FrameHeader.size + size)
    FrameHeader(kind: kind, flags: flags, stream: stream, payloadLength: UInt32(size))
      .write(to: room)
    var writer = WireWriter(UnsafeMutableRawBufferPointer(rebasing: room[FrameHeader.size...]))
    encode(&writer)
    scheduleFlush()
  }

  func sendHello() {
    let hello = RPCHello(
      minVersion: WireProtocol.minVersion, maxVersion: WireProtocol.maxVersion,
      maxFrameBytes: UInt32(settings.maxFrameBytes),
      maxMessageBytes: UInt32(settings.maxMessageBytes),
      maxConcurrentStreams: UInt32(settings.maxConcurrentStreams),
      initialStreamCreditBytes: UInt32(settings.initialStreamCredit),
      initialConnectionCreditBytes: UInt32(settings.initialConnectionCredit),
      pingIntervalMilliseconds: UInt32(settings.pingIntervalMilliseconds),
      software: settings.software, credential: credential)
    let payload = WireProtocol.magic + hello.serialized()
    let room = out.extend(by: FrameHeader.size + payload.count)
    FrameHeader(kind: .hello, flags: [], stream: 0, payloadLength: UInt32(payload.count))
      .write(to: room)
    UnsafeMutableRawBufferPointer(rebasing: room[FrameHeader.size...]).copyBytes(from: payload)
    scheduleFlush()
  }

  func sendMessageFrame(_ stream: UInt32, bytes: [UInt8], _ range: Range<Int>, flags: FrameFlags) {
    let room = out.extend(by: FrameHeader.size + range.count)
    FrameHeader(kind: .message, flags: flags, stream: stream, payloadLength: UInt32(range.count))
      .write(to: room)
    bytes.withUnsafeBytes { source in
      UnsafeMutableRawBufferPointer(rebasing: room[FrameHeader.size...])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[range]))
    }
    scheduleFlush()
  }

  /// A RESPONSE whose message `encode` writes.
  func sendResponse(_ call: Call, messageBytes: Int, _ encode: (inout WireWriter) -> Void) {
    let metadata = call.responseMetadata
    let size = InlineMessage.size(of: messageBytes) + ResponseHeader.size(of: metadata)
    state.closeLocal(call.stream)
    send(.response, [.endStream], call.stream, bytes: size) { writer in
      ResponseHeader.encode(metadata, into: &writer)
      InlineMessage.encodePrefix(messageBytes: messageBytes, into: &writer)
      encode(&writer)
    }
    closeIfDrained()
  }

  /// A REQUEST, with a message that `encode` writes where `messageBytes` is not nil.
  func sendRequest(
    _ stream: UInt32, _ flags: FrameFlags, _ header: RequestHeader, messageBytes: Int?,
    _ encode: (inout WireWriter) -> Void
  ) {
    let size = header.encodedSize(messageBytes: messageBytes)
    send(.request, flags, stream, bytes: size) { writer in
      header.encode(into: &writer)
      guard let messageBytes else { return }
      InlineMessage.encodePrefix(messageBytes: messageBytes, into: &writer)
      encode(&writer)
    }
  }

  func sendStatus(_ stream: UInt32, _ status: RPCStatus) {
    state.closeLocal(stream)
    send(.status, [.endStream], stream, fitting(status))
    closeIfDrained()
  }

  /// A status that fits a frame of the peer: the code matters most, the sentence next.
  private func fitting(_ status: RPCStatus) -> RPCStatus {
    let limit = state.peer.maxFrameBytes
    guard status.encodedSize > limit else { return status }
    let room = max(0, limit - 64)
    var message = String(decoding: status.message.utf8.prefix(room), as: UTF8.self)
    // A character cut in two became a replacement character, which is longer than its first bytes.
    while message.utf8.count > room { message.removeLast() }
    var details = RPCStatusDetails()
    details.notProcessed = status.details?.notProcessed ?? false
    details.origin = status.details?.origin ?? .unspecified
    return RPCStatus(
      code: status.code, message: message, details: status.details == nil ? nil : details)
  }
}
