import Synchronization

/// Whether the service should be sent calls, and if not, why.
public final class Readiness: Sendable {
  /// One condition of being ready.
  public struct Part: Sendable, Equatable {
    public let name: String
    public let isReady: Bool
    public let reason: String
  }

  /// All conditions at one moment.
  public struct Snapshot: Sendable, Equatable {
    /// Sorted by name.
    public let parts: [Part]

    public var isReady: Bool { parts.allSatisfy(\.isReady) }
  }

  private struct State {
    var parts: [String: Part] = [:]
    var watchers: [Int: AsyncStream<Bool>.Continuation] = [:]
    var nextWatcher = 0

    var snapshot: Snapshot {
      Snapshot(parts: parts.values.sorted { $0.name < $1.name })
    }
  }

  private let state = Mutex(State())

  public init() {}

  /// Says how one condition stands. What was never set does not count.
  public func set(_ name: String, ready isReady: Bool, reason: String = "") {
    state.withLock { state in
      let before = state.snapshot.isReady
      state.parts[name] = Part(name: name, isReady: isReady, reason: isReady ? "" : reason)
      let after = state.snapshot.isReady
      guard before != after else { return }
      for watcher in state.watchers.values { watcher.yield(after) }
    }
  }

  /// As the other one, without a label.
  public func set(_ name: String, ready isReady: Bool, _ reason: String) {
    set(name, ready: isReady, reason: reason)
  }

  public var snapshot: Snapshot { state.withLock { $0.snapshot } }

  /// Whether the service is ready, now and at every change.
  public func changes() -> AsyncStream<Bool> {
    // A slow reader needs the newest state only.
    let (stream, continuation) = AsyncStream.makeStream(
      of: Bool.self, bufferingPolicy: .bufferingNewest(1))
    let id = state.withLock { state in
      state.nextWatcher += 1
      state.watchers[state.nextWatcher] = continuation
      continuation.yield(state.snapshot.isReady)
      return state.nextWatcher
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { _ = $0.watchers.removeValue(forKey: id) }
    }
    return stream
  }
}
