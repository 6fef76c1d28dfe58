import API
import RPC
import Synchronization
import Testing
import Transport

@Suite("Rolling restart over real sockets", .timeLimit(.minutes(2)))
struct RollingRestartTests {
  /// A server that is replaced by another at the same address.
  private final class Host: Sendable {
    private struct State {
      var server: Server
      var listener: Listener
    }

    private let state: Mutex<State>
    private let group: EventLoopGroup
    private let tls: TLSServerOptions?
    let port: Int

    init(_ group: EventLoopGroup, _ tls: TLSServerOptions?) async throws {
      self.group = group
      self.tls = tls
      let state = try await Host.start(group, tls, port: 0)
      port = state.listener.port
      self.state = Mutex(state)
    }

    private static func start(_ group: EventLoopGroup, _ tls: TLSServerOptions?, port: Int)
      async throws -> State
    {
      var router = Router()
      router.register(EchoHandler())
      let server = Server(router: router)
      return State(
        server: server,
        listener: try await Listener.start(
          server: server, host: "127.0.0.1", port: port, tls: tls, group: group))
    }

    /// As a service does on SIGTERM, and then another of it begins.
    func restart() async throws {
      let old = state.withLock { $0 }
      old.listener.close()
      old.server.drain()
      while old.server.isTakingCalls { try await Task.sleep(for: .milliseconds(1)) }
      while old.server.connectionCount > 0 { try await Task.sleep(for: .milliseconds(1)) }
      let new = try await again()
      state.withLock { $0 = new }
    }

    /// The old listener lets go of the port on its own thread.
    private func again() async throws -> State {
      for _ in 0..<1_000 {
        if let state = try? await Host.start(group, tls, port: port) { return state }
        try await Task.sleep(for: .milliseconds(1))
      }
      return try await Host.start(group, tls, port: port)
    }

    func stop() {
      state.withLock { state in
        state.listener.close()
        state.server.closeAll()
      }
    }
  }

  private final class Progress: Sendable {
    let isOver = Atomic(false)
    let answered = Atomic(0)
  }

  @Test("no call is lost, of those that must not be sent twice neither", arguments: [false, true])
  func noCallLost(overTLS: Bool) async throws {
    let group = EventLoopGroup(loopCount: 2, name: "restarting")
    let tls = overTLS ? TestCertificates.server : nil
    let hosts = [try await Host(group, tls), try await Host(group, tls)]
    let channel = Channel(
      try SocketConnector(
        name: "echo", target: hosts.map { "127.0.0.1:\($0.port)" }.joined(separator: ","),
        tls: overTLS ? TestCertificates.client : nil, group: group))
    defer {
      channel.shutDown()
      for host in hosts { host.stop() }
      group.shutDown()
    }
    let progress = Progress()
    // Not known to be harmless twice: what is lost here is not sent again.
    let method = MethodDescriptor(name: "assay.testing.v1.EchoService.Unary")
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for caller in 0..<16 {
        tasks.addTask {
          while !progress.isOver.load(ordering: .relaxed) {
            let request = TestingEcho(payload: [UInt8(caller)], delayMilliseconds: 2)
            let answer: TestingEcho = try await channel.unary(method, request)
            #expect(answer.payload == request.payload)
            progress.answered.wrappingAdd(1, ordering: .relaxed)
          }
        }
      }
      for _ in 0..<3 {
        for host in hosts {
          let before = progress.answered.load(ordering: .relaxed)
          try await host.restart()
          // Calls went on meanwhile, and go on to the new one before the next has its turn.
          while progress.answered.load(ordering: .relaxed) < before + 200 {
            try await Task.sleep(for: .milliseconds(1))
          }
        }
      }
      progress.isOver.store(true, ordering: .relaxed)
      try await tasks.waitForAll()
    }
    #expect(progress.answered.load(ordering: .relaxed) > 1_200)
  }
}
