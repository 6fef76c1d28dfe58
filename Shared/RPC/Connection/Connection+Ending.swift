import Codec

// The end of a connection: drained, closed, failed, or lost.

extension Connection {
  /// How long a client has to echo the PING between the two steps of a drain.
  private static var drainEchoNanoseconds: UInt64 { 1_000_000_000 }

  /// Calls finish, none begin; the connection closes with its last call.
  ///
  /// A server does so in two steps, so that what a client has sent meanwhile is still answered.
  func drain() {
    guard !isClosing, state.phase == .open else {
      if state.phase == .awaitingHello { closeNow() }
      // The client has said GOAWAY before us: it sends no more.
      if state.phase == .draining { endTaking() }
      return
    }
    guard !isClient else { return finishDrain() }
    send(.goaway, [], 0, RPCGoaway(lastStream: state.announceDrain(), message: "draining"))
    send(.ping, [], 0, RPCPing(opaque: Keepalive.drainPing))
    timers.drain = loop.schedule(at: loop.now + Connection.drainEchoNanoseconds) { [self] in
      timers.drain = nil
      finishDrain()
    }
  }

  /// The client has read the first GOAWAY, or had its time to.
  func finishDrain() {
    if let timer = timers.drain.take() { loop.cancel(timer) }
    guard !isClosing, state.phase == .open || state.phase == .announcedDrain else { return }
    send(.goaway, [], 0, RPCGoaway(lastStream: state.beginDrain(), message: "draining"))
    endTaking()
    closeIfDrained()
  }

  func closeIfDrained() {
    if state.phase == .draining, state.streams.isEmpty { closeNow() }
  }

  /// Closes after what is buffered; open calls fail.
  func closeNow() {
    guard !isClosing else { return }
    isClosing = true
    endTaking()
    endCalls("closed by this side")
    transport?.closeAfterFlush()
  }

  /// The peer broke the protocol, or fell silent: says so and closes.
  func fail(_ violation: ProtocolViolation) {
    guard !isClosing else { return }
    let error = RPCError(.internal, "protocol violation: \(violation)")
    closeError = .runtime(.unavailable, "connection to \(peerName) closed: \(violation)")
    send(
      .goaway, [], 0,
      RPCGoaway(lastStream: state.beginDrain(), code: error.code.rawValue, message: error.message))
    closeNow()
  }

  /// The transport has closed, by its own or the peer's doing.
  public func transportClosed(_ reason: String) {
    isClosing = true
    endTaking()
    endCalls(reason)
    releaseAll()
    onTransportClosed?()
    onTransportClosed = nil
  }

  private func endCalls(_ reason: String) {
    guard state.phase != .closed else { return }
    var error =
      closeError ?? .runtime(.unavailable, "connection to \(peerName) lost: \(reason)")
    cancelTimers()
    for call in state.close() { call.over(error) }
    error.details.notProcessed = true
    while let (call, _) = nextWaiting() { call.over(error) }
    blocked.removeAll()
    onClose?(error)
    onClose = nil
    onRequest = nil
    onOpen = nil
    onDraining = nil
    onQueueChange?(0)
    onQueueChange = nil
    onCallEnd = nil
  }
}
