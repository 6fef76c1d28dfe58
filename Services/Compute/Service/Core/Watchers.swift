import Synchronization

/// Wakes those who watch something of a use case, perhaps one participant's, when it has changed.
///
/// A wake-up carries nothing: the watcher reads what is committed. Wake-ups that come while it
/// reads are merged into one, so a slow watcher costs one pending wake-up and no more.
final class Watchers: Sendable {
  /// Most streams that may be open at once.
  static let maximumWatchers = 10_000
  /// Most of them that may be of one tenant, so that no tenant can have them all.
  static let maximumWatchersOfTenant = 1_000

  /// Why no further stream can be opened.
  enum Refusal: Error, Equatable {
    case closed
    /// Nothing is left of the limit.
    case full(name: String, limit: Int)
  }

  private struct Watcher {
    /// `nil` watches all participants.
    let participant: String?
    /// Unix milliseconds.
    let until: Int64
    let continuation: AsyncStream<Void>.Continuation
  }

  private struct State {
    var watchers: [String: [Int: Watcher]] = [:]
    var count = 0
    var countOfTenant: [String: Int] = [:]
    var nextID = 0
    /// No watcher's time is over before, unix milliseconds.
    var earliestEnd: Int64 = .max
    var isClosed = false
  }

  /// What is watched, for messages: "runs".
  let subject: String
  private let state = Mutex(State())

  init(of subject: String) { self.subject = subject }

  struct Watch: Sendable {
    let changes: AsyncStream<Void>
    fileprivate let tenant: String
    fileprivate let useCase: String
    fileprivate let id: Int
  }

  /// Whether anybody watches.
  var areThere: Bool { state.withLock { $0.count > 0 } }

  var isClosed: Bool { state.withLock { $0.isClosed } }

  /// Begins to watch for a caller of the tenant, at most until the moment, unix milliseconds.
  func begin(
    tenant: String, useCase: String, participant: String? = nil, until end: Int64 = .max
  ) throws(Refusal) -> Watch {
    let (changes, continuation) = AsyncStream<Void>.makeStream(
      bufferingPolicy: .bufferingNewest(1))
    return try state.withLock { state throws(Refusal) in
      guard !state.isClosed else { throw .closed }
      guard state.count < Self.maximumWatchers else {
        throw .full(name: "watched \(subject)", limit: Self.maximumWatchers)
      }
      guard state.countOfTenant[tenant, default: 0] < Self.maximumWatchersOfTenant else {
        throw .full(name: "watched \(subject) of a tenant", limit: Self.maximumWatchersOfTenant)
      }
      state.nextID += 1
      state.count += 1
      state.countOfTenant[tenant, default: 0] += 1
      state.watchers[useCase, default: [:]][state.nextID] = Watcher(
        participant: participant, until: end, continuation: continuation)
      state.earliestEnd = min(state.earliestEnd, end)
      return Watch(
        changes: changes, tenant: tenant, useCase: useCase, id: state.nextID)
    }
  }

  func end(_ watch: Watch) {
    state.withLock { state in
      guard state.watchers[watch.useCase]?.removeValue(forKey: watch.id) != nil else { return }
      state.count -= 1
      let left = state.countOfTenant[watch.tenant, default: 1] - 1
      state.countOfTenant[watch.tenant] = left > 0 ? left : nil
      if state.watchers[watch.useCase]?.isEmpty == true { state.watchers[watch.useCase] = nil }
    }
  }

  /// Wakes those who watch the participant, or, where it is `nil`, anything of the use case.
  func notify(useCase: String, participant: String?) {
    let watchers = state.withLock { state in
      (state.watchers[useCase] ?? [:]).values.filter {
        participant == nil || $0.participant == nil || $0.participant == participant
      }
    }
    for watcher in watchers { watcher.continuation.yield() }
  }

  /// Ends the watches whose time is over.
  func endOverdue(at now: Int64) {
    let overdue = state.withLock { state -> [Watcher] in
      guard now >= state.earliestEnd else { return [] }
      let all = state.watchers.values.flatMap(\.values)
      let overdue = all.filter { $0.until <= now }
      // Those that are ended now may be found once more before their calls have returned.
      state.earliestEnd = all.map(\.until).filter { $0 > now }.min() ?? .max
      return overdue
    }
    for watcher in overdue { watcher.continuation.finish() }
  }

  /// Ends every watch, and lets no new one begin.
  func close() {
    let watchers = state.withLock { state in
      state.isClosed = true
      return state.watchers.values.flatMap(\.values)
    }
    for watcher in watchers { watcher.continuation.finish() }
  }
}
