// Deadlines, keepalive, age, and what a connection's silence means.

/// The timers that a connection has set.
struct ConnectionTimers {
  var deadline: TimerHeap.Token?
  /// The earliest deadline, for which `deadline` is set.
  var nextDeadline = UInt64.max
  var keepalive: TimerHeap.Token?
  var frame: TimerHeap.Token?
  var drain: TimerHeap.Token?
  var age: TimerHeap.Token?

  var all: [TimerHeap.Token] { [deadline, keepalive, frame, drain, age].compactMap(\.self) }
}

extension Connection {
  /// One timer serves all calls of the connection: it is set to the earliest deadline, and looks at
  /// all open calls when it fires, which for the usual half-minute deadlines is rare.
  func watchDeadline(_ deadline: UInt64) {
    guard deadline < timers.nextDeadline else { return }
    timers.nextDeadline = deadline
    if let timer = timers.deadline { loop.cancel(timer) }
    timers.deadline = loop.schedule(at: deadline) { [self] in deadlinesDue() }
  }

  func deadlinesDue() {
    timers.deadline = nil
    timers.nextDeadline = .max
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
    var waiting: [(Call, UnsentRequest)] = []
    while let (call, request) = nextWaiting() {
      if call.deadline <= now {
        due.append(call)
      } else {
        next = min(next, call.deadline)
        waiting.append((call, request))
      }
    }
    for (call, request) in waiting { wait(call, request) }
    queueChanged()
    for call in due { abort(call, deadlineExceeded(call)) }
    if next != .max { watchDeadline(next) }
  }

  func deadlineExceeded(_ call: Call) -> RPCError {
    // A connection may have come so late that the deadline was before the call began.
    let spent = (loop.now - min(loop.now, call.startTime)) / 1_000
    let place =
      isClient
      ? (call.stream == 0
        ? "waiting for a free stream to \(name)" : "waiting for \(name)")
      : "in the handler of \(name)"
    var error = RPCError.runtime(
      .deadlineExceeded, "\(call.method): deadline exceeded after \(spent / 1_000) ms, \(place)")
    error.details.hops = [
      HopTime(hop: isClient ? place : "\(name) \(call.method)", spentMicroseconds: spent)
    ]
    return error
  }

  // MARK: Keepalive

  func armKeepalive() {
    if let timer = timers.keepalive { loop.cancel(timer) }
    let due = keepalive.nextCheck(
      isOpen: state.phase != .awaitingHello, interval: state.peer.pingIntervalMilliseconds,
      timeout: settings.peerTimeoutMilliseconds)
    timers.keepalive = loop.schedule(at: due) { [self] in keepaliveDue() }
  }

  func keepaliveDue() {
    timers.keepalive = nil
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

  // MARK: Frames that do not end

  /// Notes where the bytes read so far end. The timer, once set, is left to find out for itself
  /// whether the frame that it was set for has come: most have long before.
  func watchPartialFrame(isPartial: Bool, hasMoved: Bool) {
    partialFrame.update(isPartial: isPartial, hasMoved: hasMoved, now: loop.now)
    guard isPartial, timers.frame == nil else { return }
    armFrameTimer()
  }

  private func armFrameTimer() {
    let timeout = settings.frameTimeoutMilliseconds
    guard let due = partialFrame.due(timeoutMilliseconds: timeout) else { return }
    timers.frame = loop.schedule(at: due) { [self] in
      timers.frame = nil
      if isReadingPaused { partialFrame.restart(now: loop.now) }
      guard let due = partialFrame.due(timeoutMilliseconds: timeout) else { return }
      guard due <= loop.now else { return armFrameTimer() }
      fail(ProtocolViolation("a frame was not complete within \(timeout) ms"))
    }
  }

  // MARK: Age

  /// Server: connections that live for ever keep their clients from ever seeing a new server.
  func armMaxAge() {
    let age = settings.maxConnectionAgeMilliseconds
    guard age > 0 else { return }
    // Apart, lest clients that came together come together again.
    let own = UInt64(Double(age) * loop.randomness.jitter(0.1) * 1_000_000)
    timers.age = loop.schedule(at: loop.now + own) { [self] in
      timers.age = nil
      drain()
    }
  }

  func cancelTimers() {
    for timer in timers.all { loop.cancel(timer) }
    timers = ConnectionTimers()
  }
}
