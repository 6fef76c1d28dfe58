import API
import Codec

@testable import RPC

/// One session in the simulated network: a channel, a few servers that come and go, and calls of
/// all kinds. What must hold in the end is checked by `verify`.
final class SimulatedSession {
  /// What happens to the servers meanwhile.
  enum Plot: CaseIterable {
    case calm
    /// Servers are drained and replaced one after the other, in order; nothing else goes wrong.
    case rollingRestart
    /// Connections are cut and refused, servers fall without a word.
    case storm
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  private static let callLimit = 8

  private let plot: Plot
  private let network: SimulatedNetwork
  private let budget = MemoryBudget(limitBytes: 64 << 20)
  private let book = CallBook()
  private let channel: Channel
  private var servers: [(address: String, server: Server)] = []
  private var serversStarted = 0
  private var outcomes: [CallOutcome] = []

  private init(seed: UInt64, plot: Plot) {
    self.plot = plot
    var faults = SimulatedNetwork.Faults()
    faults.reordersStreams = seed % 2 == 0
    faults.duplicates = seed % 3 == 0
    if plot == .storm {
      faults.cutOneIn = 2
      faults.refuseOneIn = 4
    }
    network = SimulatedNetwork(seed: seed, faults: faults)
    var options = ChannelOptions.defaults
    options.settings = SimulatedSession.settings(network)
    options.resolveIntervalMilliseconds = 20
    options.budget = budget
    channel = Channel(SimulatedConnector(network: network), options: options)
    for _ in 0..<network.number(1...3) { startServer() }
  }

  private static func settings(_ network: SimulatedNetwork) -> ConnectionSettings {
    var settings = ConnectionSettings.defaults
    settings.maxFrameBytes = [1_024, 4_096, 65_536][network.number(0...2)]
    settings.initialStreamCredit = [1_024, 5_000, 1 << 20][network.number(0...2)]
    settings.initialConnectionCredit = [2_048, 20_000, 8 << 20][network.number(0...2)]
    settings.maxConcurrentStreams = [2, 8, 1_024][network.number(0...2)]
    return settings
  }

  // MARK: Servers

  private func startServer() {
    serversStarted += 1
    let address = "server-\(serversStarted)"
    let server = Server(
      name: address, router: book.router(), settings: SimulatedSession.settings(network),
      budget: budget)
    servers.append((address, server))
    network.start(server, at: address)
  }

  private func changeServers() {
    switch plot {
    case .calm: break
    case .rollingRestart:
      startServer()
      let old = servers.removeFirst()
      network.stopListening(at: old.address)
      old.server.drain()
      book.keep(old.server)
    case .storm:
      if network.chance(2) { network.links.randomElement(using: &book.random)?.cut() }
      guard network.chance(3), servers.count > 1 else { return }
      let old = servers.removeFirst()
      network.stopListening(at: old.address)
      old.server.closeAll()
      book.keep(old.server)
      startServer()
    }
  }

  // MARK: The story

  /// Plays one session from its seed.
  static func run(seed: UInt64, plot: Plot) throws {
    let network = try {
      let session = SimulatedSession(seed: seed, plot: plot)
      try session.run()
      return session.network
    }()
    // With the servers go their idle tasks, in a last turn.
    network.forget()
    _ = network.run(milliseconds: 1) { false }
  }

  private func run() throws {
    book.random = network.random
    let count = network.number(2...SimulatedSession.callLimit)
    for index in 0..<count {
      let call = SimulatedCall(index: index, network, isHurried: plot == .storm)
      let outcome = CallOutcome(call)
      outcomes.append(outcome)
      outcome.start(on: channel, network.loop)
      _ = network.run(milliseconds: UInt64(network.number(0...4))) { false }
      if network.chance(4) { changeServers() }
    }
    let isDone = network.run(milliseconds: 120_000) { outcomes.allSatisfy(\.isOver) }
    guard isDone else {
      let left = outcomes.filter { !$0.isOver }.map(\.call)
      throw Failure(description: "calls that never ended: \(left)")
    }
    try verify()
    try end()
  }

  private func verify() throws {
    for outcome in outcomes {
      try outcome.verify(mayFail: plot == .storm)
      let runs = book.runs(of: outcome.call.index)
      // What has side effects is never run twice, whatever the network does.
      if !outcome.call.isReading, runs > 1 {
        throw Failure(description: "\(outcome.call) ran \(runs) times")
      }
    }
  }

  /// When all has ended, nothing is held and every byte of credit is back.
  private func end() throws {
    _ = network.run(milliseconds: 2_000) { false }
    channel.shutDown()
    for (_, server) in servers { server.drain() }
    _ = network.run(milliseconds: 30_000) { false }
    let open = book.kept.map(\.connectionCount) + servers.map(\.server.connectionCount)
    // A twin that nobody uses lives until its server closes it.
    for (_, server) in servers { server.closeAll() }
    for server in book.kept { server.closeAll() }
    _ = network.run(milliseconds: 5_000) { false }
    guard budget.usedBytes == 0 else {
      throw Failure(description: "\(budget.usedBytes) bytes are still held; open: \(open)")
    }
    for server in book.kept + servers.map(\.server) where server.connectionCount > 0 {
      throw Failure(description: "\(server.name) has \(server.connectionCount) connections left")
    }
    guard channel.statistics.queuedCalls == 0, channel.statistics.connections == 0 else {
      throw Failure(description: "the channel believes that calls wait or connections live")
    }
  }
}
