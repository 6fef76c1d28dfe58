import Synchronization

/// The open connections of a server, numbered as they came.
final class ConnectionRegistry: Sendable {
  private struct State {
    var connections: [UInt64: Connection] = [:]
    var accepted: UInt64 = 0
    /// What connections that are gone have done.
    var past = ServerTotals()
    var isDraining = false
  }

  private let state = Mutex(State())

  var count: Int { state.withLock { $0.connections.count } }

  var all: [Connection] { state.withLock { Array($0.connections.values) } }

  /// - Returns: the connection's number, and whether the server is draining already.
  func add(_ connection: Connection) -> (id: UInt64, isDraining: Bool) {
    state.withLock { state in
      state.accepted += 1
      state.connections[state.accepted] = connection
      return (state.accepted, state.isDraining)
    }
  }

  func remove(_ id: UInt64, _ counters: ConnectionCounters) {
    state.withLock { state in
      state.connections[id] = nil
      state.past.add(counters)
    }
  }

  /// Connections from now on are drained as they come.
  func beginDrain() -> [Connection] {
    state.withLock { state in
      state.isDraining = true
      return Array(state.connections.values)
    }
  }

  /// The connections with the lowest numbers above `id`.
  func page(after id: UInt64, size: Int) -> [(id: UInt64, connection: Connection)] {
    state.withLock { state in
      state.connections.keys.filter { $0 > id }.sorted().prefix(size)
        .compactMap { id in state.connections[id].map { (id, $0) } }
    }
  }

  /// Totals of the connections that are gone, and those that are open and to be added.
  var totals: (past: ServerTotals, open: [Connection]) {
    state.withLock { state in
      var totals = state.past
      totals.connectionsAccepted = state.accepted
      totals.connectionsOpen = UInt64(state.connections.count)
      return (totals, Array(state.connections.values))
    }
  }
}

/// What a server has done since it began.
public struct ServerTotals: Sendable {
  public internal(set) var connectionsAccepted: UInt64 = 0
  public internal(set) var connectionsOpen: UInt64 = 0
  public internal(set) var callsStarted: UInt64 = 0
  public internal(set) var callsFailed: UInt64 = 0

  mutating func add(_ counters: ConnectionCounters) {
    callsStarted += counters.callsStarted
    callsFailed += counters.callsFailed
  }
}
