import Codec

// Frames in: each kind to its event of the state machine.

extension Connection {
  func parseHeader(_ bytes: UnsafeRawBufferPointer) throws(ProtocolViolation) -> FrameHeader {
    let header: FrameHeader
    do {
      header = try FrameHeader(parsing: bytes, limit: state.frameLimit)
    } catch {
      throw ProtocolViolation("\(error)")
    }
    try state.checkOrder(header.kind)
    return header
  }

  func handle(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer)
    throws(ProtocolViolation)
  {
    switch header.kind {
    case .hello: try handleHello(payload)
    case .request: try handleRequest(header, payload)
    case .response: try handleResponse(header, payload)
    case .message: try handleMessage(header, payload)
    case .status: try handleStatus(header, payload)
    case .cancel: try handleCancel(header, payload)
    case .credit: try handleCredit(header, payload)
    case .ping: try handlePing(header, payload)
    case .goaway: try handleGoaway(payload)
    }
  }

  func decode<M: Message>(_ type: M.Type, _ payload: UnsafeRawBufferPointer)
    throws(ProtocolViolation) -> M
  {
    do {
      return try M(serialized: payload)
    } catch {
      throw malformed(M.self, error)
    }
  }

  func handleHello(_ payload: UnsafeRawBufferPointer) throws(ProtocolViolation) {
    let magic = WireProtocol.magic
    guard payload.count >= magic.count, payload.prefix(magic.count).elementsEqual(magic) else {
      throw ProtocolViolation("HELLO without the protocol's magic bytes: not an Assay peer")
    }
    let hello = try decode(
      RPCHello.self, UnsafeRawBufferPointer(rebasing: payload[magic.count...]))
    if !isClient, state.phase == .awaitingHello { sendHello() }
    try state.receivedHello(hello)
    helloCredential = hello.credential
    armKeepalive()
    onOpen?()
    onOpen = nil
  }

  func handleRequest(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer)
    throws(ProtocolViolation)
  {
    let request: ReceivedRequest
    do {
      request = try ReceivedRequest(payload)
    } catch {
      throw malformed(RPCRequest.self, error)
    }
    switch try state.receivedRequest(header.stream) {
    case .refuse(let error):
      refuse(header, error)
    case .accept:
      if let error = refusal(toHold: payload.count) { return refuse(header, error) }
      try onRequest?(header, request)
    }
  }

  private func refuse(_ header: FrameHeader, _ error: RPCError) {
    counters.callsFailed += 1
    send(.status, [.endStream], header.stream, RPCStatus(error))
  }

  func handleCancel(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer)
    throws(ProtocolViolation)
  {
    _ = try decode(RPCCancel.self, payload)
    guard let call = try state.receivedCancel(header.stream) else { return }
    call.over(.cancelled)
    closeIfDrained()
  }

  /// Server: takes on a call that the state machine lets in.
  func accept(_ header: FrameHeader, _ request: ReceivedRequest, method: String) -> Call {
    let timeout = request.timeoutMicroseconds
    let deadline = timeout == 0 ? .max : loop.now &+ min(timeout, 1 << 40) * 1_000
    let call = Call(connection: self, method: method, deadline: deadline)
    call.stream = header.stream
    call.holdRequest(request.heldBytes)
    let endStream = header.flags.contains(.endStream)
    counters.callsStarted += 1
    state.acceptStream(header.stream, call, endStream: endStream)
    call.receiveInline(request.message, endStream: endStream)
    watchDeadline(deadline)
    return call
  }

  func malformed<M: Message>(_: M.Type, _ error: CodecError) -> ProtocolViolation {
    ProtocolViolation("malformed \(M.protoName): \(error)")
  }

  func handleMessage(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer)
    throws(ProtocolViolation)
  {
    let flags = header.flags
    let cost =
      flags.contains(.empty) ? 0 : payload.count + WireProtocol.messageOverheadBytes
    let action = try state.receivedMessage(
      header.stream, cost: cost, endStream: flags.contains(.endStream))
    switch action {
    case .discard:
      consumed(nil, bytes: cost)
    case .deliver(let call):
      try call.receiveFragment(
        payload, more: flags.contains(.more), empty: flags.contains(.empty),
        endStream: flags.contains(.endStream))
    }
  }

  func handleResponse(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer)
    throws(ProtocolViolation)
  {
    let response: ReceivedResponse
    do {
      response = try ReceivedResponse(payload)
    } catch {
      throw malformed(RPCResponse.self, error)
    }
    guard let call = try state.receivedEnd(header.stream) else { return }
    guard !call.hasReceivedMessage else {
      let violation = ProtocolViolation("RESPONSE on stream \(header.stream) after a MESSAGE")
      call.over(RPCError(.internal, "\(peerAddress) broke the protocol: \(violation)"))
      throw violation
    }
    call.receiveInline(response.message, endStream: true)
    call.receiveEnd(nil, metadata: response.metadata)
    streamEnded()
  }

  func handleStatus(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer)
    throws(ProtocolViolation)
  {
    let status = try decode(RPCStatus.self, payload)
    guard let call = try state.receivedEnd(header.stream) else { return }
    call.receiveEnd(RPCError(status), metadata: status.metadata)
    streamEnded()
  }

  func handleCredit(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer)
    throws(ProtocolViolation)
  {
    let credit = try decode(RPCCredit.self, payload)
    switch try state.receivedCredit(header.stream, bytes: credit.bytes) {
    case .connection: pumpBlocked()
    case .stream(let call): call.pump()
    case .none: break
    }
  }

  func handlePing(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer)
    throws(ProtocolViolation)
  {
    let ping = try decode(RPCPing.self, payload)
    guard header.flags.contains(.ack) else { return send(.ping, [.ack], 0, ping) }
    if ping.opaque == Keepalive.drainPing, state.phase == .announcedDrain { finishDrain() }
  }

  func handleGoaway(_ payload: UnsafeRawBufferPointer) throws(ProtocolViolation) {
    let goaway = try decode(RPCGoaway.self, payload)
    if goaway.code != 0 {
      // The peer is about to close; what it said explains every call that is lost by it.
      closeError = .runtime(
        StatusCode(wire: goaway.code), "\(peerName) closed the connection: \(goaway.message)")
    }
    let error = RPCError.notProcessed(.unavailable, "\(peerName) is draining")
    for call in state.receivedGoaway(lastStream: goaway.lastStream) { call.over(error) }
    while let (call, _) = nextWaiting() { call.over(error) }
    queueChanged()
    onDraining?(goaway.code == 0)
    onDraining = nil
    if goaway.code != 0 { closeNow() } else { closeIfDrained() }
  }
}
