/// The input as what arrives at the admin port, cut where the first byte says. `HTTPMessage.swift`
/// is compiled into this module: the rest of ServiceKit has nothing to do with bytes from outside.
func fuzzAdmin(_ bytes: [UInt8]) {
  var input = FuzzInput(bytes)
  let cut = Int(input.byte()) + 1
  let arriving = input.rest()
  let whole = head(of: arriving, cutEvery: max(arriving.count, 1))
  let pieces = head(of: arriving, cutEvery: cut)
  expect(whole == pieces, "what a head is does not depend on how bytes were cut")
  if let whole { checkRequest(whole) }
  checkAnswer(arriving)
}

/// The complete head, or nil.
private func head(of bytes: [UInt8], cutEvery size: Int) -> [UInt8]? {
  var head = HTTPHead()
  var offset = 0
  while offset < bytes.count {
    let next = min(bytes.count, offset + size)
    switch head.append(bytes[offset..<next]) {
    case .complete: return head.bytes
    case .tooLong: return nil
    case .incomplete: offset = next
    }
    expect(head.bytes.count <= HTTPHead.maximumBytes, "a head is held up to its limit")
  }
  return nil
}

private func checkRequest(_ head: [UInt8]) {
  expect(head.count <= HTTPHead.maximumBytes, "a head ends within its limit")
  guard let request = HTTPRequest(head: head) else { return }
  expect(request.path.hasPrefix("/"), "a path begins with a slash")
  let isPlain = (request.method + request.path).utf8.allSatisfy { (0x21...0x7E).contains($0) }
  expect(isPlain, "method and path are visible ASCII: \(request)")
  expect(!request.path.utf8.contains(UInt8(ascii: "?")), "a path has no query")
}

/// An answer's head ends where its body, of the announced length, begins.
private func checkAnswer(_ body: [UInt8]) {
  let text = String(decoding: body, as: UTF8.self)
  let answer = HTTPResponse(200, text).bytes(withBody: true)
  var head = HTTPHead()
  expect(head.append(answer) == .complete, "an answer has a head")
  expect(answer.count - head.bytes.count == text.utf8.count, "an answer's body is all of it")
  let length = "Content-Length: \(text.utf8.count)\r\n"
  expect(String(decoding: head.bytes, as: UTF8.self).contains(length), "a body's length is told")
}
