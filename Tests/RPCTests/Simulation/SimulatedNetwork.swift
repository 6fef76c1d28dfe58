@testable import RPC

/// A network in memory with a clock of its own: what is sent arrives later, in pieces cut anywhere,
/// or not at all. Everything that chance decides follows from one seed.
///
/// `@unchecked Sendable`: used by the one thread that runs the simulation.
final class SimulatedNetwork: @unchecked Sendable {
  struct Faults {
    /// Longest way of a piece, in nanoseconds.
    var delay: UInt64 = 2_000_000
    /// One in so many connections is cut at some byte; 0 is none.
    var cutOneIn = 0
    /// One in so many connection attempts is refused; 0 is none.
    var refuseOneIn = 0
    /// Whether frames of different streams may overtake each other.
    var reordersStreams = false
    /// Whether a client's attempt may leave a second connection behind that nobody uses.
    var duplicates = false
  }

  let time = ManualTime()
  let loop: EventLoop
  var faults: Faults
  private(set) var random: SplitMix64
  private var servers: [String: Server] = [:]
  private(set) var links: [SimulatedLink] = []

  init(seed: UInt64, faults: Faults) {
    self.faults = faults
    random = SplitMix64(state: seed)
    let time = time
    loop = EventLoop(clock: { time.now }, randomness: Randomness(seed: seed), wake: {})
    loop.adoptCurrentThread()
  }

  func chance(_ oneIn: Int) -> Bool {
    oneIn > 0 && Int.random(in: 0..<oneIn, using: &random) == 0
  }

  func number(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &random)
  }

  // MARK: Servers

  func start(_ server: Server, at address: String) {
    servers[address] = server
  }

  /// The address refuses connections from now on; those that are there stay.
  func stopListening(at address: String) {
    servers[address] = nil
  }

  var addresses: [String] { servers.keys.sorted() }

  /// Lets go of all that took part.
  func forget() {
    servers = [:]
    links = []
  }

  // MARK: Connections

  /// Connects to a server, some time from now.
  func connect(
    to address: String, _ makeConnection: @escaping (PeerAddress) -> Connection,
    _ done: @escaping (Bool) -> Void
  ) {
    loop.schedule(at: time.now + delay()) { [self] in
      guard let server = servers[address], !chance(faults.refuseOneIn) else { return done(false) }
      link(makeConnection(PeerAddress(address)), server)
      if faults.duplicates, chance(4) {
        // What a network does that delivers a SYN twice: a client that says HELLO and no more.
        link(
          Connection(
            loop: loop, isClient: true, settings: server.settings, peerAddress: PeerAddress("twin"),
            budget: MemoryBudget(limitBytes: 1 << 30)),
          server)
      }
      done(true)
    }
  }

  private func link(_ client: Connection, _ server: Server) {
    let accepted = server.accept(on: loop, from: PeerAddress("client-\(links.count)"))
    let cut = chance(faults.cutOneIn) ? number(0...20_000) : nil
    let link = SimulatedLink(self, client: client, server: accepted, cutAfterBytes: cut)
    links.append(link)
    link.start()
  }

  func delay() -> UInt64 {
    UInt64.random(in: 1...max(1, faults.delay), using: &random)
  }

  // MARK: Time

  /// Runs until nothing is left to happen before `limit`, or `isDone`.
  ///
  /// - Returns: whether it was done.
  func run(milliseconds limit: UInt64, until isDone: () -> Bool) -> Bool {
    let end = time.now + limit * 1_000_000
    while true {
      var sleep = loop.runTurn()
      while sleep == 0 { sleep = loop.runTurn() }
      if isDone() { return true }
      guard let sleep, time.now + sleep <= end else {
        time.now = end
        return isDone()
      }
      time.now += max(sleep, 1)
    }
  }
}

/// How a channel gets at the network.
struct SimulatedConnector: Connector {
  let network: SimulatedNetwork

  var loops: [EventLoop] { [network.loop] }
  var name: String { "simulated" }

  func resolve() async throws -> [String] { network.addresses }

  func connect(
    to address: String, on loop: EventLoop,
    makeConnection: @escaping @Sendable (PeerAddress) -> Connection
  ) async throws {
    let isConnected = await withUnsafeContinuation { continuation in
      network.connect(to: address, makeConnection) { continuation.resume(returning: $0) }
    }
    guard isConnected else { throw RPCError(.unavailable, "refused") }
  }
}
