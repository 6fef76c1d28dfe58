import Foundation

/// Heavy computation, off the event loops.
public enum Work {
  /// One operation a core at a time; the rest waits its turn, and holds no thread meanwhile.
  private static let queue: OperationQueue = {
    let queue = OperationQueue()
    queue.name = "assay.work"
    queue.maxConcurrentOperationCount = max(2, ProcessInfo.processInfo.activeProcessorCount)
    return queue
  }()

  /// Runs `body` on a pool of about one thread a core.
  ///
  /// For mathematics and short file access; SQL has Storage's own threads.
  public static func run<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      queue.addOperation { continuation.resume(with: Swift.Result { try body() }) }
    }
  }
}
