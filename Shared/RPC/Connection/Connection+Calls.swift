// Calls: opening, leaving, credit, who waits for it.

extension Connection {
  /// Client: begins a call, now or when the peer's limit of concurrent calls allows.
  func open(_ call: Call, _ request: RPCRequest) {
    guard isUsable else {
      var error = closeError ?? RPCError(.unavailable, "connection to \(peerAddress) is closing")
      error.details.notProcessed = true
      call.over(error)
      return
    }
    watchDeadline(call.deadline)
    guard state.canOpenStream, waitingToOpen.isEmpty else {
      call.request = request
      waitingToOpen.append(call)
      return
    }
    openNow(call, request)
  }

  func openNow(_ call: Call, _ request: RPCRequest) {
    var request = request
    let isUnary = request.message != nil
    if call.deadline != .max {
      request.timeoutMicroseconds = max(1, (call.deadline &- min(loop.now, call.deadline)) / 1_000)
    }
    if request.encodedSize > state.peer.maxFrameBytes, let message = request.message {
      request.message = nil
      guard checkSize(of: request, for: call) else { return }
      call.stream = state.openStream(call, endStream: false)
      send(.request, [], call.stream, request)
      call.sendFirst(message, endStream: true)
    } else {
      guard checkSize(of: request, for: call) else { return }
      call.stream = state.openStream(call, endStream: isUnary)
      send(.request, isUnary ? [.endStream] : [], call.stream, request)
      if isUnary { call.markOutboundClosed() }
      if !call.pump() { markBlocked(call) }
    }
  }

  /// Metadata and credential cannot be cut, as messages can: a REQUEST that is too large without
  /// its message fails its own call rather than the connection.
  private func checkSize(of request: RPCRequest, for call: Call) -> Bool {
    let limit = state.peer.maxFrameBytes
    let size = request.encodedSize
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
    while state.canOpenStream, let call = waitingToOpen.popFirst() {
      guard let request = call.request, call.failure == nil else { continue }
      call.request = nil
      openNow(call, request)
    }
    closeIfDrained()
  }

  /// Client: leaves a call; nothing if it is over.
  func cancel(_ call: Call, _ error: RPCError) {
    if call.stream != 0, state.streams[call.stream] != nil {
      state.remove(call.stream)
      send(.cancel, [], call.stream, RPCCancel(reason: error.message))
      streamEnded()
    }
    call.over(error)
    call.discardUnread()
  }

  /// Either side ends a call for a reason of its own.
  func abort(_ call: Call, _ error: RPCError) {
    guard state.streams[call.stream] != nil || isClient else { return }
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

  func takeSendCredit(_ stream: UInt32, wanted: Int) -> Int {
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
