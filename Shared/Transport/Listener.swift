import CLinux
import Glibc
import RPC
import Synchronization

/// A listening socket that gives its connections to a `Server`, spread over the group's loops.
///
/// `@unchecked Sendable`: `next` and the descriptor's life belong to the accepting loop; the rest
/// is constant.
public final class Listener: Pollable, @unchecked Sendable {
  /// "127.0.0.1:7101", with the real port.
  public let address: String
  public let port: Int

  private let fd: Int32
  private let server: Server
  private let tls: TLSContext?
  private let group: EventLoopGroup
  private let acceptor: EpollDriver
  private var next = 0
  private var isClosed = false
  /// Sockets that are open.
  private let sockets = Atomic<Int>(0)

  /// Connections taken per event.
  private static let acceptsPerEvent = 64
  /// How long a client has for its TLS handshake.
  private static let handshakeMilliseconds = 10_000
  /// Open connections per server; more are closed at once.
  public static let maximumConnections = 20_000

  /// - Parameter port: 0 takes a free one.
  /// - Throws: `TransportError` naming what cannot be bound or loaded.
  public static func start(
    server: Server, host: String, port: Int, tls: TLSServerOptions? = nil, group: EventLoopGroup
  ) async throws -> Listener {
    let context = try tls.map(TLSContext.init(server:))
    let fd = try bind(host, port)
    let listener = Listener(fd, server, context, group)
    try await listener.watch()
    return listener
  }

  private init(_ fd: Int32, _ server: Server, _ tls: TLSContext?, _ group: EventLoopGroup) {
    self.fd = fd
    self.server = server
    self.tls = tls
    self.group = group
    acceptor = group.drivers[0]
    address = SocketAddress.of(fd, peer: false)?.text ?? ""
    port = (try? SocketAddress.split(address).port) ?? 0
  }

  private static func bind(_ host: String, _ port: Int) throws -> Int32 {
    guard let address = try SocketAddress.lookUp(host: host, port: port, passive: true).first
    else { throw TransportError("\(host) has no address") }
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let fd = socket(address.family, type, 0)
    guard fd >= 0 else { throw TransportError.system("socket") }
    SocketOptions.set(fd, SOL_SOCKET, SO_REUSEADDR, 1)
    guard address.withSockaddr({ Glibc.bind(fd, $0, $1) }) == 0, listen(fd, 1_024) == 0 else {
      let error = TransportError.system("cannot listen on \(host):\(port)")
      Glibc.close(fd)
      throw error
    }
    return fd
  }

  private func watch() async throws {
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
      acceptor.loop.run {
        done.resume(with: Result { try self.acceptor.watch(self.fd, EPOLLIN.rawValue, self) })
      }
    }
  }

  /// Stops accepting; what is connected stays.
  public func close() {
    acceptor.loop.run {
      guard !self.isClosed else { return }
      self.isClosed = true
      self.acceptor.unwatch(self.fd)
      Glibc.close(self.fd)
    }
  }

  func ready(_ events: UInt32) {
    for _ in 0..<Listener.acceptsPerEvent {
      let client = assay_accept(fd, nil, nil)
      guard client >= 0 else {
        if errno == EMFILE || errno == ENFILE { pauseAccepting() }
        return
      }
      // Those in their TLS handshake count, too.
      let open = sockets.wrappingAdd(1, ordering: .relaxed).newValue
      guard open <= Listener.maximumConnections else {
        sockets.wrappingSubtract(1, ordering: .relaxed)
        Glibc.close(client)
        continue
      }
      let driver = group.drivers[next]
      next = (next + 1) % group.drivers.count
      driver.loop.run { self.begin(client, on: driver) }
    }
  }

  /// Out of descriptors: a listening socket left readable would spin the loop.
  private func pauseAccepting() {
    acceptor.change(fd, 0)
    acceptor.loop.schedule(at: acceptor.loop.now + 100_000_000) { [weak self] in
      guard let self, !self.isClosed else { return }
      self.acceptor.change(self.fd, EPOLLIN.rawValue)
    }
  }

  private func begin(_ client: Int32, on driver: EpollDriver) {
    do {
      let ssl = try tls?.makeServer(client, driver.records)
      // The driver's table of handlers keeps it alive until it closes.
      _ = SocketConnection(
        client, ssl: ssl, isConnected: true, driver: driver,
        timeoutMilliseconds: Listener.handshakeMilliseconds,
        makeConnection: { [server] peer in server.accept(on: driver.loop, from: peer) },
        onClosed: { [self] in sockets.wrappingSubtract(1, ordering: .relaxed) })
    } catch {
      sockets.wrappingSubtract(1, ordering: .relaxed)
      Glibc.close(client)
    }
  }
}
