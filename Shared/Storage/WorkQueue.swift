/// A bounded queue of work between callers and storage threads.
final class WorkQueue<Context>: Sendable {
  private struct State {
    var waiting: [any PendingWork<Context>] = []
    /// Index of the oldest entry of `waiting`; those before it are taken.
    var head = 0
    var isClosed = false

    var count: Int { waiting.count - head }

    mutating func take(_ limit: Int) -> [any PendingWork<Context>] {
      let end = min(waiting.count, head + limit)
      let taken = Array(waiting[head..<end])
      head = end
      if head == waiting.count {
        waiting.removeAll(keepingCapacity: waiting.count <= 1_024)
        head = 0
      } else if head > 1_024 {
        waiting.removeFirst(head)
        head = 0
      }
      return taken
    }
  }

  private let name: String
  private let limit: Int
  private let state = Guarded(State())

  /// A queue that holds at most `limit` pieces of work; `name` is for the error message.
  init(name: String, limit: Int) {
    self.name = name
    self.limit = limit
  }

  /// Number of pieces that wait.
  var depth: Int { state.withLock { $0.count } }

  /// Puts work at the end.
  func submit(_ work: any PendingWork<Context>) throws(StorageError) {
    let refusal = state.signal { state -> StorageError? in
      if state.isClosed { return .closed }
      if state.count >= limit { return .overloaded(queue: name, limit: limit) }
      state.waiting.append(work)
      return nil
    }
    if let refusal { throw refusal }
  }

  /// Blocks until work is there, and takes at most `limit` pieces, the oldest first. An empty
  /// result means that the queue was closed and is drained.
  func take(limit: Int) -> [any PendingWork<Context>] {
    state.wait { state in
      guard state.count > 0 else { return state.isClosed ? [] : nil }
      return state.take(limit)
    }
  }

  /// Refuses new work. What waits is still done.
  func close() {
    state.broadcast { $0.isClosed = true }
  }

  /// Has a storage thread run `body`, and suspends until it is answered.
  func run<Value: Sendable>(
    _ body: @escaping @Sendable (Context) throws -> Value
  ) async throws -> Value {
    let pending = Pending(body)
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        guard pending.wait({ continuation.resume(with: $0) }) else { return }
        submitOrFail(pending)
      }
    } onCancel: {
      pending.cancel()
    }
  }

  /// Has a storage thread run `body`, and blocks until it is answered.
  func runSync<Value: Sendable>(
    _ body: @escaping @Sendable (Context) throws -> Value
  ) throws -> Value {
    let result = Guarded<Result<Value, any Error>?>(nil)
    let pending = Pending(body)
    if pending.wait({ answer in result.broadcast { $0 = answer } }) { submitOrFail(pending) }
    return try result.wait { $0 }.get()
  }

  /// Has a storage thread run `body`, and returns at once.
  func enqueue<Value: Sendable>(
    _ body: @escaping @Sendable (Context) throws -> Value,
    _ answer: @escaping @Sendable (Result<Value, any Error>) -> Void
  ) {
    let pending = Pending(body)
    if pending.wait(answer) { submitOrFail(pending) }
  }

  private func submitOrFail(_ pending: any PendingWork<Context>) {
    do {
      try submit(pending)
    } catch {
      pending.finish(error)
    }
  }
}
