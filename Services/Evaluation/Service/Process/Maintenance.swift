import ServiceKit
import Storage

/// What must happen without anybody asking: leases run out, watchers hear that places moved, gauges
/// are read.
struct Maintenance: Sendable {
  static let interval = Duration.seconds(1)

  let database: Database
  let queue: ScoringQueue
  let metrics: EvaluationMetrics
  let log: Logger

  /// Runs until its task is cancelled.
  func run() async {
    while !Task.isCancelled {
      do {
        try await turn()
      } catch is CancellationError {
        return
      } catch {
        log.error("maintenance failed, trying again", ["reason": .text("\(error)")])
      }
      try? await Task.sleep(for: Self.interval)
    }
  }

  /// One round of it.
  func turn() async throws {
    let expired = try await queue.expireLeases()
    if expired > 0 { log.warning("leases expired", ["count": .integer(Int64(expired))]) }
    queue.changes.flushPlaces()
    metrics.set(try await database.read { try EvaluationTable.depth($0) })
  }
}
