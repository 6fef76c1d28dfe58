import Dispatch

/// Heavy computation, off the event loops.
public enum Work {
  private static let queue = DispatchQueue(
    label: "assay.work", qos: .userInitiated, attributes: .concurrent)

  /// Runs `body` on a Dispatch pool of about one thread a core.
  ///
  /// For mathematics and short file access; SQL has Storage's own threads.
  public static func run<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      queue.async { continuation.resume(with: Swift.Result { try body() }) }
    }
  }
}
