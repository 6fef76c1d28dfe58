import API
import Foundation
import RPC
import Testing
import Transport

@testable import ServiceKit

@Suite("Introspection", .timeLimit(.minutes(1)))
struct IntrospectionTests {
  private static let stuck = MethodDescriptor(name: "t.S.Stuck")

  private struct House {
    let introspection: IntrospectionService
    let server: Server
    let group: EventLoopGroup
    let target: String

    func channel() throws -> Channel {
      Channel(try SocketConnector(name: "introspected", target: target, group: group))
    }
  }

  private func withHouse(_ body: (House) async throws -> Void) async throws {
    let introspection = IntrospectionService(budget: MemoryBudget(limitBytes: 1 << 20))
    var router = Router()
    router.register(introspection)
    router.unary(Self.stuck) { (request: TestingEcho, _) -> TestingEcho in
      try await Task.sleep(for: .seconds(3_600))
      return request
    }
    let group = EventLoopGroup(loopCount: 2, name: "introspection")
    defer { group.shutDown() }
    let server = Server(router: router)
    introspection.attach(server)
    let listener = try await Listener.start(
      server: server, host: "127.0.0.1", port: 0, group: group)
    defer {
      listener.close()
      server.closeAll()
    }
    try await body(
      House(
        introspection: introspection, server: server, group: group,
        target: "127.0.0.1:\(listener.port)"))
  }

  @Test("a call that hangs is shown with its connection, its age and the time it has left")
  func openCalls() async throws {
    try await withHouse { house in
      let channel = try house.channel()
      let hanging = Task {
        var options = CallOptions()
        options.timeoutMilliseconds = 60_000
        let _: TestingEcho = try await channel.unary(Self.stuck, TestingEcho(), options: options)
      }
      defer { hanging.cancel() }
      let client = RPCIntrospectionClient(try house.channel())
      var streams: [RPCStreamInfo] = []
      var answer = RPCIntrospectResponse()
      while streams.isEmpty {
        answer = try await client.introspect(RPCIntrospectRequest())
        streams = answer.connections.flatMap(\.streams).filter { $0.method == "t.S.Stuck" }
      }
      #expect((50_000...60_000).contains(streams[0].remainingMilliseconds))
      let connection = try #require(
        answer.connections.first { $0.streams.contains { $0.method == "t.S.Stuck" } })
      #expect(connection.state == .open && connection.openStreams == 1)
      #expect(connection.peer.hasPrefix("127.0.0.1:") && connection.peerSoftware == "assay/1")
      #expect(connection.bytesReceived > 0 && connection.sendCreditBytes == 8 << 20)
      let counters = try #require(answer.server)
      #expect(counters.connectionsOpen >= 2 && counters.callsStarted >= 2)
      #expect(counters.bufferedBytesLimit == 1 << 20)
    }
  }

  @Test("pages follow each other without gap or repetition")
  func pages() async throws {
    try await withHouse { house in
      var channels: [Channel] = []
      for _ in 0..<5 {
        let channel = try house.channel()
        _ = try await RPCIntrospectionClient(channel).introspect(RPCIntrospectRequest())
        channels.append(channel)
      }
      let client = RPCIntrospectionClient(channels[0])
      var (ids, after): ([UInt64], UInt64) = ([], 0)
      repeat {
        let page = try await client.introspect(
          RPCIntrospectRequest(pageSize: 2, afterConnection: after))
        #expect(page.connections.count <= 2)
        ids += page.connections.map(\.id)
        after = page.nextConnection
      } while after != 0
      #expect(ids.count >= 5 && Set(ids).count == ids.count && ids == ids.sorted())
    }
  }

  @Test("the admin port has the first page as JSON; before the server is there it has none")
  func json() async throws {
    #expect(IntrospectionService(budget: .process).json() == nil)
    try await withHouse { house in
      let client = RPCIntrospectionClient(try house.channel())
      _ = try await client.introspect(RPCIntrospectRequest())
      // A thread of its own, as the admin port has.
      let text = await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: house.introspection.json()) }
      }
      let object = try JSONSerialization.jsonObject(with: Data(try #require(text).utf8))
      let connections = (object as? [String: Any])?["connections"] as? [[String: Any]]
      #expect(connections?.first?["state"] as? String == "STATE_OPEN")
    }
  }
}
