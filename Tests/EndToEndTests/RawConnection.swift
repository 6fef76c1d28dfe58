import Foundation

/// A TCP connection that sends what no client of ours would.
final class RawConnection {
  private let descriptor: Int32

  /// Connects to `127.0.0.1:PORT`.
  init(_ endpoint: String) throws {
    guard let port = endpoint.split(separator: ":").last.flatMap({ UInt16($0) }) else {
      throw TestFailure("no port in \(endpoint)")
    }
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard connected == 0 else { throw TestFailure("cannot connect to \(endpoint)") }
  }

  deinit { close() }

  func send(_ bytes: [UInt8]) { _ = Foundation.send(descriptor, bytes, bytes.count, 0) }

  /// Reads and drops what comes until the other side closes.
  func isClosedByPeer(within seconds: Double) async -> Bool {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let closed: Bool? = try? await eventually("close", within: seconds) {
      let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      if count == 0 || (count < 0 && errno != EAGAIN) { return true }
      return nil
    }
    return closed ?? false
  }

  func close() { _ = Foundation.close(descriptor) }
}
