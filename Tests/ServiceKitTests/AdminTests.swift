import Foundation
import RPC
import Testing

@testable import ServiceKit

/// The admin port over a real socket.
@Suite("Admin port", .timeLimit(.minutes(1)))
struct AdminTests {
  private func withServer(_ body: (HostPort, Readiness) throws -> Void) throws {
    let readiness = Readiness()
    let metrics = MetricsRegistry()
    metrics.counter("assay_test_total", help: "Tests.").increment()
    let pages = AdminPages(
      readiness: readiness, metrics: metrics,
      introspection: IntrospectionService(budget: MemoryBudget(limitBytes: 1 << 20)))
    let server = try AdminServer(try #require(HostPort("127.0.0.1:0"))) { pages.page($0) }
    defer { server.stop() }
    try body(server.address, readiness)
  }

  /// Sends bytes and reads until the server closes.
  private func exchange(_ address: HostPort, _ bytes: [UInt8]) throws -> String {
    let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(fd) }
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = UInt16(address.port).bigEndian
    name.sin_addr.s_addr = inet_addr("127.0.0.1")
    let connected = withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(connected == 0)
    _ = bytes.withUnsafeBytes { send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    shutdown(fd, Int32(SHUT_WR))
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while case let count = recv(fd, &buffer, buffer.count, 0), count > 0 {
      answer += buffer[..<count]
    }
    return String(decoding: answer, as: UTF8.self)
  }

  private func get(_ address: HostPort, _ path: String) throws -> String {
    try exchange(address, Array("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
  }

  @Test("health, readiness with its reason, and metrics are answered")
  func pages() throws {
    try withServer { address, readiness in
      #expect(try get(address, "/healthz").hasPrefix("HTTP/1.1 200"))
      readiness.set("database", ready: false, "migrating")
      let ready = try get(address, "/readyz")
      #expect(ready.hasPrefix("HTTP/1.1 503") && ready.contains("database: migrating"))
      readiness.set("database", ready: true)
      #expect(try get(address, "/readyz").hasPrefix("HTTP/1.1 200"))
      let metrics = try get(address, "/metrics")
      #expect(metrics.contains("# TYPE assay_test_total counter"))
      #expect(metrics.contains("assay_test_total 1"))
      #expect(try get(address, "/etc/passwd").hasPrefix("HTTP/1.1 404"))
    }
  }

  @Test("noise and endless heads are refused, and the port lives on")
  func noise() throws {
    try withServer { address, _ in
      for bytes in [
        Array("\r\n\r\n".utf8), [UInt8](repeating: 0xFF, count: 100),
        Array("GET / HTTP/1.1\r\n".utf8) + [UInt8](repeating: 65, count: 100_000),
      ] {
        let answer = try exchange(address, bytes)
        #expect(!answer.hasPrefix("HTTP/1.1 200"))
      }
      #expect(try get(address, "/healthz").hasPrefix("HTTP/1.1 200"))
    }
  }
}
