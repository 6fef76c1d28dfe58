import Foundation

/// State that threads share and wait on: a mutex, its condition variable, and what they guard.
///
/// `Synchronization.Mutex` has no condition variable, hence Foundation's.
final class Guarded<State>: @unchecked Sendable {
  // @unchecked Sendable: `state` is private and touched only while `condition`'s lock is held.
  private let condition = NSCondition()
  private var state: State

  init(_ state: State) {
    self.state = state
  }

  /// Runs `body` with the state, alone.
  func withLock<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    condition.lock()
    defer { condition.unlock() }
    return try body(&state)
  }

  /// Runs `body` with the state, alone, and then lets one waiting thread look again.
  func signal<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    defer { condition.signal() }
    return try withLock(body)
  }

  /// Runs `body` with the state, alone, and then lets all waiting threads look again.
  func broadcast<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
    defer { condition.broadcast() }
    return try withLock(body)
  }

  /// Blocks until `body` returns something.
  func wait<Result>(_ body: (inout State) -> Result?) -> Result {
    condition.lock()
    defer { condition.unlock() }
    while true {
      if let result = body(&state) { return result }
      condition.wait()
    }
  }
}

/// Opens once, after as many threads as it counts have finished.
final class Latch: Sendable {
  private struct State {
    var remaining: Int
    var isOpen = false
    var actions: [@Sendable () -> Void] = []
  }

  private let state: Guarded<State>
  private let beforeOpening: @Sendable () -> Void

  /// A latch for `count` threads, of which the last one runs `beforeOpening`.
  init(count: Int, beforeOpening: @escaping @Sendable () -> Void) {
    state = Guarded(State(remaining: count))
    self.beforeOpening = beforeOpening
  }

  /// Counts one thread as finished.
  func countDown() {
    let isLast = state.withLock { state in
      state.remaining -= 1
      return state.remaining == 0
    }
    guard isLast else { return }
    beforeOpening()
    let actions = state.broadcast { state in
      state.isOpen = true
      defer { state.actions = [] }
      return state.actions
    }
    for action in actions { action() }
  }

  /// Runs `action` when the latch opens, or at once if it is open.
  private func whenOpen(_ action: @escaping @Sendable () -> Void) {
    let isOpen = state.withLock { state in
      if !state.isOpen { state.actions.append(action) }
      return state.isOpen
    }
    if isOpen { action() }
  }

  /// Blocks until the latch is open.
  func waitSync() {
    state.wait { $0.isOpen ? () : nil }
  }

  /// Suspends until the latch is open.
  func wait() async {
    await withCheckedContinuation { continuation in
      whenOpen { continuation.resume() }
    }
  }
}

/// Carries a value that is not Sendable to the thread that uses it from then on.
///
/// @unchecked Sendable: of those who hold the value only one uses it at a time, first the sender,
/// then the receiving thread, and each hands on through a lock.
struct Handover<Value>: @unchecked Sendable {
  let value: Value
}

/// Threads that may block, which Swift's own and the event loops' must not.
enum StorageThread {
  /// Starts a thread that runs `body` to its end.
  static func start(name: String, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread(block: body)
    thread.name = name
    // SQLite's deepest recursion, a large expression tree, needs far less.
    thread.stackSize = 1 << 20
    thread.start()
  }

  /// Runs one long `body`, such as a backup, on a thread of its own.
  static func run<T: Sendable>(
    name: String, _ body: @escaping @Sendable () throws -> T
  ) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      start(name: name) { continuation.resume(with: Result(catching: body)) }
    }
  }
}
