/// A task that waits on a loop for one value; resumed exactly once, whatever comes first.
///
/// `@unchecked Sendable`: touched on the loop alone.
final class CallWait<Value: Sendable>: @unchecked Sendable {
  private var continuation: UnsafeContinuation<Value, any Error>?
  private var isCancelled = false
  private(set) var isDone = false
  /// What the task is told that is cancelled while it waits.
  private let cancellation: any Error

  init(cancellation: any Error = CancellationError()) {
    self.cancellation = cancellation
  }

  /// The task is suspended. A cancellation that came first is answered at once.
  func begin(_ continuation: UnsafeContinuation<Value, any Error>) {
    self.continuation = continuation
    if isCancelled { resume(.failure(cancellation)) }
  }

  func resume(_ result: Result<Value, any Error>) {
    guard let continuation else { return }
    self.continuation = nil
    isDone = true
    continuation.resume(with: result)
  }

  func cancel() {
    isCancelled = true
    resume(.failure(cancellation))
  }
}
