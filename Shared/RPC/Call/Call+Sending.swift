import Codec

// Messages out: framed as far as credit allows, queued beyond that.

extension Call {
  // MARK: Outbound, on the loop

  /// Frames as much as credit and the connection's buffer allow.
  ///
  /// - Returns: whether everything queued has been framed.
  @discardableResult
  func pump() -> Bool {
    while true {
      if head == nil { head = outbox.popFirst() }
      guard let pending = head else { return true }
      guard stream != 0, hasRoom(for: pending.item) else { return false }
      guard frame(pending) else { return false }
      head = nil
      connection.release(pending.item.heldBytes)
      pending.wait?.resume(.success(()))
      if isOver { return true }
    }
  }

  /// Messages wait while the transport has enough to do. Ends do not, up to the mark at which the
  /// connection stops reading: it is they that show that a peer does not read.
  private func hasRoom(for item: Outgoing) -> Bool {
    if case .finish = item { return !connection.isOutboundFull }
    return !connection.isOutboundFilled
  }

  /// - Returns: false if it has to wait for credit.
  private func frame(_ pending: Pending) -> Bool {
    switch pending.item {
    case .message(let bytes, let endStream):
      return frameMessage(bytes, endStream: endStream)
    case .halfClose:
      connection.sendMessageFrame(stream, bytes: [], 0..<0, flags: [.empty, .endStream])
      connection.closeLocal(self)
      return true
    case .finish(let status, let message):
      return frameFinish(status, message)
    }
  }

  private func frameMessage(_ bytes: [UInt8], endStream: Bool) -> Bool {
    var offset = head?.offset ?? 0
    repeat {
      guard let granted = connection.takeSendCredit(stream, wanted: bytes.count - offset) else {
        head?.offset = offset
        return false
      }
      let end = offset + granted
      let isLast = end == bytes.count
      connection.sendMessageFrame(
        stream, bytes: bytes, offset..<end,
        flags: isLast ? (endStream ? [.endStream] : []) : [.more])
      offset = end
      if !isLast, connection.isOutboundFilled {
        head?.offset = offset
        return false
      }
    } while offset < bytes.count
    hasSentMessage = true
    if endStream { connection.closeLocal(self) }
    return true
  }

  private func frameFinish(_ status: RPCStatus, _ message: [UInt8]?) -> Bool {
    if let message {
      if !hasSentMessage, fitsResponse(messageBytes: message.count) {
        connection.sendResponse(self, messageBytes: message.count) { writer in
          message.withUnsafeBytes { writer.writeRaw($0) }
        }
        finished()
        return true
      }
      guard frameMessage(message, endStream: false) else { return false }
    }
    var status = status
    status.metadata = responseMetadata
    if status.code != 0 { connection.counters.callsFailed += 1 }
    connection.sendStatus(stream, status)
    finished()
    return true
  }

  /// The call's own end is framed: what is queued last is done with by `pump`, not given up.
  private func finished() {
    head = nil
    over(nil)
  }

  /// Whether a message of this size and the answer's metadata are one frame.
  private func fitsResponse(messageBytes: Int) -> Bool {
    let metadata = responseMetadata.isEmpty ? 0 : ResponseHeader.size(of: responseMetadata)
    return InlineMessage.size(of: messageBytes) + metadata <= connection.peerSettings.maxFrameBytes
  }

  /// Server: whether a message of this size can go out now, before anything else, in one frame.
  func canRespondAtOnce(messageBytes: Int) -> Bool {
    guard loop.isCurrent, !isOutboundClosed, !isOver, !hasSentMessage, isOutboxEmpty else {
      return false
    }
    return messageBytes <= connection.peerSettings.maxMessageBytes && !connection.isOutboundFull
      && fitsResponse(messageBytes: messageBytes)
  }

  /// Server: ends the call; only when `canRespondAtOnce`.
  func respondAtOnce(messageBytes: Int, _ encode: (inout WireWriter) -> Void) {
    isOutboundClosed = true
    task = nil
    connection.sendResponse(self, messageBytes: messageBytes, encode)
    over(nil)
  }

  func enqueue(_ item: Outgoing, _ wait: CallWait<Void>?) {
    if isOutboundClosed || isOver {
      wait?.resume(.failure(failure ?? .runtime(.cancelled, "\(method): the call is over")))
      return
    }
    let item = bounded(item)
    switch item {
    case .message(_, let endStream): isOutboundClosed = endStream
    case .halfClose, .finish: isOutboundClosed = true
    }
    connection.hold(item.heldBytes)
    outbox.append(Pending(item, wait))
    guard !pump() else { return }
    connection.markBlocked(self)
    if case .finish = item { connection.answerWaits(self) }
  }

  /// What of an answer may be held. A writer waits for its messages one by one, so that only whole
  /// answers can pile up where a peer does not read.
  private func bounded(_ item: Outgoing) -> Outgoing {
    guard case .finish(_, let message?) = item,
      let error = connection.refusal(toHold: message.count)
    else { return item }
    return .finish(RPCStatus(error), message: nil)
  }

  // MARK: Outbound, from any task

  /// Sends a message; suspends while the peer gives no credit.
  ///
  /// - Throws: RESOURCE_EXHAUSTED if the peer has announced a smaller limit.
  func send(_ bytes: [UInt8]) async throws {
    try checkSize(bytes.count)
    try await submit(.message(bytes, endStream: false))
  }

  /// Says that no more messages follow.
  func halfClose() {
    loop.run {
      guard self.connection.isClient, !self.isOutboundClosed else { return }
      self.enqueue(.halfClose, nil)
    }
  }

  private func submit(_ item: Outgoing) async throws {
    let wait = CallWait<Void>()
    try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        loop.run {
          wait.begin(continuation)
          if !wait.isDone { self.enqueue(item, wait) }
        }
      }
    } onCancel: {
      loop.execute { wait.cancel() }
    }
  }

  /// The limit was announced, so the sender is the one to check it.
  func checkSize(_ count: Int) throws {
    let limit = connection.peerSettings.maxMessageBytes
    guard count > limit else { return }
    var error = RPCError.resourceExhausted(
      "\(method): a message of \(count) bytes is over the peer's limit of \(limit)",
      limit: LimitExceeded(
        name: "max_message_bytes", limit: Int64(limit), actual: Int64(count),
        setting: "--max-message-bytes"))
    error.details.origin = .runtime
    throw error
  }

  // MARK: Client opening

  /// Sends the REQUEST; suspends while the peer lets no further call begin.
  ///
  /// - Throws: the call's failure, if it comes before anything was sent.
  func open(_ request: UnsentRequest) async throws {
    let wait = CallWait<Void>(cancellation: RPCError.cancelled)
    try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        loop.run {
          wait.begin(continuation)
          // Cancelled before it could begin.
          guard !self.isOver else { return wait.resume(.failure(RPCError.cancelled)) }
          self.opening = wait
          self.connection.open(self, request)
        }
      }
    } onCancel: {
      loop.execute { self.connection.cancel(self, .cancelled) }
    }
  }

  /// The REQUEST is on its way.
  func opened() {
    if let opening = opening.take() { opening.resume(.success(())) }
  }

  /// Queues the first message of a request that did not fit the REQUEST frame.
  func sendFirst(_ bytes: [UInt8], endStream: Bool) {
    enqueue(.message(bytes, endStream: endStream), nil)
  }

  func markOutboundClosed() {
    isOutboundClosed = true
  }
}
