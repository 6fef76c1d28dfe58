import CLinux
import Foundation

/// A resolved address: what getaddrinfo gave, and how people write it.
struct SocketAddress: Sendable {
  private let bytes: [UInt8]
  let family: Int32

  init(_ info: addrinfo) {
    bytes = [UInt8](UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen)))
    family = info.ai_family
  }

  private init(bytes: [UInt8], family: Int32) {
    self.bytes = bytes
    self.family = family
  }

  func withSockaddr<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    bytes.withUnsafeBytes { raw in
      // A sockaddr of any family begins as sockaddr does, and getaddrinfo's is never empty.
      body(raw.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
    }
  }

  /// "127.0.0.1:7101" or "[::1]:7101".
  var text: String {
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
    let result = withSockaddr {
      getnameinfo(
        $0, $1, &host, socklen_t(host.count), &port, socklen_t(port.count),
        NI_NUMERICHOST | NI_NUMERICSERV)
    }
    guard result == 0 else { return "unknown" }
    let (name, service) = (text(of: host), text(of: port))
    return name.contains(":") ? "[\(name)]:\(service)" : "\(name):\(service)"
  }

  private func text(of characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The local or the remote end of a socket.
  static func of(_ fd: Int32, peer: Bool) -> SocketAddress? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        peer ? getpeername(fd, $0, &length) : getsockname(fd, $0, &length)
      }
    }
    guard result == 0 else { return nil }
    let bytes = withUnsafeBytes(of: &storage) { [UInt8]($0.prefix(Int(length))) }
    return SocketAddress(bytes: bytes, family: Int32(storage.ss_family))
  }

  // MARK: Names

  /// Splits "host:port" or "[v6]:port".
  static func split(_ text: String) throws -> (host: String, port: Int) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port)
    else { throw TransportError("'\(text)': expected HOST:PORT") }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    guard !host.isEmpty else { throw TransportError("'\(text)': expected HOST:PORT") }
    return (host, port)
  }

  /// All addresses of a name. Blocks: never on a loop unless the host is numeric.
  static func lookUp(host: String, port: Int, passive: Bool) throws -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0)
    var list: UnsafeMutablePointer<addrinfo>?
    let result = getaddrinfo(host, String(port), &hints, &list)
    guard result == 0 else {
      throw TransportError("cannot resolve \(host): \(String(cString: gai_strerror(result)))")
    }
    defer { freeaddrinfo(list) }
    var addresses: [SocketAddress] = []
    var next = list
    while let entry = next {
      addresses.append(SocketAddress(entry.pointee))
      next = entry.pointee.ai_next
    }
    return addresses
  }

  /// `lookUp` on a thread that may block.
  static func lookUpInBackground(host: String, port: Int) async throws -> [SocketAddress] {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(with: Result { try lookUp(host: host, port: port, passive: false) })
      }
    }
  }
}
