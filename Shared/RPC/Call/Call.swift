import Synchronization

/// One call on one connection, seen from either side: messages in, messages out, an end.
///
/// `@unchecked Sendable`: all state belongs to the connection's loop. The `async` methods may be
/// called from any task; they go to the loop first.
final class Call: @unchecked Sendable {
  enum Outgoing {
    case message([UInt8], endStream: Bool)
    case halfClose
    /// Server only: a unary answer, or the end of a stream.
    case finish(RPCStatus, message: [UInt8]?)
  }

  private struct Pending {
    let item: Outgoing
    /// Bytes of the message that are framed already.
    var offset = 0
    let wait: CallWait<Void>?
  }

  private struct Received {
    let bytes: [UInt8]
    /// Credit to give back when the application takes it.
    let owed: Int
  }

  let connection: Connection
  let method: String
  /// Loop time; `UInt64.max` is none.
  var deadline: UInt64
  let startTime: UInt64
  /// Largest message that may be received on this call, in bytes.
  var maxMessageBytes: Int
  /// 0 until the stream is open.
  var stream: UInt32 = 0
  /// Server: the handler's task, cancelled with the call.
  var task: Task<Void, Never>?
  /// Client: what is sent when a stream is free.
  var request: RPCRequest?
  /// Told once when the call is over, with the failure if it was one.
  var onEnd: ((RPCError?) -> Void)?
  /// The answer's metadata, once it is there.
  private(set) var responseMetadata: [RPCMetadataEntry] = []

  private var inbox = FIFO<Received>()
  private var assembly: [UInt8] = []
  private var assemblyOwed = 0
  /// A MESSAGE with MORE has come, its end has not.
  private var isInMessage = false
  private(set) var hasReceivedMessage = false
  private var isInboundEnded = false
  private(set) var failure: RPCError?
  private var reader: CallWait<[UInt8]?>?
  private var singleReader: CallWait<[UInt8]>?

  private var outbox = FIFO<Pending>()
  private var head: Pending?
  private var hasSentMessage = false
  private var isOutboundClosed = false
  private let isOverFlag = Atomic(false)

  init(connection: Connection, method: String, deadline: UInt64) {
    self.connection = connection
    self.method = method
    self.deadline = deadline
    maxMessageBytes = connection.settings.maxMessageBytes
    let loop = connection.loop
    startTime = loop.isCurrent ? loop.now : EventLoop.monotonicNanoseconds()
  }

  var loop: EventLoop { connection.loop }

  /// Readable from any thread.
  var isOver: Bool { isOverFlag.load(ordering: .acquiring) }

  /// Bytes that were received and wait for the application.
  var isOutboxEmpty: Bool { head == nil && outbox.isEmpty }

  // MARK: Inbound, on the loop

  /// A whole first message came with the REQUEST or RESPONSE frame; it used no credit.
  func receiveInline(_ bytes: [UInt8]?, endStream: Bool) {
    if let bytes { inbox.append(Received(bytes: bytes, owed: 0)) }
    if endStream { isInboundEnded = true }
    wakeReader()
  }

  /// The payload of a MESSAGE frame.
  ///
  /// Credit for the parts of a message that nobody could take yet (more frames follow, nothing
  /// waits before it) goes back at once, so that messages larger than the window flow; everything
  /// else goes back when the application takes it. A stream so buffers at most one message and its
  /// initial credit.
  func receiveFragment(_ bytes: UnsafeRawBufferPointer, more: Bool, empty: Bool, endStream: Bool)
    throws(ProtocolViolation)
  {
    hasReceivedMessage = true
    if empty {
      guard bytes.isEmpty, endStream, !more, !isInMessage else {
        throw ProtocolViolation("EMPTY on a MESSAGE that is not a bare END_STREAM")
      }
    } else {
      guard assembly.count + bytes.count <= maxMessageBytes else {
        return refuseTooLarge(assembly.count + bytes.count, owed: assemblyOwed + bytes.count)
      }
      isInMessage = more
      if more {
        guard connection.reserveUnfinished(bytes.count) else {
          return refuseUnfinished(owed: assemblyOwed + bytes.count)
        }
        assembly.append(contentsOf: bytes)
        assemblyOwed += bytes.count
        if inbox.isEmpty {
          connection.consumed(self, bytes: assemblyOwed)
          assemblyOwed = 0
        }
        if endStream { throw ProtocolViolation("END_STREAM in the middle of a message") }
        return
      }
      completeMessage(with: bytes)
    }
    if endStream { isInboundEnded = true }
    wakeReader()
  }

  private func completeMessage(with bytes: UnsafeRawBufferPointer) {
    let owed = assemblyOwed + bytes.count
    if assembly.isEmpty {
      inbox.append(Received(bytes: [UInt8](bytes), owed: owed))
    } else {
      connection.releaseUnfinished(assembly.count)
      assembly.append(contentsOf: bytes)
      inbox.append(Received(bytes: assembly, owed: owed))
      assembly = []
    }
    assemblyOwed = 0
  }

  private func refuseTooLarge(_ size: Int, owed: Int) {
    let limit = maxMessageBytes
    var error = RPCError(
      .resourceExhausted, "\(method): message over the limit of \(limit) bytes")
    error.details.limit = LimitExceeded(
      name: "max_message_bytes", limit: Int64(limit), actual: Int64(size),
      setting: "--max-message-bytes")
    refuse(error, owed: owed)
  }

  private func refuseUnfinished(owed: Int) {
    let limit = connection.maxUnfinishedBytes
    refuse(
      .resourceExhausted(
        "\(method): over \(limit) bytes of unfinished messages on this connection",
        limit: LimitExceeded(
          name: "max_unfinished_bytes", limit: Int64(limit), actual: Int64(limit) + 1)),
      owed: owed)
  }

  private func refuse(_ error: RPCError, owed: Int) {
    connection.consumed(nil, bytes: owed)
    dropAssembly()
    connection.abort(self, error)
  }

  private func dropAssembly() {
    connection.releaseUnfinished(assembly.count)
    assembly = []
    assemblyOwed = 0
  }

  private func wakeReader() {
    if let singleReader, let result = takeSingle() {
      self.singleReader = nil
      singleReader.resume(result)
    }
    guard let reader, let result = takeReady() else { return }
    self.reader = nil
    reader.resume(result)
  }

  /// The one message of an answer that is complete; nil while it is not.
  private func takeSingle() -> Result<[UInt8], any Error>? {
    if let failure { return .failure(failure) }
    guard isInboundEnded else { return nil }
    guard let received = inbox.popFirst(), inbox.isEmpty else {
      discardUnread()
      return .failure(RPCError(.internal, "\(method): the answer is not exactly one message"))
    }
    connection.consumed(self, bytes: received.owed)
    return .success(received.bytes)
  }

  /// What a reader gets now; nil if it must wait. Messages that arrived come before the failure.
  private func takeReady() -> Result<[UInt8]?, any Error>? {
    if let received = inbox.popFirst() {
      var owed = received.owed
      if inbox.isEmpty {
        // Nothing waits before the parts of the next message any more: they go back, too, or a
        // sender whose window they fill would wait for ever.
        owed += assemblyOwed
        assemblyOwed = 0
      }
      if owed > 0 { connection.consumed(self, bytes: owed) }
      return .success(received.bytes)
    }
    if let failure { return .failure(failure) }
    if isInboundEnded { return .success(nil) }
    return nil
  }

  // MARK: Inbound, from any task

  /// The next message, or nil when the peer has half-closed.
  ///
  /// - Throws: the call's failure; `CancellationError` if the reading task is cancelled.
  func next() async throws -> [UInt8]? {
    if loop.isCurrent, let ready = takeReady() { return try ready.get() }
    let wait = CallWait<[UInt8]?>()
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        loop.run { self.awaitNext(wait, continuation) }
      }
    } onCancel: {
      loop.execute { wait.cancel() }
    }
  }

  /// The whole answer of a call that has one message, once it is complete.
  func single() async throws -> [UInt8] {
    let wait = CallWait<[UInt8]>()
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        loop.run {
          wait.begin(continuation)
          guard !wait.isDone else { return }
          if let ready = self.takeSingle() { wait.resume(ready) } else { self.singleReader = wait }
        }
      }
    } onCancel: {
      loop.execute { wait.cancel() }
    }
  }

  private func awaitNext(
    _ wait: CallWait<[UInt8]?>, _ continuation: UnsafeContinuation<[UInt8]?, any Error>
  ) {
    wait.begin(continuation)
    guard !wait.isDone else { return }
    if let ready = takeReady() {
      wait.resume(ready)
    } else if reader == nil || reader?.isDone == true {
      reader = wait
    } else {
      wait.resume(.failure(RPCError(.internal, "\(method): two tasks read one stream")))
    }
  }

  // MARK: Outbound, on the loop

  /// Frames as much as credit and the connection's buffer allow.
  ///
  /// - Returns: whether everything queued has been framed.
  @discardableResult
  func pump() -> Bool {
    while true {
      if head == nil { head = outbox.popFirst() }
      guard let pending = head else { return true }
      guard stream != 0, !connection.isOutboundFull else { return false }
      guard frame(pending) else { return false }
      head = nil
      pending.wait?.resume(.success(()))
      if isOver { return true }
    }
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
      let granted = connection.takeSendCredit(stream, wanted: bytes.count - offset)
      guard granted > 0 || bytes.isEmpty else {
        head?.offset = offset
        return false
      }
      let end = offset + granted
      let isLast = end == bytes.count
      connection.sendMessageFrame(
        stream, bytes: bytes, offset..<end,
        flags: isLast ? (endStream ? [.endStream] : []) : [.more])
      offset = end
      if !isLast, connection.isOutboundFull {
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
      if !hasSentMessage, message.count + 64 <= connection.peerSettings.maxFrameBytes {
        connection.sendResponse(stream, message: message)
        over(nil)
        return true
      }
      guard frameMessage(message, endStream: false) else { return false }
    }
    connection.sendStatus(stream, status)
    over(nil)
    return true
  }

  func enqueue(_ item: Outgoing, _ wait: CallWait<Void>?) {
    if isOutboundClosed || isOver {
      wait?.resume(.failure(failure ?? RPCError(.cancelled, "\(method): the call is over")))
      return
    }
    switch item {
    case .message(_, let endStream): isOutboundClosed = endStream
    case .halfClose, .finish: isOutboundClosed = true
    }
    outbox.append(Pending(item: item, wait: wait))
    if !pump() { connection.markBlocked(self) }
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
    throw RPCError.resourceExhausted(
      "\(method): a message of \(count) bytes is over the peer's limit of \(limit)",
      limit: LimitExceeded(
        name: "max_message_bytes", limit: Int64(limit), actual: Int64(count),
        setting: "--max-message-bytes"))
  }

  // MARK: Client opening

  /// Queues the first message of a request that did not fit the REQUEST frame.
  func sendFirst(_ bytes: [UInt8], endStream: Bool) {
    enqueue(.message(bytes, endStream: endStream), nil)
  }

  func markOutboundClosed() {
    isOutboundClosed = true
  }

  // MARK: The end, on the loop

  /// Client: the answer is complete.
  func receiveEnd(_ error: RPCError?, metadata: [RPCMetadataEntry]) {
    responseMetadata = metadata
    if error == nil { isInboundEnded = true }
    over(error)
  }

  /// The call is over: peer's answer, our own, cancellation, deadline, or a lost connection.
  func over(_ error: RPCError?) {
    guard !isOver else { return }
    isOverFlag.store(true, ordering: .releasing)
    isOutboundClosed = true
    if failure == nil { failure = error }
    task?.cancel()
    task = nil
    releaseUnread(keepMessages: error == nil || connection.isClient)
    wakeReader()
    failWriters()
    onEnd?(error)
    onEnd = nil
  }

  private func releaseUnread(keepMessages: Bool) {
    connection.consumed(nil, bytes: assemblyOwed)
    dropAssembly()
    // A client may still take what arrived before the end; a server's handler is gone.
    guard !keepMessages || !connection.isClient else { return }
    while let received = inbox.popFirst() { connection.consumed(nil, bytes: received.owed) }
  }

  /// Gives back the credit of what nobody will read. Called when the client has left the call.
  func discardUnread() {
    while let received = inbox.popFirst() { connection.consumed(nil, bytes: received.owed) }
  }

  private func failWriters() {
    let error = failure ?? RPCError(.cancelled, "\(method): the call is over")
    let current = head
    head = nil
    current?.wait?.resume(.failure(error))
    while let pending = outbox.popFirst() { pending.wait?.resume(.failure(error)) }
  }
}
