import Synchronization

/// Tells those who wait that something changed; what it is now they read from the database.
///
/// Signals that come while nobody looks are joined into one: a slow watcher misses states in
/// between, never the last one.
final class ChangeHub: Sendable {
  enum Topic: Hashable, Sendable {
    /// One submission's state.
    case submission(String)
    /// A job waits, or a worker has room.
    case jobs
    /// Places in the queue moved.
    case places
  }

  private struct Listeners {
    var nextID = 0
    var isFinished = false
    var byTopic: [Topic: [Int: AsyncStream<Void>.Continuation]] = [:]
  }

  private let listeners = Mutex(Listeners())
  private let hasMoved = Atomic(false)

  /// A stream that yields once now and once for every change (joined) of any of the topics.
  func changes(of topics: Topic...) -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let id = listeners.withLock { state -> Int? in
      guard !state.isFinished else { return nil }
      state.nextID += 1
      for topic in topics { state.byTopic[topic, default: [:]][state.nextID] = continuation }
      return state.nextID
    }
    guard let id else {
      continuation.finish()
      return stream
    }
    continuation.onTermination = { [weak self] _ in self?.remove(id, topics) }
    continuation.yield()
    return stream
  }

  func changed(_ topics: Topic...) {
    let waiting = listeners.withLock { state in
      topics.flatMap { state.byTopic[$0].map { Array($0.values) } ?? [] }
    }
    for continuation in waiting { continuation.yield() }
  }

  /// Places in the queue moved. Many waiting jobs may be watched, so their watchers are told once
  /// a second at most, by `flushPlaces`.
  func placesMoved() {
    hasMoved.store(true, ordering: .releasing)
  }

  /// Tells the watchers of places, if anything moved since the last time.
  func flushPlaces() {
    if hasMoved.exchange(false, ordering: .acquiringAndReleasing) { changed(.places) }
  }

  /// Whether the service stops: every stream ends at once.
  var isFinished: Bool { listeners.withLock { $0.isFinished } }

  /// Ends all streams: the service stops.
  func finish() {
    let all = listeners.withLock { state in
      defer { state.byTopic = [:] }
      state.isFinished = true
      return state.byTopic.values.flatMap { Array($0.values) }
    }
    for continuation in all { continuation.finish() }
  }

  private func remove(_ id: Int, _ topics: [Topic]) {
    listeners.withLock { state in
      for topic in topics {
        state.byTopic[topic]?[id] = nil
        if state.byTopic[topic]?.isEmpty == true { state.byTopic[topic] = nil }
      }
    }
  }
}
