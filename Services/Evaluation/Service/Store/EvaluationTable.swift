import API
import Crypto
import EvaluationDomain
import Storage

/// An evaluation as it is stored, with what is needed to answer for it.
struct StoredEvaluation: Sendable {
  var id: String
  var submissionID: String
  var evaluation: Evaluation
}

/// How full the queue is.
struct QueueDepth: Sendable {
  var waiting: Int
  var running: Int
  /// Unix milliseconds; nil when nothing waits.
  var oldestQueueTime: Int64?
}

/// The `evaluation` table: the queue, and the one place where an evaluation changes.
enum EvaluationTable {
  // MARK: The queue

  static func waiting(_ db: Reader) throws -> [WaitingJob] {
    try db.query(
      """
      SELECT e.id, e.sequence, s.participant_id, e.dataset_sha256, e.times_passed_over
      FROM evaluation e JOIN submission s ON s.id = e.submission_id
      WHERE e.state = 1 ORDER BY e.sequence
      """
    ) { row in
      WaitingJob(
        id: try row.text("id"), sequence: try row.int64("sequence"),
        participant: try row.text("participant_id"), dataset: try row.digest("dataset_sha256").hex,
        timesPassedOver: try row.int("times_passed_over"))
    }
  }

  /// Jobs that are being scored, by participant.
  static func running(_ db: Reader) throws -> [String: Int] {
    let counts = try db.query(
      """
      SELECT s.participant_id, count(*) AS jobs
      FROM evaluation e JOIN submission s ON s.id = e.submission_id
      WHERE e.state = 2 GROUP BY s.participant_id
      """
    ) { (try $0.text("participant_id"), try $0.int("jobs")) }
    return Dictionary(uniqueKeysWithValues: counts)
  }

  static func isAnyWaiting(_ db: Reader) throws -> Bool {
    try db.exists("SELECT 1 FROM evaluation WHERE state = 1")
  }

  static func depth(_ db: Reader) throws -> QueueDepth {
    let depth = try db.queryOne(
      """
      SELECT count(CASE WHEN state = 1 THEN 1 END) AS waiting,
        count(CASE WHEN state = 2 THEN 1 END) AS running,
        min(CASE WHEN state = 1 THEN queue_time END) AS oldest
      FROM evaluation WHERE state <= 2
      """
    ) { row in
      QueueDepth(
        waiting: try row.int("waiting"), running: try row.int("running"),
        oldestQueueTime: try row.optionalInt64("oldest"))
    }
    return depth ?? QueueDepth(waiting: 0, running: 0, oldestQueueTime: nil)
  }

  static func passOver(_ tx: Transaction, _ jobs: [WaitingJob]) throws {
    for job in jobs {
      try tx.execute(
        "UPDATE evaluation SET times_passed_over = times_passed_over + 1 WHERE id = ?1", job.id)
    }
  }

  // MARK: Loading

  static func find(_ db: Reader, id: String) throws -> StoredEvaluation? {
    try db.queryOne(select + "WHERE id = ?1", id, row: stored)
  }

  static func find(_ db: Reader, leaseID: String) throws -> StoredEvaluation? {
    guard !leaseID.isEmpty else { return nil }
    return try db.queryOne(select + "WHERE lease_id = ?1", leaseID, row: stored)
  }

  static func runningCount(_ db: Reader, worker: String) throws -> Int {
    try db.queryOne(
      "SELECT count(*) AS n FROM evaluation WHERE state = 2 AND worker = ?1", worker
    ) { try $0.int("n") } ?? 0
  }

  static func running(_ db: Reader, worker: String) throws -> [StoredEvaluation] {
    try db.query(select + "WHERE state = 2 AND worker = ?1", worker, row: stored)
  }

  static func running(_ db: Reader, expiredAt now: Int64) throws -> [StoredEvaluation] {
    try db.query(select + "WHERE state = 2 AND lease_expire_time <= ?1", now, row: stored)
  }

  /// What a worker must be told to score an evaluation.
  static func job(_ db: Reader, id: String) throws -> EvaluationWorkerCommand.Job? {
    try db.queryOne(
      """
      SELECT e.submission_id, e.task, e.metric, e.metric_version, e.dataset_id, e.dataset_sha256,
        e.history_sha256, s.sha256, d.summary
      FROM evaluation e JOIN submission s ON s.id = e.submission_id
      JOIN dataset d ON d.id = e.dataset_id
      WHERE e.id = ?1
      """, id
    ) { row in
      EvaluationWorkerCommand.Job(
        submissionId: try row.text("submission_id"),
        task: CatalogTask(rawValue: try row.int32("task")),
        datasetId: try row.text("dataset_id"),
        datasetSha256: try row.digest("dataset_sha256").hex,
        classes: try EvaluationDataset(serialized: row.blob("summary")).classes,
        submissionSha256: try row.digest("sha256").hex,
        metric: try CatalogMetricChoice(serialized: row.blob("metric")),
        metricVersion: try row.int32("metric_version"),
        historySha256: try row.optionalDigest("history_sha256")?.hex ?? "")
    }
  }

  /// The blobs that the job under a live lease needs.
  static func blobs(_ db: Reader, leaseID: String, now: Int64) throws -> Set<Digest> {
    let digests = try db.queryOne(
      """
      SELECT e.dataset_sha256, e.history_sha256, s.sha256
      FROM evaluation e JOIN submission s ON s.id = e.submission_id
      WHERE e.lease_id = ?1 AND e.state = 2 AND e.lease_expire_time > ?2
      """, leaseID, now
    ) { row in
      Set(
        [
          try row.digest("dataset_sha256"), try row.digest("sha256"),
          try row.optionalDigest("history_sha256"),
        ].compactMap(\.self))
    }
    return digests ?? []
  }

  // MARK: Storing

  /// Writes an evaluation after an event, and gives the slot back if the event failed it.
  static func save(_ tx: Transaction, _ stored: StoredEvaluation, now: Int64) throws {
    let evaluation = stored.evaluation
    var state = EvaluationSubmissionState.queued
    var lease: Lease?
    var leaseID: String?
    var reason = ""
    switch evaluation.state {
    case .queued: break
    case .running(let held):
      state = .running
      lease = held
      leaseID = held.id
    case .scored(let last):
      state = .scored
      leaseID = last
    case .failed(let why):
      state = .failed
      reason = why
    }
    try tx.execute(
      """
      UPDATE evaluation SET state = ?2, state_reason = ?3, attempt = ?4, fencing_token = ?5,
        lease_id = ?6, worker = ?7, lease_expire_time = ?8, finish_time = ?9
      WHERE id = ?1
      """, stored.id, state.rawValue, reason, evaluation.attempt, evaluation.fencingToken,
      leaseID, lease?.worker, lease?.expireTime, evaluation.isActive ? nil : now)
    if state == .failed {
      try tx.execute("UPDATE submission SET takes_slot = 0 WHERE id = ?1", stored.submissionID)
    }
  }

  /// Writes what scoring came to, beside `save` in the same transaction.
  static func saveResult(
    _ tx: Transaction, _ stored: StoredEvaluation, _ result: EvaluationWorkerMessage.Result
  ) throws {
    let bits = result.primary?.value.map { Int64(bitPattern: $0.bitPattern) }
    try tx.execute(
      "UPDATE evaluation SET score_bits = ?2, undefined_reason = ?3, result = ?4 WHERE id = ?1",
      stored.id, bits, result.primary?.undefinedReason ?? "", result.serialized())
  }

  private static let select = """
    SELECT id, submission_id, state, state_reason, attempt, fencing_token, lease_id, worker,
      lease_expire_time
    FROM evaluation

    """

  private static func stored(_ row: Row) throws -> StoredEvaluation {
    let token = try row.int64("fencing_token")
    let state: Evaluation.State
    switch EvaluationSubmissionState(rawValue: try row.int32("state")) {
    case .running:
      state = .running(
        Lease(
          id: try row.text("lease_id"), worker: try row.text("worker"), fencingToken: token,
          expireTime: try row.int64("lease_expire_time")))
    case .scored: state = .scored(leaseID: try row.text("lease_id"))
    case .failed: state = .failed(reason: try row.text("state_reason"))
    default: state = .queued
    }
    return StoredEvaluation(
      id: try row.text("id"), submissionID: try row.text("submission_id"),
      evaluation: Evaluation(state: state, attempt: try row.int("attempt"), fencingToken: token))
  }
}
