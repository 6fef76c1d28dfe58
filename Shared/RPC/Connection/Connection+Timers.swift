// Deadlines, keepalive, and what a connection's silence means.

extension Connection {
  /// One timer serves all calls of the connection: it is set to the earliest deadline, and looks at
  /// all open calls when it fires, which for the usual half-minute deadlines is rare.
  func watchDeadline(_ deadline: UInt64) {
    guard deadline < nextDeadline else { return }
    nextDeadline = deadline
    if let deadlineTimer { loop.cancel(deadlineTimer) }
    deadlineTimer = loop.schedule(at: deadline) { [self] in deadlinesDue() }
  }

  func deadlinesDue() {
    deadlineTimer = nil
    nextDeadline = .max
    let now = loop.now
    var next = UInt64.max
    var due: [Call] = []
    for (_, stream) in state.streams.all {
      if stream.call.deadline <= now {
        due.append(stream.call)
      } else {
        next = min(next, stream.call.deadline)
      }
    }
    var waiting = FIFO<Call>()
    while let call = waitingToOpen.popFirst() {
      if call.deadline <= now { due.append(call) } else { waiting.append(call) }
      next = min(next, call.deadline <= now ? .max : call.deadline)
    }
    waitingToOpen = waiting
    for call in due { abort(call, deadlineExceeded(call)) }
    if next != .max { watchDeadline(next) }
  }

  func deadlineExceeded(_ call: Call) -> RPCError {
    // A connection may have come so late that the deadline was before the call began.
    let spent = (loop.now - min(loop.now, call.startTime)) / 1_000
    let place =
      isClient
      ? (call.stream == 0
        ? "waiting for a free stream to \(peerAddress)" : "waiting for \(peerAddress)")
      : "in the handler"
    var error = RPCError(
      .deadlineExceeded, "\(call.method): deadline exceeded after \(spent / 1_000) ms, \(place)")
    error.details.hops = [HopTime(hop: place, spentMicroseconds: spent)]
    return error
  }

  // MARK: Keepalive

  func armKeepalive() {
    if let keepaliveTimer { loop.cancel(keepaliveTimer) }
    let due = keepalive.nextCheck(
      isOpen: state.phase != .awaitingHello, interval: state.peer.pingIntervalMilliseconds,
      timeout: settings.peerTimeoutMilliseconds)
    keepaliveTimer = loop.schedule(at: due) { [self] in keepaliveDue() }
  }

  func keepaliveDue() {
    keepaliveTimer = nil
    let action = keepalive.check(
      now: loop.now, isOpen: state.phase != .awaitingHello,
      interval: state.peer.pingIntervalMilliseconds, timeout: settings.peerTimeoutMilliseconds)
    switch action {
    case .wait: break
    case .ping(let opaque): send(.ping, [], 0, RPCPing(opaque: opaque))
    case .giveUp(let reason): return fail(ProtocolViolation(reason))
    }
    armKeepalive()
  }

  func cancelTimers() {
    for timer in [deadlineTimer, keepaliveTimer] {
      if let timer { loop.cancel(timer) }
    }
    deadlineTimer = nil
    keepaliveTimer = nil
  }
}
