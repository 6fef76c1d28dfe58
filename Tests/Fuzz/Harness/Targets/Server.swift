import Codec

@testable import RPC

/// A client that follows the input: frames of all kinds on any stream, raw bytes, silence, a socket
/// that it does not read, a cut. The server keeps to the protocol throughout, and keeps nothing.
func fuzzServer(_ bytes: [UInt8]) {
  var input = FuzzInput(bytes)
  let count = HandlerCount()
  let session = ServerSession(
    router: EchoRouter.router(counting: count), settings: .small)
  var peer = HostilePeer(session.end)
  peer.sayHello(&input)
  for _ in 0..<200 where !input.isAtEnd && !session.end.isClosed {
    let operation = input.byte()
    switch operation % 9 {
    case 0, 1: peer.sendRequest(&input, methods: EchoRouter.methods)
    case 2: peer.sendMessage(&input)
    case 3: peer.sendCredit(&input)
    case 4: peer.sendAnyFrame(&input)
    case 5: peer.sendRawBytes(&input)
    case 6: session.time.now += UInt64(input.uint16()) * 1_000_000
    case 7: session.end.isBlocked.toggle()
    default: peer.sendGoaway(&input)
    }
    // Sometimes several frames arrive together.
    if operation < 0xC0 { session.end.deliver() }
    if operation < 0xA0 { session.end.settle() }
  }
  session.end.settle()
  session.finish()
  expect(count.running == 0, "no handler outlives its connection, but \(count.running) do")
}

extension ConnectionSettings {
  /// Limits that a small input can reach.
  static var small: ConnectionSettings {
    var settings = ConnectionSettings.defaults
    settings.maxFrameBytes = 2_048
    settings.maxMessageBytes = 8_192
    settings.maxConcurrentStreams = 6
    settings.initialStreamCredit = 4_096
    settings.initialConnectionCredit = 12_288
    settings.outboundHighWaterBytes = 16_384
    return settings
  }
}
