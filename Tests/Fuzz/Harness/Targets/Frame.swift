import Codec

@testable import RPC

/// The first twelve bytes as a header, and everything as what a client sends behind a valid HELLO,
/// cut where the first byte says: what a server makes of it must not depend on the cuts.
func fuzzFrame(_ bytes: [UInt8]) {
  checkHeader(bytes)
  var input = FuzzInput(bytes)
  let cut = Int(input.byte()) + 1
  let sent = input.rest()
  let whole = outcome(of: sent, cutEvery: max(sent.count, 1))
  let pieces = outcome(of: sent, cutEvery: cut)
  expect(whole == pieces, "what a server answers does not depend on how bytes were cut")
}

private func checkHeader(_ bytes: [UInt8]) {
  guard let header = try? FrameHeader(parsing: bytes, limit: 1 << 20) else { return }
  let read = Array(bytes.prefix(FrameHeader.size))
  expect(header.bytes == read, "a header is written as it was read")
}

/// The frames that a server without methods writes, one line each, and whether it closed.
private func outcome(of sent: [UInt8], cutEvery size: Int) -> [String] {
  let session = ServerSession(router: Router())
  session.sayHello()
  var offset = 0
  while offset < sent.count {
    let next = min(sent.count, offset + size)
    session.end.observer.peerSentRawBytes()
    session.end.send(Array(sent[offset..<next]))
    session.end.deliver()
    offset = next
  }
  session.end.settle()
  let lines = session.end.observer.log + ["closed: \(session.end.isClosed)"]
  session.finish()
  return lines
}
