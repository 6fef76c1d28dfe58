/// The little of HTTP/1.1 that an admin port needs: a request line, and answers with a length.
struct HTTPRequest: Equatable {
  let method: String
  /// Without the query.
  let path: String

  /// Reads the request line of a head; nil if it is none. Header fields are of no interest here.
  init?(head: [UInt8]) {
    let text = String(decoding: head, as: UTF8.self)
    guard let line = text.split(separator: "\r\n", maxSplits: 1).first else { return nil }
    let parts = line.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[2] == "HTTP/1.1" || parts[2] == "HTTP/1.0",
      parts[1].hasPrefix("/")
    else { return nil }
    method = String(parts[0])
    path = String(parts[1].prefix { $0 != "?" })
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
