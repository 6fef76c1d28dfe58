import Codec
import Synchronization

/// Where a connection's bytes go; Transport's sockets, or a pipe in memory.
public protocol ConnectionTransport: AnyObject {
  /// Write what `Connection.outbound` holds, as far as the peer takes it.
  func flush()
  /// Close once everything outbound is written, or at once if that cannot be.
  func closeAfterFlush()
  /// Take no more bytes from the peer, or take them again.
  func setReadingPaused(_ paused: Bool)
}

/// Who is on the other side.
public struct PeerAddress: Sendable, Equatable, CustomStringConvertible {
  /// "127.0.0.1:7101", "[::1]:7101", or "in-process".
  public let description: String
  /// Subject of the client certificate, where TLS verified one.
  public let certificateSubject: String?

  public init(_ description: String, certificateSubject: String? = nil) {
    self.description = description
    self.certificateSubject = certificateSubject
  }
}

/// One connection: turns bytes into frames, frames into events of `ConnectionState`, and their
/// actions into bytes. Both sides use it; what they do with calls differs (`Server`, `Channel`).
///
/// `@unchecked Sendable`: confined to `loop`, except for the constants.
public final class Connection: TurnEndHandler, @unchecked Sendable {
  public let loop: EventLoop
  public let peerAddress: PeerAddress
  let settings: ConnectionSettings
  let isClient: Bool
  /// What to call this end where a status says where the time went.
  let name: String
  let credential: String
  /// The credential that the peer's HELLO brought; server side.
  var helloCredential = ""

  var state: ConnectionState<Call>
  let out: OutputBuffer
  weak var transport: (any ConnectionTransport)?
  private var isFlushScheduled = false
  /// Nothing is taken from the peer any more; what is written still goes out.
  var isClosing = false
  var isReadingPaused = false
  var blocked: [Call] = []
  /// Calls that wait to begin, and the places of those that gave up.
  var waitingToOpen = FIFO<Call>()
  var emptyPlaces = 0
  private let hasEndedTakingFlag = Atomic(false)
  /// Answers that are given and wait for credit or for the transport.
  private let waitingAnswers = Atomic(0)
  /// What the connection holds for its peer and its callers.
  private var held: HeldBytes
  /// Of it, what waits to be written.
  private var heldOutbound = 0
  /// Of it, the beginning of a frame whose end has not come.
  private var heldPartial = 0
  var counters = ConnectionCounters()

  /// Server: a call arrived that the state machine lets in; it is taken on by `accept`.
  var onRequest: ((FrameHeader, ReceivedRequest) throws(ProtocolViolation) -> Void)?
  /// Client: HELLO was answered.
  var onOpen: (() -> Void)?
  /// The peer drains, in order or not; then the connection is over. At most one each.
  var onDraining: ((_ isOrderly: Bool) -> Void)?
  var onClose: ((RPCError) -> Void)?
  /// The bytes have stopped flowing, the last of all.
  var onTransportClosed: (() -> Void)?
  /// Client: told how each call ended that had been sent.
  var onCallEnd: ((Call, RPCError?) -> Void)?
  /// Told how many calls wait for a free stream, at each change.
  var onQueueChange: ((Int) -> Void)?

  var closeError: RPCError?
  var keepalive = Keepalive()
  var partialFrame = PartialFrame()
  var timers = ConnectionTimers()

  init(
    loop: EventLoop, isClient: Bool, settings: ConnectionSettings, peerAddress: PeerAddress,
    name: String = "server", credential: String = "", budget: MemoryBudget = .process
  ) {
    self.loop = loop
    out = OutputBuffer(pool: loop.buffers)
    held = HeldBytes(budget)
    self.isClient = isClient
    self.settings = settings
    self.peerAddress = peerAddress
    self.name = name
    self.credential = credential
    state = ConnectionState(role: isClient ? .client : .server, local: settings)
  }

  var peerSettings: ConnectionSettings { state.peer }

  /// Calls that are open or wait for a free stream.
  var load: Int { state.streams.count + waitingToOpen.count - emptyPlaces }

  var isUsable: Bool { state.phase == .open && !isClosing }

  /// Whether no call can begin any more and both sides know. Readable from any thread.
  var hasEndedTaking: Bool { hasEndedTakingFlag.load(ordering: .acquiring) }

  func endTaking() {
    hasEndedTakingFlag.store(true, ordering: .releasing)
  }

  /// Whether an answer that its handler has given is not written yet. Readable from any thread.
  var isAnswering: Bool { waitingAnswers.load(ordering: .acquiring) > 0 }

  func answerWaits(_ call: Call) {
    call.isAnswerWaiting = true
    waitingAnswers.wrappingAdd(1, ordering: .releasing)
  }

  func answerIsOver() {
    waitingAnswers.wrappingSubtract(1, ordering: .releasing)
  }

  /// What this end calls the other in errors. A client's errors may travel on to people who have no
  /// business with the addresses of services.
  var peerName: String { isClient ? name : peerAddress.description }

  // MARK: Transport side

  /// The bytes can flow. A client says HELLO now; a server when it has heard one.
  public func start(_ transport: any ConnectionTransport) {
    loop.assertCurrent()
    self.transport = transport
    counters.openedAt = loop.now
    keepalive.begin(now: loop.now)
    if isClient { sendHello() }
    armKeepalive()
    if !isClient { armMaxAge() }
  }

  /// Takes whole frames from `bytes`.
  ///
  /// - Returns: how many bytes were taken; the rest is the beginning of a frame, to be given again
  ///   with what follows it.
  public func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
    loop.assertCurrent()
    guard !isClosing else { return bytes.count }
    if keepalive.heard(now: loop.now) { armKeepalive() }
    var offset = 0
    do {
      while !isClosing, bytes.count - offset >= FrameHeader.size {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
        let header = try parseHeader(rest)
        let size = FrameHeader.size + Int(header.payloadLength)
        guard rest.count >= size else { break }
        let payload = UnsafeRawBufferPointer(rebasing: rest[FrameHeader.size..<size])
        try handle(header, payload)
        offset += size
      }
    } catch {
      fail(error)
      return bytes.count
    }
    counters.bytesReceived += UInt64(offset)
    if isClosing { return bytes.count }
    let partial = bytes.count - offset
    watchPartialFrame(isPartial: partial > 0, hasMoved: offset > 0)
    if partial != heldPartial {
      held.change(by: partial - heldPartial)
      heldPartial = partial
    }
    return offset
  }

  /// What waits to be written.
  public var outbound: UnsafeRawBufferPointer { out.bytes }

  public func didWrite(_ count: Int) {
    out.drop(count)
    counters.bytesSent += UInt64(count)
    // While nothing is read, that the peer takes something is how it shows that it lives.
    if isReadingPaused, count > 0 { keepalive.heard(now: loop.now) }
    if isReadingPaused, !isOutboundFull {
      isReadingPaused = false
      transport?.setReadingPaused(false)
    }
    // Not before most is gone: what is left would have to be moved to make room.
    if out.count <= Connection.outboundRefillBytes {
      pumpBlocked()
      if !waitingToOpen.isEmpty { openWaiting() }
    }
  }

  func turnEnded() {
    isFlushScheduled = false
    transport?.flush()
    out.releaseIfEmpty()
    if !isClient, isOutboundFull, !isReadingPaused {
      // A peer that does not read its answers gets no more of its requests read. A client goes on
      // reading: two sides that wait for each other to read would wait for ever.
      isReadingPaused = true
      transport?.setReadingPaused(true)
    }
    let change = out.count - heldOutbound
    if change != 0 {
      heldOutbound += change
      held.change(by: change)
    }
  }

  func scheduleFlush() {
    guard !isFlushScheduled else { return }
    isFlushScheduled = true
    loop.atTurnEnd(self)
  }

  /// Whether the peer leaves so much unread that nothing more is taken from it.
  var isOutboundFull: Bool { out.count >= settings.outboundHighWaterBytes }

  /// Whether senders should wait for the transport: it has enough to do.
  var isOutboundFilled: Bool {
    out.count >= min(Connection.outboundFillBytes, settings.outboundHighWaterBytes)
  }

  private static let outboundFillBytes = 256 << 10
  private static let outboundRefillBytes = 32 << 10

  // MARK: What is held

  /// Bytes that the connection holds, over all calls and both directions.
  var heldBytes: Int { held.count }

  func hold(_ bytes: Int) {
    held.change(by: bytes)
  }

  func release(_ bytes: Int) {
    held.change(by: -bytes)
  }

  func releaseAll() {
    held.releaseAll()
  }

  /// Why `bytes` more may not be held; nil if they may.
  func refusal(toHold bytes: Int) -> RPCError? {
    let wanted = held.count + bytes
    if wanted > settings.maxBufferedBytes {
      return .bufferExhausted(
        "the connection", "max_connection_buffer_bytes", "--max-connection-buffer-bytes",
        limit: settings.maxBufferedBytes, actual: wanted)
    }
    guard held.isProcessExhausted else { return nil }
    return .bufferExhausted(
      "the process", "max_buffer_bytes", "--max-buffer-bytes", limit: held.processLimit,
      actual: held.processLimit + bytes)
  }
}
