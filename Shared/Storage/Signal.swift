import Synchronization

/// Wakes one waiting task; raised before anyone waits, it is remembered.
final class Signal: Sendable {
  private enum State {
    case lowered
    case raised
    case waiting(CheckedContinuation<Bool, Never>)
  }

  private let state = Mutex(State.lowered)

  /// Wakes the waiting task, or the next one that waits.
  func raise() {
    let waiting = state.withLock { state -> CheckedContinuation<Bool, Never>? in
      guard case .waiting(let continuation) = state else {
        state = .raised
        return nil
      }
      state = .lowered
      return continuation
    }
    waiting?.resume(returning: true)
  }

  /// Forgets an earlier `raise` that nobody has waited for.
  func lower() {
    state.withLock { state in
      if case .raised = state { state = .lowered }
    }
  }

  /// Suspends until the signal is raised, and lowers it: `true`. Cancelled: `false`.
  func wait() async -> Bool {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if let answer = answerOrKeep(continuation) { continuation.resume(returning: answer) }
      }
    } onCancel: {
      giveUp()
    }
  }

  /// The answer that is known already; otherwise the continuation is kept for `raise`.
  private func answerOrKeep(_ continuation: CheckedContinuation<Bool, Never>) -> Bool? {
    state.withLock { state in
      switch state {
      case .raised:
        state = .lowered
        return true
      case .lowered:
        // Checked under the lock: a cancellation before it is seen here, one after it finds the
        // continuation.
        if Task.isCancelled { return false }
        state = .waiting(continuation)
        return nil
      case .waiting:
        preconditionFailure("a signal is for one waiting task")
      }
    }
  }

  private func giveUp() {
    let waiting = state.withLock { state -> CheckedContinuation<Bool, Never>? in
      guard case .waiting(let continuation) = state else { return nil }
      state = .lowered
      return continuation
    }
    waiting?.resume(returning: false)
  }
}
