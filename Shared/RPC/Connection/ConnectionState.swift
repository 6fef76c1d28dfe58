import Codec

/// The protocol of one connection as a pure value: phases, streams, credit, drain. It does no I/O;
/// each event returns what is to be done. `proto-spec/wire.md` holds the same tables in words.
struct ConnectionState<Call> {
  enum Role { case client, server }

  enum Phase: Equatable {
    /// Nothing but HELLO may arrive.
    case awaitingHello
    case open
    /// Server: the first GOAWAY is said; requests under way are still taken.
    case announcedDrain
    /// GOAWAY is said: streams finish, none begin.
    case draining
    case closed
  }

  enum RequestAction {
    case accept
    /// Answer with this status; the request was not processed.
    case refuse(RPCError)
  }

  enum MessageAction {
    case deliver(Call)
    /// The stream is gone already (cancelled, answered): the bytes count for the connection only.
    case discard
  }

  enum CreditAction {
    case connection
    case stream(Call)
    case none
  }

  /// Most that a stream or the connection may have, in bytes.
  private static var creditLimit: Int { 1 << 31 }

  let role: Role
  let local: ConnectionSettings
  private(set) var phase = Phase.awaitingHello
  private(set) var peer: ConnectionSettings
  private(set) var streams = StreamTable<StreamState<Call>>()
  private(set) var connectionSendCredit = 0

  private var nextStream: UInt32 = 1
  private var lastPeerStream: UInt32 = 0
  private(set) var connectionReceiveCredit: Int
  private var connectionConsumed = 0

  init(role: Role, local: ConnectionSettings) {
    self.role = role
    self.local = local
    // Until HELLO says more, the peer is taken to allow nothing beyond a HELLO.
    peer = local
    peer.maxFrameBytes = WireProtocol.maxHelloBytes
    connectionReceiveCredit = local.initialConnectionCredit
  }

  /// Largest frame payload to accept now.
  var frameLimit: Int {
    phase == .awaitingHello ? WireProtocol.maxHelloBytes : local.maxFrameBytes
  }

  /// Whether a new call may begin.
  var canOpenStream: Bool {
    phase == .open && streams.count < peer.maxConcurrentStreams && nextStream < UInt32(Int32.max)
  }

  // MARK: HELLO

  /// - Throws: a violation naming both ranges if no version is common.
  mutating func receivedHello(_ hello: RPCHello) throws(ProtocolViolation) {
    guard phase == .awaitingHello else { throw ProtocolViolation("a second HELLO") }
    guard hello.minVersion <= WireProtocol.maxVersion, hello.maxVersion >= WireProtocol.minVersion
    else {
      throw ProtocolViolation(
        "no common protocol version: the peer speaks \(hello.minVersion) to \(hello.maxVersion), "
          + "this side \(WireProtocol.minVersion) to \(WireProtocol.maxVersion)")
    }
    guard hello.maxFrameBytes >= 1_024, hello.maxMessageBytes >= 1_024 else {
      throw ProtocolViolation("HELLO announces limits below 1,024 bytes")
    }
    guard hello.pingIntervalMilliseconds <= WireProtocol.maxPingIntervalMilliseconds else {
      throw ProtocolViolation("HELLO announces a ping interval over an hour")
    }
    guard hello.initialStreamCreditBytes >= 1_024, hello.initialConnectionCreditBytes >= 1_024
    else {
      throw ProtocolViolation("HELLO announces credit below 1,024 bytes")
    }
    let credit = max(hello.initialStreamCreditBytes, hello.initialConnectionCreditBytes)
    guard Int(credit) <= Self.creditLimit else {
      throw ProtocolViolation("HELLO announces credit over 2 GiB")
    }
    peer.maxFrameBytes = Int(hello.maxFrameBytes)
    peer.maxMessageBytes = Int(hello.maxMessageBytes)
    peer.maxConcurrentStreams = Int(hello.maxConcurrentStreams)
    peer.initialStreamCredit = Int(hello.initialStreamCreditBytes)
    peer.initialConnectionCredit = Int(hello.initialConnectionCreditBytes)
    peer.pingIntervalMilliseconds = max(
      local.pingIntervalMilliseconds, Int(hello.pingIntervalMilliseconds))
    peer.software = hello.software
    connectionSendCredit = peer.initialConnectionCredit
    phase = .open
  }

  /// What the first frame must be before anything else is looked at.
  func checkOrder(_ kind: FrameKind) throws(ProtocolViolation) {
    guard phase == .awaitingHello, kind != .hello else { return }
    // A server that could not read our HELLO says why, and has none to say itself.
    guard role == .client, kind == .goaway else {
      throw ProtocolViolation("\(kind) before HELLO")
    }
  }

  // MARK: Opening

  /// Client: begins a call. Only while `canOpenStream`.
  mutating func openStream(_ call: Call, endStream: Bool) -> UInt32 {
    precondition(role == .client && canOpenStream, "the caller checks canOpenStream")
    let id = nextStream
    nextStream += 2
    streams.insert(id, newStream(call, isLocalClosed: endStream, isRemoteClosed: false))
    return id
  }

  /// Server: a REQUEST arrived. Whether to accept is decided before the call exists.
  mutating func receivedRequest(_ id: UInt32) throws(ProtocolViolation) -> RequestAction {
    guard role == .server else { throw ProtocolViolation("REQUEST from a server") }
    guard id % 2 == 1 else { throw ProtocolViolation("REQUEST on even stream \(id)") }
    guard id > lastPeerStream else {
      throw ProtocolViolation("REQUEST on stream \(id), not above \(lastPeerStream)")
    }
    lastPeerStream = id
    guard phase == .open || phase == .announcedDrain else {
      return .refuse(.notProcessed(.unavailable, "this server is draining; call another one"))
    }
    if streams.count >= local.maxConcurrentStreams {
      var error = RPCError.notProcessed(
        .resourceExhausted,
        "over \(local.maxConcurrentStreams) calls open on this connection (max_concurrent_streams)")
      error.details.limit = LimitExceeded(
        name: "max_concurrent_streams", limit: Int64(local.maxConcurrentStreams),
        actual: Int64(streams.count + 1), setting: "--max-concurrent-streams")
      return .refuse(error)
    }
    return .accept
  }

  mutating func acceptStream(_ id: UInt32, _ call: Call, endStream: Bool) {
    streams.insert(id, newStream(call, isLocalClosed: false, isRemoteClosed: endStream))
  }

  private func newStream(_ call: Call, isLocalClosed: Bool, isRemoteClosed: Bool)
    -> StreamState<Call>
  {
    StreamState(
      call: call, isLocalClosed: isLocalClosed, isRemoteClosed: isRemoteClosed,
      sendCredit: peer.initialStreamCredit, receiveCredit: local.initialStreamCredit)
  }

  // MARK: Data

  /// A MESSAGE frame arrived that costs `cost` bytes of credit.
  mutating func receivedMessage(_ id: UInt32, cost: Int, endStream: Bool)
    throws(ProtocolViolation) -> MessageAction
  {
    guard cost <= connectionReceiveCredit else {
      throw ProtocolViolation("MESSAGE costing \(cost) bytes exceeds the connection's credit")
    }
    connectionReceiveCredit -= cost
    let action = try streams.update(id) { (stream) throws(ProtocolViolation) in
      try Self.receiveOpen(&stream, id, cost: cost, endStream: endStream)
    }
    if let action { return action }
    guard wasOpened(id) else { throw ProtocolViolation("MESSAGE on stream \(id), never opened") }
    return .discard
  }

  private static func receiveOpen(
    _ stream: inout StreamState<Call>, _ id: UInt32, cost: Int, endStream: Bool
  ) throws(ProtocolViolation) -> MessageAction {
    guard !stream.isRemoteClosed else {
      throw ProtocolViolation("MESSAGE on stream \(id) after its END_STREAM")
    }
    guard cost <= stream.receiveCredit else {
      throw ProtocolViolation("MESSAGE costing \(cost) bytes exceeds the credit of stream \(id)")
    }
    stream.receiveCredit -= cost
    stream.isRemoteClosed = endStream
    return .deliver(stream.call)
  }

  /// Client: RESPONSE or STATUS arrived; the stream is over.
  mutating func receivedEnd(_ id: UInt32) throws(ProtocolViolation) -> Call? {
    guard role == .client else { throw ProtocolViolation("an answer from a client") }
    guard let stream = streams.remove(id) else {
      guard wasOpened(id) else {
        throw ProtocolViolation("an answer on stream \(id), never opened")
      }
      return nil
    }
    return stream.call
  }

  /// Server: CANCEL arrived; the stream is over.
  mutating func receivedCancel(_ id: UInt32) throws(ProtocolViolation) -> Call? {
    guard role == .server else { throw ProtocolViolation("CANCEL from a server") }
    guard let stream = streams.remove(id) else {
      guard wasOpened(id) else { throw ProtocolViolation("CANCEL on stream \(id), never opened") }
      return nil
    }
    return stream.call
  }

  private func wasOpened(_ id: UInt32) -> Bool {
    guard id % 2 == 1 else { return false }
    return role == .client ? id < nextStream : id <= lastPeerStream
  }

  /// Our last frame of the stream is sent. A server's ends the stream.
  mutating func closeLocal(_ id: UInt32) {
    if role == .server {
      streams.remove(id)
    } else {
      streams.update(id) { $0.isLocalClosed = true }
    }
  }

  /// The stream is over for a reason of ours (cancel, deadline).
  mutating func remove(_ id: UInt32) {
    streams.remove(id)
  }

  // MARK: Credit

  mutating func receivedCredit(_ id: UInt32, bytes: UInt32) throws(ProtocolViolation)
    -> CreditAction
  {
    let limit = Self.creditLimit
    guard id != 0 else {
      connectionSendCredit += Int(bytes)
      guard connectionSendCredit <= limit else { throw ProtocolViolation("credit over 2 GiB") }
      return .connection
    }
    let call = try streams.update(id) { (stream) throws(ProtocolViolation) in
      guard stream.sendCredit + Int(bytes) <= limit else {
        throw ProtocolViolation("credit of stream \(id) over 2 GiB")
      }
      stream.sendCredit += Int(bytes)
      return stream.call
    }
    if let call { return .stream(call) }
    guard wasOpened(id) else { throw ProtocolViolation("CREDIT on stream \(id), never opened") }
    return .none
  }

  /// Takes the send credit for one MESSAGE frame of up to `wanted` bytes of payload.
  ///
  /// - Returns: how much payload the frame may carry; nil means wait.
  mutating func takeSendCredit(_ id: UInt32, wanted: Int) -> Int? {
    let overhead = WireProtocol.messageOverheadBytes
    let least = overhead + min(wanted, 1)
    guard connectionSendCredit >= least else { return nil }
    let most = min(wanted, connectionSendCredit - overhead, peer.maxFrameBytes)
    let granted: Int?? = streams.update(id) { stream in
      guard stream.sendCredit >= least else { return nil }
      let granted = min(most, stream.sendCredit - overhead)
      stream.sendCredit -= granted + overhead
      return granted
    }
    guard let granted = granted ?? nil else { return nil }
    connectionSendCredit -= granted + overhead
    return granted
  }

  /// The application took `bytes` of a stream (nil: of one that is gone). Grants are given back by
  /// half windows, so that a small message costs no frame.
  mutating func consumed(_ id: UInt32?, bytes: Int) -> (CreditGrant?, CreditGrant?) {
    connectionConsumed += bytes
    var connection: CreditGrant?
    if connectionConsumed * 2 >= local.initialConnectionCredit {
      connection = CreditGrant(stream: 0, bytes: UInt32(connectionConsumed))
      connectionReceiveCredit += connectionConsumed
      connectionConsumed = 0
    }
    guard let id else { return (connection, nil) }
    let window = local.initialStreamCredit
    let granted = streams.update(id) { stream in
      guard !stream.isRemoteClosed else { return 0 }
      stream.consumed += bytes
      guard stream.consumed * 2 >= window else { return 0 }
      defer { stream.consumed = 0 }
      stream.receiveCredit += stream.consumed
      return stream.consumed
    }
    guard let granted, granted > 0 else { return (connection, nil) }
    return (connection, CreditGrant(stream: id, bytes: UInt32(granted)))
  }

  // MARK: The end

  /// Server: the first step of a drain; the stream that its GOAWAY names.
  mutating func announceDrain() -> UInt32 {
    if phase == .open { phase = .announcedDrain }
    return WireProtocol.anyStream
  }

  /// Ends the taking of calls; the highest stream that will still be answered.
  mutating func beginDrain() -> UInt32 {
    if phase != .closed { phase = .draining }
    return lastPeerStream
  }

  /// GOAWAY arrived: the calls that the peer will not process, which may go elsewhere.
  mutating func receivedGoaway(lastStream: UInt32) -> [Call] {
    // A client opens no streams that a server's drain would wait for, and the other way round.
    if phase != .closed { phase = .draining }
    guard role == .client else { return [] }
    let refused = streams.all.map(\.stream).filter { $0 > lastStream }.sorted()
    return refused.compactMap { streams.remove($0)?.call }
  }

  /// The connection is over: all calls still open.
  mutating func close() -> [Call] {
    phase = .closed
    return streams.removeAll().map(\.call)
  }
}
