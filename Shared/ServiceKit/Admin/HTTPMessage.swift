/// The little of HTTP/1.1 that an admin port needs: a request line, and answers with a length.
struct HTTPRequest: Equatable {
  let method: String
  /// Without the query.
  let path: String

  /// Reads the request line of a head; nil if it is none. Header fields are of no interest here.
  ///
  /// Works on bytes: what Swift takes for one character can hide a delimiter.
  init?(head: some Collection<UInt8>) {
    let line = head.prefix { $0 != UInt8(ascii: "\r") }
    guard head.dropFirst(line.count).starts(with: "\r\n".utf8) else { return nil }
    let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard parts.count == 3, HTTPRequest.versions.contains(where: parts[2].elementsEqual) else {
      return nil
    }
    let capitals = UInt8(ascii: "A")...UInt8(ascii: "Z")
    let visible: ClosedRange<UInt8> = 0x21...0x7E
    guard !parts[0].isEmpty, parts[0].allSatisfy(capitals.contains),
      parts[1].first == UInt8(ascii: "/"), parts[1].allSatisfy(visible.contains)
    else { return nil }
    method = String(decoding: parts[0], as: UTF8.self)
    path = String(decoding: parts[1].prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self)
  }

  private static let versions = [Array("HTTP/1.1".utf8), Array("HTTP/1.0".utf8)]
}

/// The head of a request, put together from the pieces in which it arrives.
struct HTTPHead {
  /// Bytes of a head, at most.
  static let maximumBytes = 8_192

  enum Progress: Equatable {
    case incomplete
    case complete
    case tooLong
  }

  /// What has arrived; the head and nothing else once it is complete.
  private(set) var bytes: [UInt8] = []

  /// Adds a piece; where the pieces were cut makes no difference.
  mutating func append(_ piece: some Collection<UInt8>) -> Progress {
    // The empty line that ends a head may have begun in the piece before.
    let known = max(0, bytes.count - 3)
    bytes += piece
    if let end = HTTPHead.end(of: bytes, from: known), end <= HTTPHead.maximumBytes {
      bytes.removeSubrange(end...)
      return .complete
    }
    return bytes.count <= HTTPHead.maximumBytes ? .incomplete : .tooLong
  }

  /// Index behind the first empty line that begins at `start` or later.
  private static func end(of bytes: [UInt8], from start: Int) -> Int? {
    let mark = Array("\r\n\r\n".utf8)
    guard bytes.count >= start + mark.count else { return nil }
    let first = (start...(bytes.count - mark.count)).first { bytes[$0...].starts(with: mark) }
    return first.map { $0 + mark.count }
  }
}

/// An answer of the admin port.
struct HTTPResponse: Equatable {
  let status: Int
  let contentType: String
  let body: String

  init(_ status: Int, _ body: String, contentType: String = "text/plain; charset=utf-8") {
    self.status = status
    self.body = body
    self.contentType = contentType
  }

  func bytes(withBody: Bool) -> [UInt8] {
    let content = Array(body.utf8)
    let head =
      "HTTP/1.1 \(status) \(HTTPResponse.reason(status))\r\nContent-Type: \(contentType)\r\n"
      + "Content-Length: \(content.count)\r\nCache-Control: no-store\r\n"
      + "Connection: close\r\n\r\n"
    return Array(head.utf8) + (withBody ? content : [])
  }

  private static func reason(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 400: "Bad Request"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 431: "Request Header Fields Too Large"
    case 503: "Service Unavailable"
    default: "Error"
    }
  }
}
