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
    guard !page.isEmpty else { return completion([]) }
    let gathering = Gathering(page.count, completion)
    for (id, connection) in page {
      connection.loop.execute { gathering.add(connection.snapshot(id: id)) }
    }
  }

  public func introspect(after: UInt64, limit: Int) async -> [ConnectionSnapshot] {
    await withUnsafeContinuation { continuation in
      introspect(after: after, limit: limit) { continuation.resume(returning: $0) }
    }
  }

  /// What this server has done since it began, connections that are gone included.
  public func totals() async -> ServerTotals {
    var totals = registry.pastTotals
    for connection in registry.all {
      totals.add(
        await withUnsafeContinuation { continuation in
          connection.loop.execute { continuation.resume(returning: connection.counters) }
        })
    }
    return totals
  }
}

/// Answers of several loops.
private final class Gathering: Sendable {
  private struct State {
    var snapshots: [ConnectionSnapshot] = []
    var missing: Int
  }

  private let state: Mutex<State>
  private let completion: @Sendable ([ConnectionSnapshot]) -> Void

  init(_ count: Int, _ completion: @escaping @Sendable ([ConnectionSnapshot]) -> Void) {
    state = Mutex(State(missing: count))
    self.completion = completion
  }

  func add(_ snapshot: ConnectionSnapshot) {
    let done: [ConnectionSnapshot]? = state.withLock { state in
      state.snapshots.append(snapshot)
      state.missing -= 1
      return state.missing == 0 ? state.snapshots : nil
    }
    if let done { completion(done.sorted { $0.id < $1.id }) }
  }
}
