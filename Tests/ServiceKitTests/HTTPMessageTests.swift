import Testing

@testable import ServiceKit

@Suite("The admin port's HTTP")
struct HTTPMessageTests {
  private func request(_ text: String) -> HTTPRequest? { HTTPRequest(head: Array(text.utf8)) }

  @Test("a request line has a method, a path and a version, and nothing else")
  func requestLine() {
    let request = request("GET /metrics?a=b HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(request?.method == "GET")
    #expect(request?.path == "/metrics")
  }

  @Test(
    "what is no request line is refused",
    arguments: [
      "", "\r\n\r\n", "GET / HTTP/1.1", "GET / HTTP/1.1\n\n", "GET  HTTP/1.1\r\n\r\n",
      "GET / HTTP/2\r\n\r\n", "GET x HTTP/1.1\r\n\r\n", " / HTTP/1.1\r\n\r\n",
      "get / HTTP/1.1\r\n\r\n", "GET / a HTTP/1.1\r\n\r\n", "GET /a\nb HTTP/1.1\r\n\r\n",
      "GET /\u{0} HTTP/1.1\r\n\r\n", "GET /\u{301} HTTP/1.1\r\n\r\n",
    ])
  func noRequestLine(text: String) {
    #expect(request(text) == nil)
  }

  @Test("a head is the same however it was cut", arguments: 1...20)
  func cuts(size: Int) {
    let head = Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
    let arriving = head + Array("more".utf8)
    var collected = HTTPHead()
    var progress = HTTPHead.Progress.incomplete
    for start in stride(from: 0, to: arriving.count, by: size) where progress == .incomplete {
      progress = collected.append(arriving[start..<min(arriving.count, start + size)])
    }
    #expect(progress == .complete)
    #expect(collected.bytes == head)
  }

  @Test("a head may be 8,192 bytes long and no longer", arguments: [1, 2_048, 10_000])
  func limit(size: Int) {
    func progress(_ count: Int) -> HTTPHead.Progress {
      let end = Array("\r\n\r\n".utf8)
      let bytes = [UInt8](repeating: 65, count: count - end.count) + end
      var head = HTTPHead()
      var progress = HTTPHead.Progress.incomplete
      for start in stride(from: 0, to: count, by: size) where progress == .incomplete {
        progress = head.append(bytes[start..<min(count, start + size)])
      }
      return progress
    }
    #expect(progress(8_192) == .complete)
    #expect(progress(8_193) == .tooLong)
  }
}
