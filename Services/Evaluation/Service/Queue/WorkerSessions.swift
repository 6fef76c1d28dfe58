import Synchronization

/// Which streams of workers are open.
///
/// A worker that reconnects before the service has noticed that its old connection broke has two;
/// the end of the old one must not touch the leases that the new one renews.
final class WorkerSessions: Sendable {
  private struct State {
    var next = 0
    var current: [String: Int] = [:]
  }

  private let state = Mutex(State())

  /// Workers with an open stream.
  var count: Int { state.withLock { $0.current.count } }

  /// A worker has opened a stream; returns its number.
  func begin(worker: String) -> Int {
    state.withLock { state in
      state.next += 1
      state.current[worker] = state.next
      return state.next
    }
  }

  /// A stream has ended; returns whether it was the worker's latest.
  func end(worker: String, session: Int) -> Bool {
    state.withLock { state in
      guard state.current[worker] == session else { return false }
      state.current[worker] = nil
      return true
    }
  }
}

/// Turned on once: the worker behind a stream takes no further job.
final class DrainSwitch: Sendable {
  private let state = Atomic(false)

  var isOn: Bool { state.load(ordering: .acquiring) }

  func turnOn() {
    state.store(true, ordering: .releasing)
  }
}
