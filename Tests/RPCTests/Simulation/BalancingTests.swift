import API
import Testing

@testable import RPC

/// What a channel does over several servers, on a clock that the test moves.
@Suite("A channel and its servers")
struct BalancingTests {
  private static let read = MethodDescriptor(name: "b.S.Read", idempotency: .noSideEffects)
  private static let write = MethodDescriptor(name: "b.S.Write")

  /// One server's behaviour and what it has seen.
  ///
  /// `@unchecked Sendable`: used by the one thread of a test.
  private final class Host: @unchecked Sendable {
    enum Behaviour {
      case answers
      case fails(RPCError)
      case hangs
    }

    var behaviour = Behaviour.answers
    var calls = 0
    var attempts: [Int] = []

    func server(_ name: String) -> Server {
      var router = Router()
      for method in [BalancingTests.read, BalancingTests.write] {
        router.unary(method) { (request: TestingEcho, context) in
          self.calls += 1
          self.attempts.append(context.attempt)
          switch self.behaviour {
          case .answers: return TestingEcho(statusMessage: name)
          case .fails(let error): throw error
          case .hangs:
            try await Task.sleep(for: .seconds(3_600))
            return request
          }
        }
      }
      return Server(name: name, router: router, budget: MemoryBudget(limitBytes: 1 << 30))
    }
  }

  private final class House {
    let network = SimulatedNetwork(seed: 7, faults: SimulatedNetwork.Faults())
    var hosts: [Host] = []
    var servers: [Server] = []
    let channel: Channel

    init(_ count: Int, _ change: (inout ChannelOptions) -> Void = { _ in }) {
      var options = ChannelOptions.defaults
      change(&options)
      channel = Channel(SimulatedConnector(network: network), options: options)
      for _ in 0..<count { add() }
    }

    func add() {
      let host = Host()
      let name = "host-\(hosts.count)"
      let server = host.server(name)
      hosts.append(host)
      servers.append(server)
      network.start(server, at: name)
    }

    /// Starts a call; its outcome is there once the network has run.
    func start(_ method: MethodDescriptor = BalancingTests.read, _ options: CallOptions = .init())
      -> Outcome<TestingEcho>
    {
      let outcome = Outcome<TestingEcho>()
      let channel = channel
      Task(executorPreference: network.loop) {
        do {
          outcome.result = .success(
            try await channel.unary(method, TestingEcho(), options: options))
        } catch {
          outcome.result = .failure(error)
        }
      }
      return outcome
    }

    @discardableResult
    func call(_ method: MethodDescriptor = BalancingTests.read, _ options: CallOptions = .init())
      -> Result<TestingEcho, any Error>?
    {
      let outcome = start(method, options)
      _ = network.run(milliseconds: 60_000) { outcome.result != nil }
      return outcome.result
    }

    func wait(milliseconds: UInt64) {
      _ = network.run(milliseconds: milliseconds) { false }
    }

    /// Connects to all servers.
    func warmUp() {
      call()
      wait(milliseconds: 50)
      for host in hosts { host.calls = 0 }
    }
  }

  @Test("calls go to all addresses, and fewer to the one that is busy")
  func leastLoaded() {
    let house = House(3)
    house.warmUp()
    for _ in 0..<300 { house.call() }
    #expect(house.hosts.allSatisfy { $0.calls > 60 })
    // Now one of them keeps what it gets.
    house.hosts[0].behaviour = .hangs
    let before = house.hosts[0].calls
    for _ in 0..<60 {
      _ = house.start()
      house.wait(milliseconds: 10)
    }
    // With power of two choices it is picked while it is no busier than another.
    #expect(house.hosts[0].calls - before <= 8)
  }

  @Test("an address whose calls fail five times in a row is left alone, then tried again")
  func outlier() {
    let house = House(3) { $0.maximumAttempts = 1 }
    house.warmUp()
    house.hosts[1].behaviour = .fails(RPCError(.unavailable, "broken"))
    for _ in 0..<100 { house.call() }
    #expect(house.hosts[1].calls == 5)
    #expect(house.channel.statistics.ejections == 1)
    house.wait(milliseconds: 25_000)
    for _ in 0..<20 { house.call() }
    #expect(house.hosts[1].calls == 5)
    house.hosts[1].behaviour = .answers
    house.wait(milliseconds: 6_000)
    for _ in 0..<60 { house.call() }
    #expect(house.hosts[1].calls > 15)
  }

  @Test("at most half of the addresses are left alone; the only one never")
  func outlierLimit() {
    let house = House(1) { $0.maximumAttempts = 1 }
    house.warmUp()
    house.hosts[0].behaviour = .fails(RPCError(.unavailable, "broken"))
    for _ in 0..<20 { house.call() }
    #expect(house.hosts[0].calls == 20)
    #expect(house.channel.statistics.ejections == 0)
  }

  @Test("what only reads is retried on another server; what writes is not")
  func retries() {
    let house = House(2) { $0.outliers.consecutiveFailures = 0 }
    house.warmUp()
    house.hosts[0].behaviour = .fails(RPCError(.unavailable, "restarting"))
    for _ in 0..<3 { #expect((try? house.call()?.get()) != nil) }
    let failures = (0..<20).count { _ in (try? house.call(Self.write)?.get()) == nil }
    #expect(failures > 2)
    #expect(house.hosts[0].attempts.contains { $0 == 0 })
    #expect((house.hosts[1].attempts.max() ?? 0) > 0)
  }

  @Test("a hedged call goes out again while the first hangs, only where it reads")
  func hedging() throws {
    let house = House(2)
    house.warmUp()
    house.hosts[0].behaviour = .hangs
    var options = CallOptions()
    options.hedging = HedgingPolicy(delayMilliseconds: 50)
    options.timeoutMilliseconds = 1_000
    for _ in 0..<10 {
      let begin = house.network.time.now
      #expect(try house.call(Self.read, options)?.get().statusMessage == "host-1")
      #expect(house.network.time.now - begin < 200_000_000)
    }
    #expect(house.channel.statistics.hedges > 0)
    let hedges = house.channel.statistics.hedges
    for _ in 0..<4 { house.call(Self.write, options) }
    #expect(house.channel.statistics.hedges == hedges)
  }

  @Test("without a server a call fails at once, or waits for one if it is told to")
  func waitForReady() throws {
    let house = House(0)
    let error = try #require(house.call(Self.read)?.failure)
    #expect(error.code == .unavailable && error.isNotProcessed)
    var options = CallOptions()
    options.waitForReady = true
    let patient = house.start(Self.read, options)
    house.wait(milliseconds: 3_000)
    #expect(patient.result == nil)
    #expect(house.channel.statistics.queuedCalls == 1)
    house.add()
    house.wait(milliseconds: 6_000)
    #expect(try patient.result?.get() != nil)
    #expect(house.channel.statistics.queuedCalls == 0)
  }

  @Test("a server that comes back is connected to within 50 ms at first, 5 s at most")
  func reconnect() {
    let house = House(1)
    house.warmUp()
    house.network.faults.refuseOneIn = 1
    house.wait(milliseconds: 2_000)
    for link in house.network.links { link.cut() }
    house.wait(milliseconds: 120_000)
    // About 50 + 100 + … + 3,200 ms, then every 5 s.
    let failures = house.channel.statistics.connectFailures
    #expect((22...36).contains(failures), "\(failures)")
    house.network.faults.refuseOneIn = 0
    house.wait(milliseconds: 6_100)
    #expect(house.channel.statistics.connections == 1)
  }

  @Test("a channel that failed, and was then left alone for long, connects when it is used again")
  func idleAfterFailure() throws {
    let house = House(0)
    #expect(house.call()?.failure?.code == .unavailable)
    house.wait(milliseconds: 400_000)
    house.add()
    #expect(try house.call()?.get() != nil)
    // The same with an address that refuses.
    house.network.faults.refuseOneIn = 1
    for link in house.network.links { link.cut() }
    #expect(house.call()?.failure?.code == .unavailable)
    house.wait(milliseconds: 800_000)
    house.network.faults.refuseOneIn = 0
    #expect(try house.call()?.get() != nil)
  }

  @Test("a server that ends every connection with a fault is come back to with growing waits")
  func faultyServer() {
    let house = House(1)
    house.warmUp()
    let before = house.network.links.count
    for _ in 0..<200 {
      house.wait(milliseconds: 10)
      for connection in house.servers[0].registry.all {
        connection.fail(ProtocolViolation("out of order"))
      }
    }
    // Two seconds: 50 + 100 + 200 + 400 + 800 ms.
    #expect((3...8).contains(house.network.links.count - before))
  }

  @Test("after a drain the next connection is made at once")
  func drainWithoutBackoff() throws {
    let house = House(1)
    house.warmUp()
    let begin = house.network.time.now
    for connection in house.servers[0].registry.all { connection.drain() }
    for _ in 0..<20 { #expect(try house.call()?.get() != nil) }
    // Twenty calls of some milliseconds each, and no wait between.
    #expect(house.network.time.now - begin < 300_000_000)
    #expect(house.channel.statistics.connectFailures == 0)
  }

  @Test("a new address of the name gets its part of the calls within half a minute")
  func reresolution() {
    let house = House(1)
    house.warmUp()
    house.add()
    for _ in 0..<31 {
      house.call()
      house.wait(milliseconds: 1_000)
    }
    for _ in 0..<20 { house.call() }
    #expect(house.hosts[1].calls > 4)
  }

  @Test("interceptors see a call once, whatever its attempts, and may change or end it")
  func interceptors() throws {
    /// `@unchecked Sendable`: as `Host`.
    final class Log: @unchecked Sendable { var lines: [String] = [] }
    let log = Log()
    let house = House(1) { options in
      options.interceptor = ClientInterceptor(
        prepare: { method, options in
          options.timeoutMilliseconds = 5_000
          if method.name == Self.write.name { throw RPCError(.permissionDenied, "read-only") }
        },
        completed: { method, code, _ in log.lines.append("\(method.name) \(code.name)") })
    }
    house.call(Self.read)
    house.hosts[0].behaviour = .fails(RPCError(.unavailable, "restarting"))
    house.call(Self.read)
    #expect(house.hosts[0].attempts == [0, 0, 1, 2, 3])
    house.call(Self.write)
    #expect(
      log.lines == ["b.S.Read OK", "b.S.Read UNAVAILABLE", "b.S.Write PERMISSION_DENIED"])
  }
}

extension Result where Failure == any Error {
  fileprivate var failure: RPCError? {
    if case .failure(let error) = self { error as? RPCError } else { nil }
  }
}
