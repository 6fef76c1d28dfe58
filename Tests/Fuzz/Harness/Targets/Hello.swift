import Codec
import CodecSchemas

@testable import RPC

/// The input as the payload of a HELLO, to a server and to a client, and behind it one call each:
/// whatever limits a HELLO announces are kept or refused.
func fuzzHello(_ bytes: [UInt8]) {
  for withMagic in [true, false] {
    let payload = (withMagic ? WireProtocol.magic : []) + bytes
    greetServer(payload)
    greetClient(payload)
  }
}

private func note(_ payload: [UInt8], in observer: inout FrameObserver) {
  let magic = WireProtocol.magic
  guard payload.starts(with: magic),
    let hello = try? RPCHello(serialized: Array(payload.dropFirst(magic.count)))
  else { return }
  observer.peerSaid(hello)
}

private func greetServer(_ payload: [UInt8]) {
  let session = ServerSession(router: EchoRouter.router(counting: HandlerCount()))
  note(payload, in: &session.end.observer)
  let peer = HostilePeer(session.end)
  peer.send(FrameKind.hello.rawValue, 0, 0, payload)
  let message = KitchenScalars(someBytes: [UInt8](repeating: 1, count: 5_000)).serialized()
  let request = RPCRequest(method: EchoRouter.unary, message: message)
  peer.send(FrameKind.request.rawValue, FrameFlags.endStream.rawValue, 1, request.serialized())
  session.end.settle()
  session.finish()
}

private func greetClient(_ payload: [UInt8]) {
  let session = ClientSession()
  note(payload, in: &session.end.observer)
  HostilePeer(session.end).send(FrameKind.hello.rawValue, 0, 0, payload)
  session.end.settle()
  session.open(EchoRouter.unary, [UInt8](repeating: 1, count: 5_000))
  session.end.settle()
  session.finish()
}
