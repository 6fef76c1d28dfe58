import Synchronization

extension Server {
  /// A page of this server's open connections, in order of their numbers, gathered on their loops;
  /// `completion` is called once, on one of them or at once.
  ///
  /// - Parameter after: the last number of the page before; 0 for the first.
  public func introspect(
    after: UInt64, limit: Int,
    _ completion: @escaping @Sendable ([ConnectionSnapshot]) -> Void
  ) {
    let page = registry.page(after: after, size: limit)
    gather(page) { id, connection in
      connection.snapshot(id: id)
    } _: { snapshots in
      completion(snapshots.sorted { $0.id < $1.id })
    }
  }

  public func introspect(after: UInt64, limit: Int) async -> [ConnectionSnapshot] {
    await withUnsafeContinuation { continuation in
      introspect(after: after, limit: limit) { continuation.resume(returning: $0) }
    }
  }

  /// What this server has done since it began, connections that are gone included.
  public func totals() async -> ServerTotals {
    let (past, open) = registry.totals
    let counters = await withUnsafeContinuation { continuation in
      gather(open.map { (0, $0) }, { _, connection in connection.counters }) {
        continuation.resume(returning: $0)
      }
    }
    return counters.reduce(into: past) { $0.add($1) }
  }

  /// Reads of each connection on its loop, with one visit to each loop.
  private func gather<Value: Sendable>(
    _ connections: [(id: UInt64, connection: Connection)],
    _ read: @escaping @Sendable (UInt64, Connection) -> Value,
    _ completion: @escaping @Sendable ([Value]) -> Void
  ) {
    let byLoop = Dictionary(grouping: connections) { ObjectIdentifier($0.connection.loop) }
    guard !byLoop.isEmpty else { return completion([]) }
    let gathering = Gathering(byLoop.count, completion)
    for group in byLoop.values {
      group[0].connection.loop.execute {
        gathering.add(group.map { read($0.id, $0.connection) })
      }
    }
  }
}

/// Answers of several loops.
private final class Gathering<Value: Sendable>: Sendable {
  private struct State {
    var values: [Value] = []
    var missing: Int
  }

  private let state: Mutex<State>
  private let completion: @Sendable ([Value]) -> Void

  init(_ count: Int, _ completion: @escaping @Sendable ([Value]) -> Void) {
    state = Mutex(State(missing: count))
    self.completion = completion
  }

  func add(_ values: [Value]) {
    let done: [Value]? = state.withLock { state in
      state.values += values
      state.missing -= 1
      return state.missing == 0 ? state.values : nil
    }
    if let done { completion(done) }
  }
}
