import Codec

@testable import RPC

/// A server that follows the input while the client opens, feeds and leaves calls. The client keeps
/// to the protocol throughout, and every call ends.
func fuzzClient(_ bytes: [UInt8]) {
  var input = FuzzInput(bytes)
  let session = ClientSession(settings: .small)
  let peer = HostilePeer(session.end)
  let choice = input.byte()
  // Calls may be opened before the server has said HELLO, and some servers never do.
  if choice & 1 == 0 { peer.sayHello(&input) }
  for _ in 0..<200 where !input.isAtEnd && !session.end.isClosed {
    let operation = input.byte()
    if operation & 1 == 0 {
      application(operation >> 1, &input, session)
    } else {
      hostile(operation >> 1, &input, session, peer)
    }
    if operation < 0xC0 { session.end.deliver() }
    if operation < 0xA0 { session.end.settle() }
  }
  session.end.settle()
  session.finish()
}

private func application(_ operation: UInt8, _ input: inout FuzzInput, _ session: ClientSession) {
  switch operation % 7 {
  case 0:
    session.open(
      EchoRouter.unary, [UInt8](repeating: 1, count: Int(input.uint16() % 12_000)),
      timeoutMilliseconds: UInt64(input.byte()))
  case 1: session.openStream(EchoRouter.chat, timeoutMilliseconds: UInt64(input.byte()))
  case 2:
    let index = Int(input.byte())
    session.send([UInt8](repeating: 1, count: Int(input.uint16() % 12_000)), on: index)
  case 3: session.halfClose(Int(input.byte()))
  case 4: session.cancel(Int(input.byte()))
  case 5: session.cancelTask(Int(input.byte()))
  default: session.time.now += UInt64(input.uint16()) * 1_000_000
  }
}

private func hostile(
  _ operation: UInt8, _ input: inout FuzzInput, _ session: ClientSession, _ peer: HostilePeer
) {
  switch operation % 8 {
  case 0, 1: peer.sendAnswer(&input)
  case 2: peer.sendMessage(&input)
  case 3: peer.sendCredit(&input)
  case 4: peer.sendAnyFrame(&input)
  case 5: peer.sendRawBytes(&input)
  case 6: session.end.isBlocked.toggle()
  default: peer.sendGoaway(&input)
  }
}
