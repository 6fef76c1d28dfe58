import Codec

@testable import RPC

/// A server with one connection, on a loop and a clock of its own.
final class ServerSession {
  let time: ScriptedTime
  let loop: EventLoop
  let end: ScriptedEnd
  private var server: Server?
  private let connection: Connection

  init(router: Router, settings: ConnectionSettings = .defaults) {
    let time = ScriptedTime()
    self.time = time
    let loop = EventLoop(clock: { time.now }, wake: {})
    loop.adoptCurrentThread()
    self.loop = loop
    let server = Server(router: router, settings: settings)
    self.server = server
    connection = server.accept(on: loop, from: PeerAddress("fuzz"))
    end = ScriptedEnd(connection, loop, FrameObserver(.server))
    connection.start(end)
  }

  /// The HELLO of an ordinary client.
  func sayHello() {
    var nothing = FuzzInput([])
    HostilePeer(end).sayHello(&nothing)
    end.settle()
  }

  /// Cuts the connection: nothing may be left of it.
  func finish() {
    end.cut()
    expect(server?.connectionCount == 0, "a server forgets a connection that is gone")
    expect(connection.load == 0, "no call outlives its connection")
    server = nil
    loop.runUntilIdle()
  }
}
