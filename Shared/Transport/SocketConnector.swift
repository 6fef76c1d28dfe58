import CLinux
import Glibc
import RPC

/// Connects a channel over TCP, with or without TLS.
public struct SocketConnector: Connector {
  public let name: String
  private let targets: [(host: String, port: Int)]
  private let tls: TLSContext?
  private let serverName: String?
  private let group: EventLoopGroup

  /// How long one attempt may take, TLS included.
  private static let timeoutMilliseconds = 5_000

  /// - Parameters:
  ///   - name: what to call the peer in errors. These may travel on to people who have no business
  ///     with addresses.
  ///   - target: "HOST:PORT", or several with commas; all addresses of all hosts are used.
  /// - Throws: `TransportError` for a target that is none or a CA file that cannot be loaded.
  public init(name: String, target: String, tls: TLSClientOptions? = nil, group: EventLoopGroup)
    throws
  {
    self.name = name
    targets = try target.split(separator: ",").map {
      let text = $0.hasPrefix("dns:") ? $0.dropFirst(4) : $0
      return try SocketAddress.split(String(text))
    }
    guard !targets.isEmpty else { throw TransportError("'\(target)': expected HOST:PORT") }
    self.tls = try tls.map(TLSContext.init(client:))
    serverName = tls.map { $0.serverName ?? "" }.flatMap { $0.isEmpty ? nil : $0 }
    self.group = group
  }

  public var loops: [EventLoop] { group.loops }

  public func resolve() async throws -> [String] {
    var addresses: [String] = []
    var failure: (any Error)?
    for (host, port) in targets {
      do {
        let found = try await SocketAddress.lookUpInBackground(host: host, port: port)
        addresses += found.map(\.text).filter { !addresses.contains($0) }
      } catch {
        failure = error
      }
    }
    if addresses.isEmpty, let failure { throw failure }
    return addresses
  }

  public func connect(
    to address: String, on loop: EventLoop,
    makeConnection: @escaping @Sendable (PeerAddress) -> Connection
  ) async throws {
    let (host, port) = try SocketAddress.split(address)
    guard let resolved = try SocketAddress.lookUp(host: host, port: port, passive: false).first
    else { throw TransportError("\(address): no such address") }
    let driver = group.driver(for: loop)
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
      loop.run {
        do {
          try self.begin(resolved, driver, makeConnection) { done.resume(with: $0) }
        } catch {
          done.resume(throwing: error)
        }
      }
    }
  }

  /// Exactly one of: throws, or calls `onEstablished` once.
  private func begin(
    _ address: SocketAddress, _ driver: EpollDriver,
    _ makeConnection: @escaping @Sendable (PeerAddress) -> Connection,
    onEstablished: @escaping (Result<Void, any Error>) -> Void
  ) throws {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let fd = socket(address.family, type, 0)
    guard fd >= 0 else { throw TransportError.system("socket") }
    let result = address.withSockaddr { Glibc.connect(fd, $0, $1) }
    guard result == 0 || errno == EINPROGRESS else {
      let error = TransportError.system("connect")
      Glibc.close(fd)
      throw error
    }
    var ssl: OpaquePointer?
    if let tls {
      do {
        ssl = try tls.makeClient(fd, driver.records, serverName: serverName ?? hostOf(address))
      } catch {
        Glibc.close(fd)
        throw error
      }
    }
    // The driver's table of handlers keeps it alive until it closes.
    _ = SocketConnection(
      fd, ssl: ssl, isConnected: false, driver: driver,
      timeoutMilliseconds: SocketConnector.timeoutMilliseconds, makeConnection: makeConnection,
      onEstablished: { onEstablished($0.mapError { $0 }) })
  }

  /// The name that the certificate must carry: of the target that this address belongs to. With
  /// one target, the usual case, that is simply its host.
  private func hostOf(_ address: SocketAddress) -> String {
    if targets.count == 1 { return targets[0].host }
    return (try? SocketAddress.split(address.text).host) ?? targets[0].host
  }
}
