import API
import Crypto
import EvaluationDomain
import Storage

/// The durable queue: every event of a job is one transaction here, applied by `Evaluation`.
struct ScoringQueue: Sendable {
  let database: Database
  let clock: WallClock
  let leases: LeasePolicy
  let policy: QueuePolicy
  let changes: ChangeHub
  let metrics: EvaluationMetrics

  /// Leases the next job to a worker, if one waits and the worker has room.
  func leaseNext(
    worker: String, capacity: Int, held: Set<String>
  ) async throws -> EvaluationWorkerCommand.Job? {
    let hasWork = try await database.read { db in
      try EvaluationTable.isAnyWaiting(db)
        && EvaluationTable.runningCount(db, worker: worker) < capacity
    }
    guard hasWork else { return nil }
    let leaseID = Identifier.make(prefix: "lea")
    return try await database.write { tx in
      try self.lease(tx, leaseID: leaseID, worker: worker, capacity: capacity, held: held)
    }
  }

  private func lease(
    _ tx: Transaction, leaseID: String, worker: String, capacity: Int, held: Set<String>
  ) throws -> EvaluationWorkerCommand.Job? {
    let now = clock.now()
    guard try EvaluationTable.runningCount(tx, worker: worker) < capacity,
      let choice = policy.choose(
        from: try EvaluationTable.waiting(tx), running: try EvaluationTable.running(tx),
        held: held),
      var stored = try EvaluationTable.find(tx, id: choice.job.id),
      var job = try EvaluationTable.job(tx, id: choice.job.id)
    else { return nil }
    let lease = try stored.evaluation.lease(id: leaseID, worker: worker, now: now, policy: leases)
    try EvaluationTable.save(tx, stored, now: now)
    try EvaluationTable.passOver(tx, choice.passedOver)
    job.leaseId = lease.id
    job.fencingToken = lease.fencingToken
    job.leaseMilliseconds = leases.leaseMilliseconds
    announce(tx, stored)
    return job
  }

  /// Renews leases.
  ///
  /// - Returns: those that are not the worker's any more, with the reason.
  func heartbeat(_ leaseIDs: [String]) async throws -> [(leaseID: String, reason: LeaseRefusal)] {
    try await database.write { tx in
      let now = clock.now()
      var lost: [(leaseID: String, reason: LeaseRefusal)] = []
      for leaseID in leaseIDs {
        guard var stored = try EvaluationTable.find(tx, leaseID: leaseID) else {
          lost.append((leaseID, .notHeld))
          continue
        }
        do throws(LeaseRefusal) {
          try stored.evaluation.heartbeat(leaseID: leaseID, now: now, policy: leases)
        } catch {
          lost.append((leaseID, error))
          continue
        }
        try EvaluationTable.save(tx, stored, now: now)
      }
      return lost
    }
  }

  /// Commits a result, exactly once.
  ///
  /// - Throws: `LeaseRefusal` if the lease is not the sender's any more.
  func complete(_ result: EvaluationWorkerMessage.Result) async throws {
    let result = result.ranking()
    let isNew = try await database.write { tx in
      let now = clock.now()
      guard var stored = try EvaluationTable.find(tx, leaseID: result.leaseId) else {
        throw LeaseRefusal.notHeld
      }
      let outcome = try stored.evaluation.complete(
        leaseID: result.leaseId, fencingToken: result.fencingToken, now: now)
      guard outcome == .changed else { return false }
      try EvaluationTable.save(tx, stored, now: now)
      try EvaluationTable.saveResult(tx, stored, result)
      announce(tx, stored)
      return true
    }
    if isNew { metrics.scored.increment() }
  }

  /// Takes a failure: the job waits again, or fails for good and gives its slot back.
  ///
  /// - Throws: `LeaseRefusal` if the lease is not the sender's any more.
  func fail(_ failure: EvaluationWorkerMessage.Failure) async throws {
    let reason = String(failure.reason.prefix(Self.maximumReasonCharacters))
    let isFinal = try await database.write { tx in
      let now = clock.now()
      guard var stored = try EvaluationTable.find(tx, leaseID: failure.leaseId) else {
        throw LeaseRefusal.notHeld
      }
      try stored.evaluation.fail(
        leaseID: failure.leaseId, fencingToken: failure.fencingToken, reason: reason,
        retryable: failure.retryable, now: now, policy: leases)
      try EvaluationTable.save(tx, stored, now: now)
      announce(tx, stored)
      return !stored.evaluation.isActive
    }
    if isFinal { metrics.failed.increment() }
  }

  /// A reason that a worker gives is cut here.
  static let maximumReasonCharacters = 1_000

  /// A worker's stream ended: its leases last for the grace, unless it comes back.
  func streamBroke(worker: String) async throws {
    try await database.write { tx in
      let now = clock.now()
      for var stored in try EvaluationTable.running(tx, worker: worker)
      where stored.evaluation.streamBroke(worker: worker, now: now, policy: leases) {
        try EvaluationTable.save(tx, stored, now: now)
      }
    }
  }

  /// Takes jobs from workers whose leases ran out. Called every second.
  ///
  /// - Returns: how many leases had run out.
  @discardableResult
  func expireLeases() async throws -> Int {
    let anyExpired = try await database.read { db in
      try !EvaluationTable.running(db, expiredAt: clock.now()).isEmpty
    }
    guard anyExpired else { return 0 }
    let ended = try await database.write { tx in
      let now = clock.now()
      var ended: [StoredEvaluation] = []
      for var stored in try EvaluationTable.running(tx, expiredAt: now)
      where stored.evaluation.expire(now: now, policy: leases) {
        try EvaluationTable.save(tx, stored, now: now)
        announce(tx, stored)
        ended.append(stored)
      }
      return ended
    }
    metrics.expiredLeases.increment(by: ended.count)
    metrics.failed.increment(by: ended.count { !$0.evaluation.isActive })
    return ended.count
  }

  /// Wakes, once the transaction is committed, those whom the change concerns.
  private func announce(_ tx: Transaction, _ stored: StoredEvaluation) {
    tx.afterCommit { [changes] in
      changes.changed(.submission(stored.submissionID), .jobs)
      changes.placesMoved()
    }
  }
}

extension EvaluationWorkerMessage.Result {
  /// The result with nothing in it that must not be ranked: what is not finite becomes none.
  func ranking() -> Self {
    var result = self
    result.primary = primary.map(Self.finite)
    result.further = further.map(Self.finite)
    return result
  }

  private static func finite(_ score: EvaluationScore) -> EvaluationScore {
    var score = score
    if let value = score.value, !value.isFinite {
      score.value = nil
      score.undefinedReason = "the value is not a finite number"
    }
    score.classScores = score.classScores.map { entry in
      var entry = entry
      if entry.value?.isFinite == false { entry.value = nil }
      return entry
    }
    return score
  }
}
