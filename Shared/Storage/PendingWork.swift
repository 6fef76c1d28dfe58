import Synchronization

/// Work that waits in a queue for a storage thread, whatever its result.
protocol PendingWork<Context>: Sendable {
  /// What the thread lends to the work: a transaction, a reader, nothing.
  associatedtype Context

  /// Takes the work for doing; `false` when it was cancelled while it waited.
  func claim() -> Bool
  /// Does the work and keeps the result, or throws what the body threw.
  func perform(_ context: Context) throws
  /// Answers the caller: with the failure, or with the result that was kept.
  func finish(_ failure: (any Error)?)
}

/// A caller's body, its result, and the one answer the caller gets.
final class Pending<Context, Value: Sendable>: PendingWork {
  typealias Answer = @Sendable (Result<Value, any Error>) -> Void

  /// The answer travels through the states and is taken out exactly once, by whoever moves the
  /// state to `answered`.
  private enum State {
    case created
    case waiting(Answer)
    case claimed(Answer)
    case performed(Answer, Value)
    case answered
  }

  private let state = Mutex(State.created)
  private let body: @Sendable (Context) throws -> Value

  init(_ body: @escaping @Sendable (Context) throws -> Value) {
    self.body = body
  }

  /// Gives the work its answer. When it was cancelled before, the answer is given at once and the
  /// result is `false`.
  func wait(_ answer: @escaping Answer) -> Bool {
    let isWaiting = state.withLock { state in
      guard case .created = state else { return false }
      state = .waiting(answer)
      return true
    }
    if !isWaiting { answer(.failure(CancellationError())) }
    return isWaiting
  }

  /// Answers with a `CancellationError` unless a thread has taken the work already: then it is
  /// done, and the caller learns how it ended.
  func cancel() {
    let answer = state.withLock { state -> Answer? in
      switch state {
      case .created:
        state = .answered
        return nil
      case .waiting(let answer):
        state = .answered
        return answer
      case .claimed, .performed, .answered:
        return nil
      }
    }
    answer?(.failure(CancellationError()))
  }

  func claim() -> Bool {
    state.withLock { state in
      guard case .waiting(let answer) = state else { return false }
      state = .claimed(answer)
      return true
    }
  }

  func perform(_ context: Context) throws {
    let value = try body(context)
    state.withLock { state in
      if case .claimed(let answer) = state { state = .performed(answer, value) }
    }
  }

  func finish(_ failure: (any Error)?) {
    let reply = state.withLock { state -> (Answer, Result<Value, any Error>)? in
      defer { state = .answered }
      switch state {
      case .waiting(let answer), .claimed(let answer):
        return (answer, .failure(failure ?? StorageError.closed))
      case .performed(let answer, let value):
        return (answer, failure.map { .failure($0) } ?? .success(value))
      case .created, .answered:
        return nil
      }
    }
    if let (answer, result) = reply { answer(result) }
  }
}
