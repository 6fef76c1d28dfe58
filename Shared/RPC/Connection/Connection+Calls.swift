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
        closeError ?? .runtime(.unavailable, "connection to \(peerAddress) is closing")
      error.details.notProcessed = true
      call.over(error)
      return
    }
    watchDeadline(call.deadline)
    guard state.canOpenStream, waitingToOpen.isEmpty else {
      let message = messageBytes.map { UnsentRequest.bytes(count: $0, encode) }
      call.request = UnsentRequest(header, message)
      waitingToOpen.append(call)
      onQueueChange?(waitingToOpen.count)
      return
    }
    openNow(call, header, messageBytes: messageBytes, encode)
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
    let error = RPCError.resourceExhausted(
      "\(call.method): metadata and credential make a REQUEST of \(size) bytes, over the peer's "
        + "limit of \(limit)",
      limit: LimitExceeded(
        name: "max_frame_bytes", limit: Int64(limit), actual: Int64(size),
        setting: "--max-frame-bytes"))
    call.over(error)
    return false
  }

  func streamEnded() {
    if !waitingToOpen.isEmpty { openWaiting() }
    closeIfDrained()
  }

  private func openWaiting() {
    while state.canOpenStream, let call = waitingToOpen.popFirst() {
      guard let request = call.request, call.failure == nil else { continue }
      call.request = nil
      openNow(
        call, request.header, messageBytes: request.message?.count, request.encodeMessage)
    }
    onQueueChange?(waitingToOpen.count)
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
