import API
import Crypto
import Formats
import Metrics
import RPC
import ServiceKit
import Storage

/// Scores one job: fetches what it needs, decodes, computes.
struct JobScoring: Sendable {
  /// How long one blob may take to come over, the wait for a connection included.
  static let fetchTimeoutMilliseconds = 600_000

  let client: EvaluationWorkersClient
  let principal: @Sendable () throws -> [UInt8]
  let cache: BlobCache
  let truths: DecodedTruths
  /// For testing only: waits this long before it scores.
  let delayMilliseconds: Int
  let metrics: WorkerMetrics
  let log: Logger

  /// The job's result or failure; nil if it was cancelled, for then nobody waits for it.
  func run(_ job: EvaluationWorkerCommand.Job) async -> EvaluationWorkerMessage? {
    do {
      let result = try await score(job)
      metrics.scored.increment()
      return EvaluationWorkerMessage(kind: .result(result))
    } catch {
      if error is CancellationError || Task.isCancelled { return nil }
      let failure = Self.failure(of: error)
      metrics.failed.increment()
      log.warning(
        "not scored",
        [
          "submission": .text(job.submissionId), "reason": .text(failure.reason),
          "error": .text("\(error)"),
        ])
      return EvaluationWorkerMessage(
        kind: .failure(
          EvaluationWorkerMessage.Failure(
            leaseId: job.leaseId, fencingToken: job.fencingToken, reason: failure.reason,
            retryable: failure.isRetryable)))
    }
  }

  private func score(
    _ job: EvaluationWorkerCommand.Job
  ) async throws -> EvaluationWorkerMessage.Result {
    guard let task = MetricTask(job.task), let truthDigest = Digest(hex: job.datasetSha256),
      let digest = Digest(hex: job.submissionSha256)
    else {
      throw ScoringFailure(reason: "the worker does not know such jobs yet", isRetryable: true)
    }
    let truth = try await decoded(truthDigest, task, job.classes, job)
    var history: Dataset?
    if let digest = Digest(hex: job.historySha256) {
      history = try await decoded(digest, task, [], job)
    }
    if delayMilliseconds > 0 { try await Task.sleep(for: .milliseconds(delayMilliseconds)) }
    let started = ContinuousClock.now
    let scores = try await cache.with(digest, fetch: fetch(digest, job)) { [history] path, _ in
      try await Work.run {
        let predictions = try PredictionsReader.read(path: path, for: truth)
        return try Scorer.score(
          job, truth: truth, history: history, predictions: predictions)
      }
    }
    // A submission is scored once: it would only take the place of a dataset.
    if digest != truthDigest { await cache.remove(digest) }
    metrics.seconds.observe(nanoseconds: (ContinuousClock.now - started).wholeNanoseconds)
    return EvaluationWorkerMessage.Result(
      leaseId: job.leaseId, fencingToken: job.fencingToken, primary: scores.primary,
      further: scores.further)
  }

  private func decoded(
    _ digest: Digest, _ task: MetricTask, _ classes: [String], _ job: EvaluationWorkerCommand.Job
  ) async throws -> Dataset {
    let key = DecodedTruths.Key(sha256: digest, task: task, classes: classes)
    return try await cache.with(digest, fetch: fetch(digest, job)) { path, bytes in
      try await truths.truth(key, path: path, bytes: bytes)
    }
  }

  private func fetch(
    _ digest: Digest, _ job: EvaluationWorkerCommand.Job
  ) -> @Sendable (BlobWriter) async throws -> Void {
    { writer in
      var options = CallOptions()
      options.principal = try principal()
      options.waitForReady = true
      options.timeoutMilliseconds = Self.fetchTimeoutMilliseconds
      let request = EvaluationFetchBlobRequest(leaseId: job.leaseId, sha256: digest.hex)
      try await client.fetchBlob(request, options: options) { reader in
        while let part = try await reader.next() { try await writer.append(part.chunk) }
      }
    }
  }

  /// What the participant is told. Faults of the platform are named, not described: their text
  /// may hold paths and addresses.
  private static func failure(of error: any Error) -> ScoringFailure {
    switch error {
    case let failure as ScoringFailure:
      failure
    case let error as FormatError where error.problems.first?.kind == .unreadable:
      ScoringFailure(reason: "the worker's disk failed", isRetryable: true)
    case let error as FormatError:
      ScoringFailure(
        reason: "the file could not be read: \(error.problems.first?.description ?? "")",
        isRetryable: false)
    case is StorageError:
      ScoringFailure(reason: "the worker's disk failed or is full", isRetryable: true)
    case is RPCError:
      ScoringFailure(reason: "the worker could not fetch the files", isRetryable: true)
    default:
      ScoringFailure(reason: "the worker failed", isRetryable: true)
    }
  }
}

extension Duration {
  /// Whole nanoseconds, for metrics.
  var wholeNanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    return UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(max(0, attoseconds)) / 1_000_000_000
  }
}
