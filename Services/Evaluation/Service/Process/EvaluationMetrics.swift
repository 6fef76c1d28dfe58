import Crypto
import EvaluationDomain
import ServiceKit
import Synchronization

/// What Prometheus is told of the queue.
struct EvaluationMetrics: Sendable {
  let scored: Counter
  let failed: Counter
  let expiredLeases: Counter
  private let depth: LatestDepth

  init(_ registry: MetricsRegistry, clock: WallClock, sessions: WorkerSessions) {
    let depth = LatestDepth()
    self.depth = depth
    scored = registry.counter(
      "assay_evaluation_scored_total", help: "Evaluations whose result was committed.")
    failed = registry.counter(
      "assay_evaluation_failed_total", help: "Evaluations that failed for good.")
    expiredLeases = registry.counter(
      "assay_evaluation_leases_expired_total", help: "Leases that ran out without a result.")
    registry.gauge("assay_evaluation_queue_depth", help: "Evaluations that wait for a worker.") {
      Int64(depth.latest.waiting)
    }
    registry.gauge(
      "assay_evaluation_oldest_waiting_seconds", help: "Age of the oldest waiting evaluation."
    ) {
      depth.latest.oldestQueueTime.map { max(0, clock.now() - $0) / 1_000 } ?? 0
    }
    registry.gauge("assay_evaluation_leases", help: "Evaluations that are being scored.") {
      Int64(depth.latest.running)
    }
    registry.gauge("assay_evaluation_workers_connected", help: "Workers with an open stream.") {
      Int64(sessions.count)
    }
  }

  /// What the gauges show until the next reading.
  func set(_ latest: QueueDepth) {
    depth.set(latest)
  }
}

/// The depth of the queue as it was last read: a scrape does not wait for the database.
private final class LatestDepth: Sendable {
  private let state = Mutex(QueueDepth(waiting: 0, running: 0, oldestQueueTime: nil))

  var latest: QueueDepth { state.withLock { $0 } }

  func set(_ depth: QueueDepth) {
    state.withLock { $0 = depth }
  }
}

/// What Prometheus is told of a worker.
struct WorkerMetrics: Sendable {
  let scored: Counter
  let failed: Counter
  let seconds: Histogram

  init(_ registry: MetricsRegistry) {
    scored = registry.counter("assay_worker_scored_total", help: "Jobs that were scored.")
    failed = registry.counter("assay_worker_failed_total", help: "Jobs that could not be scored.")
    seconds = registry.histogram(
      "assay_worker_scoring_seconds", help: "Time to read a submission and compute its metrics.",
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300])
  }
}
