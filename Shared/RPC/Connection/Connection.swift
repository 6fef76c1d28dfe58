import Codec

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
  /// The credential that the peer's HELLO brought; server side.
  var helloCredential = ""

  var state: ConnectionState<Call>
  let out: OutputBuffer
  weak var transport: (any ConnectionTransport)?
  private var isFlushScheduled = false
  var isClosing = false
  var isReadingPaused = false
  var blocked: [Call] = []
  /// Bytes of messages whose end has not arrived, over all calls.
  private var unfinishedBytes = 0
  var waitingToOpen = FIFO<Call>()
  let credential: String

  /// Server: a call arrived that the state machine lets in; it is taken on by `accept`.
  var onRequest: ((FrameHeader, ReceivedRequest) throws(ProtocolViolation) -> Void)?
  /// Client: HELLO was answered.
  var onOpen: (() -> Void)?
  /// The peer drains, or the connection is gone; at most one each.
  var onDraining: (() -> Void)?
  var onClose: ((RPCError) -> Void)?

  var closeError: RPCError?
  var keepalive = Keepalive()
  var nextDeadline = UInt64.max
  var deadlineTimer: TimerHeap.Token?
  var keepaliveTimer: TimerHeap.Token?

  init(
    loop: EventLoop, isClient: Bool, settings: ConnectionSettings, peerAddress: PeerAddress,
    credential: String = ""
  ) {
    self.loop = loop
    out = OutputBuffer(pool: loop.buffers)
    self.isClient = isClient
    self.settings = settings
    self.peerAddress = peerAddress
    self.credential = credential
    state = ConnectionState(role: isClient ? .client : .server, local: settings)
  }

  var peerSettings: ConnectionSettings { state.peer }

  /// Calls that are open or wait for a free stream.
  var load: Int { state.streams.count + waitingToOpen.count }

  var isUsable: Bool { state.phase == .open && !isClosing }

  // MARK: Transport side

  /// The bytes can flow. A client says HELLO now; a server when it has heard one.
  public func start(_ transport: any ConnectionTransport) {
    loop.assertCurrent()
    self.transport = transport
    keepalive.begin(now: loop.now)
    if isClient { sendHello() }
    armKeepalive()
  }

  /// Takes whole frames from `bytes`.
  ///
  /// - Returns: how many bytes were taken; the rest is the beginning of a frame, to be given again
  ///   with what follows it.
  public func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
    loop.assertCurrent()
    keepalive.heard(now: loop.now)
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
    return isClosing ? bytes.count : offset
  }

  /// What waits to be written.
  public var outbound: UnsafeRawBufferPointer { out.bytes }

  public func didWrite(_ count: Int) {
    out.drop(count)
    if isReadingPaused, !isOutboundFull {
      isReadingPaused = false
      transport?.setReadingPaused(false)
    }
    if !isOutboundFull { pumpBlocked() }
  }

  /// The transport has closed, by its own or the peer's doing.
  public func transportClosed(_ reason: String) {
    guard state.phase != .closed else { return }
    var error =
      closeError ?? RPCError(.unavailable, "connection to \(peerAddress) lost: \(reason)")
    isClosing = true
    cancelTimers()
    for call in state.close() { call.over(error) }
    error.details.notProcessed = true
    while let call = waitingToOpen.popFirst() { call.over(error) }
    blocked.removeAll()
    onClose?(error)
    onClose = nil
    onRequest = nil
    onOpen = nil
    onDraining = nil
  }

  func turnEnded() {
    isFlushScheduled = false
    transport?.flush()
    out.releaseIfEmpty()
  }

  func scheduleFlush() {
    guard !isFlushScheduled else { return }
    isFlushScheduled = true
    loop.atTurnEnd(self)
    if out.count > settings.outboundHighWaterBytes, !isReadingPaused {
      // A peer that does not read its answers gets no more of its requests read.
      isReadingPaused = true
      transport?.setReadingPaused(true)
    }
  }

  // MARK: Unfinished messages

  /// What messages whose end has not come may hold over all calls: as much as REQUEST frames may.
  var maxUnfinishedBytes: Int { settings.maxConcurrentStreams * settings.maxFrameBytes }

  /// - Returns: false if the peer has begun too much without finishing it.
  func reserveUnfinished(_ bytes: Int) -> Bool {
    guard unfinishedBytes + bytes <= maxUnfinishedBytes else { return false }
    unfinishedBytes += bytes
    return true
  }

  func releaseUnfinished(_ bytes: Int) {
    unfinishedBytes -= bytes
  }

  /// Whether senders should wait for the transport.
  var isOutboundFull: Bool { out.count >= settings.outboundHighWaterBytes }

  // MARK: The end

  /// Says GOAWAY: calls finish, none begin; the connection closes with its last call.
  func drain() {
    guard !isClosing, state.phase == .open else {
      if state.phase == .awaitingHello { closeNow() }
      return
    }
    send(.goaway, [], 0, RPCGoaway(lastStream: state.beginDrain(), message: "draining"))
    closeIfDrained()
  }

  func closeIfDrained() {
    if state.phase == .draining, state.streams.isEmpty { closeNow() }
  }

  /// Closes after what is buffered; open calls fail.
  func closeNow() {
    guard !isClosing else { return }
    isClosing = true
    transport?.closeAfterFlush()
  }

  /// The peer broke the protocol, or fell silent: says so and closes.
  func fail(_ violation: ProtocolViolation) {
    guard !isClosing else { return }
    let error = RPCError(.internal, "protocol violation: \(violation)")
    closeError = RPCError(.unavailable, "connection to \(peerAddress) closed: \(violation)")
    send(
      .goaway, [], 0,
      RPCGoaway(lastStream: state.beginDrain(), code: error.code.rawValue, message: error.message))
    closeNow()
  }
}
