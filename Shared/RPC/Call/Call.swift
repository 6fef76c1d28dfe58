import Codec
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

    /// Bytes that it holds while it waits.
    var heldBytes: Int {
      switch self {
      case .message(let bytes, _): bytes.count
      case .finish(_, let message): message?.count ?? 0
      case .halfClose: 0
      }
    }
  }

  /// A class, for most calls never queue one and need not hold the room.
  final class Pending {
    let item: Outgoing
    /// Bytes of the message that are framed already.
    var offset = 0
    let wait: CallWait<Void>?

    init(_ item: Outgoing, _ wait: CallWait<Void>?) {
      self.item = item
      self.wait = wait
    }
  }

  private struct Received {
    let bytes: [UInt8]
    /// Credit to give back when the application takes it.
    let owed: Int

    var heldBytes: Int { bytes.count + WireProtocol.messageOverheadBytes }
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
  /// Server: the task of a handler that has not returned, cancelled with the call.
  var task: Task<Void, Never>?
  /// Client: what is sent when a stream is free.
  var request: UnsentRequest?
  /// Bytes held for the request beside its message, or for one that waits.
  private var heldRequest = 0
  /// Server: the answer is given, and waits for credit or the transport.
  var isAnswerWaiting = false
  /// Client: told the answer's metadata, if it has any.
  var onResponseMetadata: (@Sendable (Metadata) -> Void)?
  /// The answer's metadata: client, once it is there; server, what the handler wants said.
  var responseMetadata: [RPCMetadataEntry] = []

  private var inbox = FIFO<Received>()
  private var assembly: [UInt8] = []
  private var assemblyOwed = 0
  /// Size of the last message that came in parts: the next is mostly of that size.
  private var lastAssembledBytes = 0
  /// A MESSAGE with MORE has come, its end has not.
  private var isInMessage = false
  private(set) var hasReceivedMessage = false
  private var isInboundEnded = false
  private(set) var failure: RPCError?
  private var reader: CallWait<[UInt8]?>?
  /// Client: who waits for the stream to be open.
  var opening: CallWait<Void>?
  private var answer: UnsafeContinuation<[UInt8], any Error>?

  var outbox = FIFO<Pending>()
  var head: Pending?
  var hasSentMessage = false
  var isOutboundClosed = false
  private let isOverFlag = Atomic(false)

  init(connection: Connection, method: String, deadline: UInt64) {
    self.connection = connection
    self.method = method
    self.deadline = deadline
    maxMessageBytes = connection.settings.maxMessageBytes
    let loop = connection.loop
    startTime = loop.isCurrent ? loop.now : loop.time()
  }

  var loop: EventLoop { connection.loop }

  /// Readable from any thread.
  var isOver: Bool { isOverFlag.load(ordering: .acquiring) }

  var isOutboxEmpty: Bool { head == nil && outbox.isEmpty }

  // MARK: Inbound, on the loop

  /// A whole first message came with the REQUEST or RESPONSE frame; it used no credit.
  func receiveInline(_ bytes: UnsafeRawBufferPointer?, endStream: Bool) {
    if let bytes { put([UInt8](bytes), owed: 0) }
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
      assemblyOwed += bytes.count + WireProtocol.messageOverheadBytes
      let size = assembly.count + bytes.count
      guard size <= maxMessageBytes else { return refuse(tooLarge(size)) }
      if let error = connection.refusal(toHold: bytes.count) { return refuse(error) }
      isInMessage = more
      if more {
        if endStream { throw ProtocolViolation("END_STREAM in the middle of a message") }
        return assemble(bytes)
      }
      completeMessage(with: bytes)
    }
    if endStream { isInboundEnded = true }
    wakeReader()
  }

  private func assemble(_ bytes: UnsafeRawBufferPointer) {
    if assembly.isEmpty { assembly.reserveCapacity(lastAssembledBytes) }
    assembly.append(contentsOf: bytes)
    connection.hold(bytes.count)
    guard inbox.isEmpty else { return }
    connection.consumed(self, bytes: assemblyOwed)
    assemblyOwed = 0
  }

  private func completeMessage(with bytes: UnsafeRawBufferPointer) {
    let owed = assemblyOwed
    assemblyOwed = 0
    guard !assembly.isEmpty else { return put([UInt8](bytes), owed: owed) }
    connection.release(assembly.count)
    assembly.append(contentsOf: bytes)
    lastAssembledBytes = assembly.count
    put(assembly, owed: owed)
    assembly = []
  }

  /// A whole message has come.
  private func put(_ bytes: [UInt8], owed: Int) {
    let received = Received(bytes: bytes, owed: owed)
    connection.hold(received.heldBytes)
    inbox.append(received)
  }

  /// The next whole message, which is the application's from now on.
  private func take() -> Received? {
    guard let received = inbox.popFirst() else { return nil }
    connection.release(received.heldBytes)
    return received
  }

  private func tooLarge(_ size: Int) -> RPCError {
    let limit = maxMessageBytes
    var error = RPCError.runtime(
      .resourceExhausted, "\(method): message over the limit of \(limit) bytes")
    error.details.limit = LimitExceeded(
      name: "max_message_bytes", limit: Int64(limit), actual: Int64(size),
      setting: "--max-message-bytes")
    return error
  }

  /// Ends the call for what arrives. It has begun, so that nothing promises that it was not seen.
  private func refuse(_ error: RPCError) {
    var error = error
    error.details.notProcessed = false
    dropAssembly()
    connection.abort(self, error)
  }

  private func dropAssembly() {
    connection.consumed(nil, bytes: assemblyOwed)
    connection.release(assembly.count)
    assembly = []
    assemblyOwed = 0
  }

  private func wakeReader() {
    if let answer, let result = takeAnswer() {
      self.answer = nil
      answer.resume(with: result)
    }
    guard let reader, let result = takeReady() else { return }
    self.reader = nil
    reader.resume(result)
  }

  /// The one message of an answer that is complete; nil while it is not.
  private func takeAnswer() -> Result<[UInt8], any Error>? {
    if let failure {
      discardUnread()
      return .failure(failure)
    }
    guard isInboundEnded else { return nil }
    guard let received = take(), inbox.isEmpty else {
      discardUnread()
      return .failure(
        RPCError.runtime(.internal, "\(method): the answer is not exactly one message"))
    }
    connection.consumed(self, bytes: received.owed)
    return .success(received.bytes)
  }

  /// What a reader gets now; nil if it must wait. Messages that arrived come before the failure.
  private func takeReady() -> Result<[UInt8]?, any Error>? {
    if let received = take() {
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
    if let ready = takeIfReady() { return try ready.get() }
    let wait = CallWait<[UInt8]?>()
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        loop.run { self.awaitNext(wait, continuation) }
      }
    } onCancel: {
      loop.execute { wait.cancel() }
    }
  }

  /// What `next` would return without waiting; nil if it must wait.
  func takeIfReady() -> Result<[UInt8]?, any Error>? {
    loop.isCurrent ? takeReady() : nil
  }

  /// The whole answer of a call that has one message, once it is complete. It ends with the call,
  /// which is cancelled with the task.
  func single() async throws -> [UInt8] {
    try await withUnsafeThrowingContinuation { continuation in
      loop.run { self.awaitAnswer(continuation) }
    }
  }

  /// Resumes `continuation` with the answer, on the loop.
  func awaitAnswer(_ continuation: UnsafeContinuation<[UInt8], any Error>) {
    if let ready = takeAnswer() { continuation.resume(with: ready) } else { answer = continuation }
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

  // MARK: The end, on the loop

  /// Client: the answer is complete.
  func receiveEnd(_ error: RPCError?, metadata: [RPCMetadataEntry]) {
    if !metadata.isEmpty {
      responseMetadata = metadata
      onResponseMetadata?(Metadata(metadata))
    }
    if error == nil { isInboundEnded = true }
    over(error)
  }

  /// The call is over: peer's answer, our own, cancellation, deadline, or a lost connection.
  func over(_ error: RPCError?) {
    guard !isOver else { return }
    isOverFlag.store(true, ordering: .releasing)
    isOutboundClosed = true
    if failure == nil { failure = error }
    if error != nil { connection.counters.callsFailed += 1 }
    if stream != 0 { connection.onCallEnd?(self, error) }
    connection.forgetWaiting(self)
    releaseRequest()
    if isAnswerWaiting {
      isAnswerWaiting = false
      connection.answerIsOver()
    }
    task?.cancel()
    task = nil
    dropAssembly()
    // A client may still take what arrived before the end; a server's handler is gone.
    if !connection.isClient { discardUnread() }
    if let opening = opening.take() { opening.resume(.failure(error ?? .cancelled)) }
    wakeReader()
    failWriters()
  }

  func holdRequest(_ bytes: Int) {
    heldRequest = bytes
    connection.hold(bytes)
  }

  func releaseRequest() {
    connection.release(heldRequest)
    heldRequest = 0
  }

  /// Gives back the credit of what nobody will read. Called when the client has left the call.
  func discardUnread() {
    while let received = take() { connection.consumed(nil, bytes: received.owed) }
  }

  private func failWriters() {
    guard !isOutboxEmpty else { return }
    let error = failure ?? .runtime(.cancelled, "\(method): the call is over")
    if let current = head.take() { drop(current, error) }
    while let pending = outbox.popFirst() { drop(pending, error) }
  }

  private func drop(_ pending: Pending, _ error: RPCError) {
    connection.release(pending.item.heldBytes)
    pending.wait?.resume(.failure(error))
  }
}
