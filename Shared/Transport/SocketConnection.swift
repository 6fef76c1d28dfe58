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
  private var timeout: TimerHeap.Token?

  private var interest: UInt32
  private var partialFrame: [UInt8] = []
  private var isReadingPaused = false
  private var isClosingAfterFlush = false

  /// Reads per event, so that one busy connection does not starve the others of its loop.
  private static let readsPerEvent = 8
  /// Least room to read into.
  private static let minimumReadBytes = 64 << 10

  /// Takes over `fd`, which is non-blocking and either connected (server) or connecting (client).
  init(
    _ fd: Int32, ssl: OpaquePointer?, isConnected: Bool, driver: EpollDriver,
    timeoutMilliseconds: Int, makeConnection: @escaping MakeConnection,
    onEstablished: ((Result<Void, TransportError>) -> Void)? = nil
  ) {
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
    if result == 1 { return established() }
    switch SSL_get_error(ssl, result) {
    case SSL_ERROR_WANT_READ: want(EPOLLIN.rawValue)
    case SSL_ERROR_WANT_WRITE: want(EPOLLOUT.rawValue)
    default: fail(handshakeError(ssl))
    }
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
    want(EPOLLIN.rawValue)
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
    let wantsWrite = (connection?.outbound.count ?? 0) > 0
    want((isReadingPaused ? 0 : EPOLLIN.rawValue) | (wantsWrite ? EPOLLOUT.rawValue : 0))
  }

  // MARK: Reading

  private func readAvailable() {
    for _ in 0..<SocketConnection.readsPerEvent {
      guard phase == .open, !isReadingPaused else { return }
      let kept = partialFrame.count
      while driver.scratch.count - kept < SocketConnection.minimumReadBytes { driver.growScratch() }
      let room = UnsafeMutableRawBufferPointer(rebasing: driver.scratch[kept...])
      switch readSome(room) {
      case .bytes(let count):
        deliver(count)
        // A short read from the socket has emptied it; TLS may hold more.
        if ssl == nil, count < room.count { return }
      case .wouldBlock: return
      case .closed(let reason): return close(reason)
      }
    }
    // More may be there: after the others had their turn. TLS's own buffer raises no event.
    driver.loop.execute { [weak self] in self?.readAvailable() }
  }

  private enum IOResult {
    case bytes(Int)
    case wouldBlock
    case closed(String)
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

  private func deliver(_ count: Int) {
    let kept = partialFrame.count
    if kept > 0 { driver.scratch.copyBytes(from: partialFrame) }
    let bytes = UnsafeRawBufferPointer(rebasing: driver.scratch[..<(kept + count)])
    let taken = connection?.receive(bytes) ?? bytes.count
    if taken == bytes.count {
      if kept > 0 { partialFrame = [] }
    } else {
      partialFrame = [UInt8](bytes[taken...])
    }
  }

  // MARK: ConnectionTransport

  func flush() {
    guard phase == .open, let connection else { return }
    while connection.outbound.count > 0 {
      switch writeSome(connection.outbound) {
      case .bytes(let count): connection.didWrite(count)
      case .wouldBlock: return updateInterest()
      case .closed(let reason): return close(reason)
      }
      guard phase == .open else { return }
    }
    updateInterest()
    if isClosingAfterFlush { close("closed by this side") }
  }

  private func writeSome(_ bytes: UnsafeRawBufferPointer) -> IOResult {
    guard let ssl else {
      let count = send(fd, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      return count >= 0 ? .bytes(count) : systemResult("write")
    }
    ERR_clear_error()
    let count = SSL_write(ssl, bytes.baseAddress, Int32(clamping: bytes.count))
    return count > 0 ? .bytes(Int(count)) : tlsResult(ssl, count, "write")
  }

  func closeAfterFlush() {
    isClosingAfterFlush = true
    // Called while frames are being handled: the flush comes at the turn's end, or now if nothing
    // is to be written.
    driver.loop.execute { [weak self] in self?.flush() }
    // A peer that reads nothing must not keep the socket.
    let due = driver.loop.now + 5_000_000_000
    driver.loop.schedule(at: due) { [weak self] in self?.close("closed by this side") }
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

  private func close(_ reason: String) {
    guard phase != .closed else { return }
    let wasOpen = phase == .open
    phase = .closed
    if let timeout { driver.loop.cancel(timeout) }
    timeout = nil
    driver.unwatch(fd)
    // close_notify tells the peer that nothing was cut off; there is no waiting for its own.
    if wasOpen, let ssl {
      ERR_clear_error()
      SSL_shutdown(ssl)
      ERR_clear_error()
    }
    _ = Glibc.close(fd)
    partialFrame = []
    connection?.transportClosed(reason)
    connection = nil
  }
}

enum SocketOptions {
  static func set(_ fd: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
    var value = value
    // A socket that lacks an option works without it.
    _ = setsockopt(fd, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
  }
}
