import Codec

// Calls: opening, leaving, credit, who waits for it.

extension Connection {
  /// Client: begins a call, now or when the peer's limit of concurrent calls allows.
  ///
  /// - Parameters:
  ///   - messageBytes: size of the one message that `encode` writes; nil if messages follow.
  func open(
    _ call: Call, _ header: RequestHeader, messageBytes: Int?, _ encode: (inout WireWriter) -> Void
  ) {
    // Cancelled before it could begin.
    guard !call.isOver else { return }
    guard isUsable else {
      var error =
        closeError ?? .runtime(.unavailable, "connection to \(peerName) is closing")
      error.details.notProcessed = true
      call.over(error)
      return
    }
    watchDeadline(call.deadline)
    guard state.canOpenStream, waitingToOpen.isEmpty, !isOutboundFilled else {
      return wait(call, header, messageBytes.map { UnsentRequest.bytes(count: $0, encode) })
    }
    openNow(call, header, messageBytes: messageBytes, encode)
  }

  /// Has a call wait until the peer's limit, or the transport, lets it begin.
  private func wait(_ call: Call, _ header: RequestHeader, _ message: [UInt8]?) {
    if let error = refusal(toHold: message?.count ?? 0) { return call.over(error) }
    wait(call, UnsentRequest(header, message))
    queueChanged()
  }

  func wait(_ call: Call, _ request: UnsentRequest) {
    call.request = request
    call.holdRequest(request.message?.count ?? 0)
    waitingToOpen.append(call)
  }

  /// Takes the first call that waits out of the queue.
  func nextWaiting() -> (Call, UnsentRequest)? {
    while let call = waitingToOpen.popFirst() {
      guard let request = call.request else {
        emptyPlaces -= 1
        continue
      }
      call.request = nil
      call.releaseRequest()
      return (call, request)
    }
    return nil
  }

  /// A call that waited is over: its place in the queue is empty, and the queue is put in order
  /// when most of it is.
  func forgetWaiting(_ call: Call) {
    guard call.request != nil else { return }
    call.request = nil
    emptyPlaces += 1
    if emptyPlaces * 2 > waitingToOpen.count {
      var waiting = FIFO<Call>()
      while let call = waitingToOpen.popFirst() {
        if call.request != nil { waiting.append(call) }
      }
      waitingToOpen = waiting
      emptyPlaces = 0
    }
    queueChanged()
  }

  func queueChanged() {
    onQueueChange?(waitingToOpen.count - emptyPlaces)
  }

  /// The same with a message that is bytes already.
  func open(_ call: Call, _ request: UnsentRequest) {
    open(call, request.header, messageBytes: request.message?.count, request.encodeMessage)
  }

  private func openNow(
    _ call: Call, _ header: RequestHeader, messageBytes: Int?, _ encode: (inout WireWriter) -> Void
  ) {
    var header = header
    if call.deadline != .max {
      header.timeoutMicroseconds = Deadline.announced(
        remaining: (call.deadline &- min(loop.now, call.deadline)) / 1_000)
    }
    counters.callsStarted += 1
    guard checkSize(of: header, for: call) else { return }
    guard let messageBytes else {
      call.stream = state.openStream(call, endStream: false)
      sendRequest(call.stream, [], header, messageBytes: nil, encode)
      call.opened()
      if !call.pump() { markBlocked(call) }
      return
    }
    if header.encodedSize(messageBytes: messageBytes) > state.peer.maxFrameBytes {
      call.stream = state.openStream(call, endStream: false)
      sendRequest(call.stream, [], header, messageBytes: nil, encode)
      call.opened()
      call.sendFirst(UnsentRequest.bytes(count: messageBytes, encode), endStream: true)
    } else {
      call.stream = state.openStream(call, endStream: true)
      sendRequest(call.stream, [.endStream], header, messageBytes: messageBytes, encode)
      call.opened()
      call.markOutboundClosed()
    }
  }

  /// Metadata and credential cannot be cut, as messages can: a REQUEST that is too large without
  /// its message fails its own call rather than the connection.
  private func checkSize(of header: RequestHeader, for call: Call) -> Bool {
    let limit = state.peer.maxFrameBytes
    let size = header.encodedSize(messageBytes: nil)
    guard size > limit else { return true }
    var error = RPCError.resourceExhausted(
      "\(call.method): metadata and credential make a REQUEST of \(size) bytes, over the peer's "
        + "limit of \(limit)",
      limit: LimitExceeded(
        name: "max_frame_bytes", limit: Int64(limit), actual: Int64(size),
        setting: "--max-frame-bytes"))
    error.details.origin = .runtime
    call.over(error)
    return false
  }

  func streamEnded() {
    if !waitingToOpen.isEmpty { openWaiting() }
    closeIfDrained()
  }

  func openWaiting() {
    while state.canOpenStream, !isOutboundFilled, let (call, request) = nextWaiting() {
      openNow(
        call, request.header, messageBytes: request.message?.count, request.encodeMessage)
    }
    queueChanged()
  }

  /// Client: leaves a call; nothing if it is over.
  func cancel(_ call: Call, _ error: RPCError) {
    if call.stream != 0, state.streams.contains(call.stream) {
      state.remove(call.stream)
      send(.cancel, [], call.stream, RPCCancel(reason: error.message))
      streamEnded()
    }
    call.over(error)
    call.discardUnread()
  }

  /// Either side ends a call for a reason of its own.
  func abort(_ call: Call, _ error: RPCError) {
    guard state.streams.contains(call.stream) || isClient else { return }
    if isClient {
      cancel(call, error)
    } else {
      sendStatus(call.stream, RPCStatus(error))
      call.over(error)
    }
  }

  func closeLocal(_ call: Call) {
    state.closeLocal(call.stream)
  }

  func takeSendCredit(_ stream: UInt32, wanted: Int) -> Int? {
    state.takeSendCredit(stream, wanted: wanted)
  }

  /// The application took bytes of a call; nil: of one that is over.
  func consumed(_ call: Call?, bytes: Int) {
    guard bytes > 0, state.phase != .closed else { return }
    let (connection, stream) = state.consumed(call?.stream, bytes: bytes)
    for grant in [connection, stream] {
      if let grant { send(.credit, [], grant.stream, RPCCredit(bytes: grant.bytes)) }
    }
  }

  func markBlocked(_ call: Call) {
    blocked.append(call)
  }

  func pumpBlocked() {
    guard !blocked.isEmpty else { return }
    let calls = blocked
    blocked.removeAll(keepingCapacity: true)
    for call in calls where !call.pump() { blocked.append(call) }
  }
}
