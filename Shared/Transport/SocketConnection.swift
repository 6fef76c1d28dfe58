import CLinux
import COpenSSL
import Glibc
import RPC

/// One TCP connection, with or without TLS: moves bytes between a socket and a `Connection`.
///
/// `@unchecked Sendable`: confined to the driver's loop.
final class SocketConnection: ConnectionTransport, Pollable, @unchecked Sendable {
  private enum Phase {
    case connecting
    case handshaking
    case open
    /// Our direction is ended; what still arrives is dropped.
    case lingering
    case closed
  }

  /// Makes the protocol's side once the peer is known.
  typealias MakeConnection = (PeerAddress) -> Connection

  private let driver: EpollDriver
  private let fd: Int32
  private let ssl: OpaquePointer?
  private var phase: Phase
  private var connection: Connection?
  private let makeConnection: MakeConnection
  private var onEstablished: ((Result<Void, TransportError>) -> Void)?
  /// Told once, when the socket is closed.
  private var onClosed: (() -> Void)?
  private var timeout: TimerHeap.Token?

  private var interest: UInt32
  private var partialFrame: [UInt8] = []
  /// TLS records that the socket did not take yet; nothing more is encrypted before they are gone.
  private var unsentRecords: [UInt8] = []
  private var isReadingPaused = false
  private var isClosingAfterFlush = false

  /// Read per event, so that one busy connection does not starve the others of its loop.
  private static let bytesPerEvent = 512 << 10
  /// Least room to read into.
  private static let minimumReadBytes = 64 << 10
  private static let recordBytes = 16 << 10
  /// Encrypted at a time, before the socket is asked to take it: enough to make a system call worth
  /// its cost, little enough for the peer to decrypt while the rest is encrypted.
  private static let encryptedBytes = 64 << 10
  /// How long the peer has to end its direction when we have ended ours.
  private static let lingerMilliseconds = 2_000
  /// How long the peer has to take what is written before we end our direction.
  private static let lastFlushMilliseconds = 5_000
  /// Records that a peer may have us keep that does not read, but asks for new keys.
  private static let maximumUnsentBytes = 1 << 20

  /// Takes over `fd`, which is non-blocking and either connected (server) or connecting (client).
  init(
    _ fd: Int32, ssl: OpaquePointer?, isConnected: Bool, driver: EpollDriver,
    timeoutMilliseconds: Int, makeConnection: @escaping MakeConnection,
    onEstablished: ((Result<Void, TransportError>) -> Void)? = nil,
    onClosed: (() -> Void)? = nil
  ) {
    self.onClosed = onClosed
    self.fd = fd
    self.ssl = ssl
    self.driver = driver
    self.makeConnection = makeConnection
    self.onEstablished = onEstablished
    phase = isConnected ? .handshaking : .connecting
    interest = isConnected ? EPOLLIN.rawValue : EPOLLOUT.rawValue
    SocketOptions.set(fd, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    do {
      try driver.watch(fd, interest, self)
    } catch {
      fail(error as? TransportError ?? TransportError("\(error)"))
      return
    }
    let due = driver.loop.now + UInt64(timeoutMilliseconds) * 1_000_000
    timeout = driver.loop.schedule(at: due) { [weak self] in
      self?.fail(TransportError("not established within \(timeoutMilliseconds) ms"))
    }
    if isConnected { continueHandshake() }
  }

  deinit {
    if let ssl { SSL_free(ssl) }
  }

  // MARK: Events

  func ready(_ events: UInt32) {
    switch phase {
    case .connecting: finishConnecting()
    case .handshaking: continueHandshake()
    case .open:
      if events & EPOLLOUT.rawValue != 0 { flush() }
      if events & ~EPOLLOUT.rawValue != 0, phase == .open { readAvailable() }
    case .lingering: drop()
    case .closed: break
    }
  }

  private func finishConnecting() {
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length)
    guard code == 0 else { return fail(.system("connect", code)) }
    phase = .handshaking
    continueHandshake()
  }

  private func continueHandshake() {
    guard let ssl else { return established() }
    ERR_clear_error()
    let result = SSL_do_handshake(ssl)
    let state = SSL_get_error(ssl, result)
    let error = result == 1 || state == SSL_ERROR_WANT_READ ? nil : handshakeError(ssl)
    // An alert, too, tells the peer something.
    if let failure = sendRecords() {
      return fail(error ?? TransportError("TLS handshake: \(failure)"))
    }
    if let error { return fail(error) }
    if result == 1 { return established() }
    want(EPOLLIN.rawValue | (unsentRecords.isEmpty ? 0 : EPOLLOUT.rawValue))
  }

  private func handshakeError(_ ssl: OpaquePointer) -> TransportError {
    let verification = SSL_get_verify_result(ssl)
    if verification != Int(X509_V_OK) {
      ERR_clear_error()
      let reason = String(cString: X509_verify_cert_error_string(verification))
      return TransportError("TLS: the peer's certificate is not trusted: \(reason)")
    }
    return .openSSL("TLS handshake")
  }

  private func established() {
    if let timeout { driver.loop.cancel(timeout) }
    timeout = nil
    phase = .open
    let address = SocketAddress.of(fd, peer: true)?.text ?? "unknown"
    let connection = makeConnection(
      PeerAddress(address, certificateSubject: ssl.flatMap(TLSContext.peerSubject)))
    self.connection = connection
    updateInterest()
    connection.start(self)
    onEstablished?(.success(()))
    onEstablished = nil
    // TLS may have read the peer's first bytes together with its last handshake message.
    if ssl != nil { readAvailable() }
  }

  private func want(_ events: UInt32) {
    guard events != interest, phase != .closed else { return }
    interest = events
    driver.change(fd, events)
  }

  private func updateInterest() {
    let wantsWrite = (connection?.outbound.count ?? 0) > 0 || !unsentRecords.isEmpty
    want((isReadingPaused ? 0 : EPOLLIN.rawValue) | (wantsWrite ? EPOLLOUT.rawValue : 0))
  }

  // MARK: Reading

  /// Reads what is there, as much at a time as the loop's memory holds, and hands it on in whole
  /// frames. What is left of a frame moves to the front; between events it is kept apart.
  private func readAvailable() {
    var held = restorePartialFrame()
    var budget = SocketConnection.bytesPerEvent
    var state = ReadState.more
    while case .more = state, budget > 0, phase == .open, !isReadingPaused {
      let count: Int
      (count, state) = fill(from: held)
      budget -= count
      held = deliver(held + count)
    }
    partialFrame = held == 0 ? [] : [UInt8](driver.scratch[..<held])
    // Reading, too, may make a record: the answer to a change of keys.
    if !driver.records.isEmpty {
      if let failure = sendRecords() { return close(failure) }
      updateInterest()
    }
    switch state {
    case .closed(let reason): close(reason)
    case .more where phase == .open && !isReadingPaused && ssl.map(SSL_has_pending) == 1:
      // After the others had their turn. What TLS holds raises no event; the socket does.
      driver.loop.execute { [weak self] in self?.readAvailable() }
    case .more, .drained: break
    }
  }

  private enum ReadState {
    case more
    case drained
    case closed(String)
  }

  private func restorePartialFrame() -> Int {
    while driver.scratch.count < partialFrame.count { driver.growScratch() }
    driver.scratch.copyBytes(from: partialFrame)
    return partialFrame.count
  }

  /// Reads to behind the first `held` bytes of the loop's memory, until it is full or nothing is
  /// left.
  private func fill(from held: Int) -> (count: Int, ReadState) {
    while driver.scratch.count - held < SocketConnection.minimumReadBytes { driver.growScratch() }
    var count = 0
    while true {
      let room = UnsafeMutableRawBufferPointer(rebasing: driver.scratch[(held + count)...])
      // A record of TLS is at most this long: the rest is for the next round.
      if room.count < SocketConnection.recordBytes { return (count, .more) }
      switch readSome(room) {
      case .bytes(let more):
        count += more
        // A short read has emptied the socket; TLS may hold more, and knows.
        let isDrained = ssl.map { SSL_has_pending($0) == 0 } ?? (more < room.count)
        if isDrained { return (count, .drained) }
      case .wouldBlock: return (count, .drained)
      case .closed(let reason): return (count, .closed(reason))
      }
    }
  }

  private enum IOResult {
    case bytes(Int)
    case wouldBlock
    case closed(String)

    var failure: String? {
      if case .closed(let reason) = self { reason } else { nil }
    }
  }

  private func readSome(_ room: UnsafeMutableRawBufferPointer) -> IOResult {
    guard let ssl else {
      let count = recv(fd, room.baseAddress, room.count, 0)
      if count > 0 { return .bytes(count) }
      if count == 0 { return .closed("closed by the peer") }
      return systemResult("read")
    }
    ERR_clear_error()
    let count = SSL_read(ssl, room.baseAddress, Int32(clamping: room.count))
    return count > 0 ? .bytes(Int(count)) : tlsResult(ssl, count, "read")
  }

  private func systemResult(_ operation: String) -> IOResult {
    switch errno {
    case EAGAIN, EINTR: .wouldBlock
    default: .closed("\(TransportError.system(operation))")
    }
  }

  private func tlsResult(_ ssl: OpaquePointer, _ result: Int32, _ operation: String) -> IOResult {
    switch SSL_get_error(ssl, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: .wouldBlock
    case SSL_ERROR_ZERO_RETURN: .closed("closed by the peer")
    case SSL_ERROR_SYSCALL:
      .closed(errno == 0 ? "cut off by the peer" : TransportError.system(operation).description)
    default: .closed("\(TransportError.openSSL("TLS \(operation)"))")
    }
  }

  /// - Returns: how many bytes of an unfinished frame are left, at the front.
  private func deliver(_ count: Int) -> Int {
    let bytes = UnsafeRawBufferPointer(rebasing: driver.scratch[..<count])
    let taken = connection?.receive(bytes) ?? count
    if taken > 0, taken < count {
      driver.scratch.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[taken...]))
    }
    return count - taken
  }

  // MARK: ConnectionTransport

  func flush() {
    guard phase == .open, let connection else { return }
    if let failure = sendRecords() { return close(failure) }
    while unsentRecords.isEmpty, connection.outbound.count > 0 {
      let (count, result) = write(connection.outbound)
      // Once for all that went out: it lets those go on who wait for room.
      if count > 0 { connection.didWrite(count) }
      guard phase == .open else { return }
      switch result {
      case .bytes: continue
      case .wouldBlock: return updateInterest()
      case .closed(let reason): return close(reason)
      }
    }
    updateInterest()
    if unsentRecords.isEmpty, isClosingAfterFlush { linger() }
  }

  /// Writes as much as the socket takes.
  private func write(_ bytes: UnsafeRawBufferPointer) -> (count: Int, IOResult) {
    guard let ssl else { return sendAll(bytes) }
    let count = min(bytes.count, SocketConnection.encryptedBytes)
    ERR_clear_error()
    let result = SSL_write(ssl, bytes.baseAddress, Int32(count))
    guard result > 0 else { return (0, tlsResult(ssl, result, "write")) }
    if let failure = sendRecords() { return (Int(result), .closed(failure)) }
    return (Int(result), unsentRecords.isEmpty ? .bytes(Int(result)) : .wouldBlock)
  }

  private func sendAll(_ bytes: UnsafeRawBufferPointer) -> (count: Int, IOResult) {
    var count = 0
    while count < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[count...])
      let sent = send(fd, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      guard sent >= 0 else { return (count, systemResult("write")) }
      count += sent
    }
    return (count, .bytes(count))
  }

  /// Sends the records that wait, then those that OpenSSL has just made; what the socket does not
  /// take waits in turn.
  ///
  /// - Returns: why the connection is lost; nil if it is not.
  private func sendRecords() -> String? {
    let records = driver.records
    defer { records.removeAll() }
    guard unsentRecords.isEmpty else {
      unsentRecords.append(contentsOf: records.bytes)
      let (count, result) = unsentRecords.withUnsafeBytes { sendAll($0) }
      unsentRecords = Array(unsentRecords[count...])
      if unsentRecords.count > SocketConnection.maximumUnsentBytes {
        return "the peer does not read"
      }
      return result.failure
    }
    guard !records.isEmpty else { return nil }
    let (count, result) = sendAll(records.bytes)
    unsentRecords = Array(records.bytes[count...])
    return result.failure
  }

  func closeAfterFlush() {
    isClosingAfterFlush = true
    // Called while frames are being handled: the flush comes at the turn's end, or now if nothing
    // is to be written.
    driver.loop.execute { [weak self] in self?.flush() }
    // A peer that reads nothing must not keep the socket.
    closeLater(milliseconds: SocketConnection.lastFlushMilliseconds)
  }

  func setReadingPaused(_ paused: Bool) {
    isReadingPaused = paused
    updateInterest()
    if !paused { driver.loop.execute { [weak self] in self?.readAvailable() } }
  }

  // MARK: The end

  private func fail(_ error: TransportError) {
    guard phase != .closed else { return }
    let report = onEstablished
    onEstablished = nil
    close(error.description)
    report?(.failure(error))
  }

  /// Ends our direction and drops what still arrives, until the peer has ended its own: to close a
  /// socket with unread input resets the connection, and a reset destroys what the peer has not
  /// read.
  private func linger() {
    guard phase == .open else { return }
    sayCloseNotify()
    guard phase == .open else { return }
    phase = .lingering
    shutdown(fd, Int32(SHUT_WR))
    want(EPOLLIN.rawValue)
    closeLater(milliseconds: SocketConnection.lingerMilliseconds)
    drop()
  }

  private func closeLater(milliseconds: Int) {
    if let timeout { driver.loop.cancel(timeout) }
    let due = driver.loop.now + UInt64(milliseconds) * 1_000_000
    timeout = driver.loop.schedule(at: due) { [weak self] in
      self?.timeout = nil
      self?.close("closed by this side")
    }
  }

  private func drop() {
    var budget = SocketConnection.bytesPerEvent
    while budget > 0 {
      let count = recv(fd, driver.scratch.baseAddress, driver.scratch.count, 0)
      if count > 0 {
        budget -= count
      } else if count < 0, errno == EAGAIN || errno == EINTR {
        return
      } else {
        return close("closed by this side")
      }
    }
  }

  /// Tells a TLS peer that nothing was cut off.
  private func sayCloseNotify() {
    guard let ssl else { return }
    ERR_clear_error()
    SSL_shutdown(ssl)
    ERR_clear_error()
    if let failure = sendRecords() { close(failure) }
  }

  private func close(_ reason: String) {
    guard phase != .closed else { return }
    let wasOpen = phase == .open
    phase = .closed
    if let timeout { driver.loop.cancel(timeout) }
    timeout = nil
    driver.unwatch(fd)
    if wasOpen { sayCloseNotify() }
    _ = Glibc.close(fd)
    partialFrame = []
    connection?.transportClosed(reason)
    connection = nil
    onClosed?()
    onClosed = nil
  }
}

enum SocketOptions {
  static func set(_ fd: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
    var value = value
    // A socket that lacks an option works without it.
    _ = setsockopt(fd, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
  }
}
