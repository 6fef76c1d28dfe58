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
  /// Told once when the call is over, with the failure if it was one.
  var onEnd: ((RPCError?) -> Void)?
  /// The answer's metadata, once it is there.
  private(set) var responseMetadata: [RPCMetadataEntry] = []

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
    startTime = loop.isCurrent ? loop.now : EventLoop.monotonicNanoseconds()
  }

  var loop: EventLoop { connection.loop }

  /// Readable from any thread.
  var isOver: Bool { isOverFlag.load(ordering: .acquiring) }

  var isOutboxEmpty: Bool { head == nil && outbox.isEmpty }

  // MARK: Inbound, on the loop

  /// A whole first message came with the REQUEST or RESPONSE frame; it used no credit.
  func receiveInline(_ bytes: UnsafeRawBufferPointer?, endStream: Bool) {
    if let bytes { inbox.append(Received(bytes: [UInt8](bytes), owed: 0)) }
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
        if assembly.isEmpty { assembly.reserveCapacity(lastAssembledBytes) }
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
      lastAssembledBytes = assembly.count
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
    guard !isOutboxEmpty else { return }
    let error = failure ?? RPCError(.cancelled, "\(method): the call is over")
    let current = head
    head = nil
    current?.wait?.resume(.failure(error))
    while let pending = outbox.popFirst() { pending.wait?.resume(.failure(error)) }
  }
}
