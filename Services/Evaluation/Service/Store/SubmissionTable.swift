import API
import Crypto
import EvaluationDomain
import Identity
import Metrics
import Storage

/// A new submission, checked and stored as a blob, before it takes its slot.
struct NewSubmission: Sendable {
  var id: String
  var evaluationID: String
  var participant: StoredParticipant
  var header: EvaluationSubmitRequest.Header
  var blob: Blob
  var rowCount: Int
  var submitTime: Int64
  var dataset: StoredDataset
  var history: StoredDataset?
  var metricVersion: Int
}

/// A submission with its current evaluation, as it is shown.
struct StoredSubmission: Sendable {
  var sequence: Int64
  var evaluationID: String
  var message: EvaluationSubmission
  var sha256: Digest
}

/// The `submission` table, joined with each submission's current evaluation.
enum SubmissionTable {
  /// Slots of a participant that are used at `now`.
  static func usage(
    _ db: Reader, useCase: String, participant: String, now: Int64
  ) throws -> SubmissionUsage {
    let counts = try db.queryOne(
      """
      SELECT count(*) AS total,
        count(CASE WHEN s.submit_time >= ?3 AND s.submit_time < ?4 THEN 1 END) AS today,
        count(CASE WHEN e.state <= 2 THEN 1 END) AS active
      FROM submission s JOIN evaluation e ON e.submission_id = s.id AND e.is_current = 1
      WHERE s.use_case_id = ?1 AND s.participant_id = ?2 AND s.takes_slot = 1
      """, useCase, participant, UTCDay(containing: now).start, UTCDay(containing: now).end
    ) { row in
      SubmissionUsage(
        today: try row.int("today"), total: try row.int("total"), active: try row.int("active"))
    }
    return counts ?? SubmissionUsage(today: 0, total: 0, active: 0)
  }

  /// The submission that a participant made under an idempotency key.
  static func find(
    _ db: Reader, key: String, useCase: String, participant: String
  ) throws -> StoredSubmission? {
    guard !key.isEmpty else { return nil }
    return try db.queryOne(
      select + "WHERE s.use_case_id = ?1 AND s.participant_id = ?2 AND s.idempotency_key = ?3",
      useCase, participant, key, row: stored)
  }

  /// Writes the submission and its evaluation, waiting in the queue.
  static func insert(
    _ tx: Transaction, _ new: NewSubmission, in useCase: StoredUseCase, scope: TenantScope
  ) throws {
    let key = new.header.idempotencyKey.isEmpty ? nil : new.header.idempotencyKey
    try tx.execute(
      """
      INSERT INTO submission (id, use_case_id, participant_id, participant_name, tenant, email,
        note, file_name, idempotency_key, sha256, size_bytes, row_count, submit_time, takes_slot)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 1)
      """, new.id, useCase.id, new.participant.id, new.participant.name, scope.tenant, scope.email,
      new.header.note, new.header.fileName, key, new.blob.digest, new.blob.byteCount,
      new.rowCount, new.submitTime)
    try tx.execute(
      """
      INSERT INTO evaluation (id, submission_id, is_current, task, metric, metric_version,
        dataset_id, dataset_sha256, history_sha256, state, state_reason, queue_time,
        times_passed_over, attempt, fencing_token, undefined_reason)
      VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, 1, '', ?9, 0, 0, 0, '')
      """, new.evaluationID, new.id, useCase.task.rawValue, useCase.metric.serialized(),
      new.metricVersion, new.dataset.summary.id, new.dataset.sha256, new.history?.sha256,
      new.submitTime)
  }

  /// A submission that the caller may see: its own participant's, or any as the owning tenant's
  /// staff. Nil for all others, as for one that does not exist.
  static func find(_ db: Reader, id: String, scope: TenantScope) throws -> StoredSubmission? {
    guard
      let found = try db.queryOne(select + "WHERE s.id = ?1", id, row: stored),
      let visible = try UseCaseTable.find(db, id: found.message.useCaseId, scope: scope)
    else { return nil }
    switch visible.relation {
    case .staff: return found
    case .member(found.message.participantId): return found
    case .member, .visitor: return nil
    }
  }

  /// Submissions of a use case, newest first; `participant` limits them to one.
  static func list(
    _ db: Reader, useCase: String, participant: String?, page: PageToken
  ) throws -> [StoredSubmission] {
    try db.query(
      select
        + """
        WHERE s.use_case_id = ?1 AND (?2 IS NULL OR s.participant_id = ?2) AND s.sequence < ?3
        ORDER BY s.sequence DESC LIMIT ?4
        """, useCase, participant, page.before, page.rowLimit, row: stored)
  }

  /// All of a use case's submissions as the leaderboard needs them, oldest first.
  static func board(_ db: Reader, of useCase: StoredUseCase) throws -> [BoardSubmission] {
    let metric = useCase.metric
    return try db.query(
      """
      SELECT s.sequence, s.id, s.participant_id, coalesce(p.name, s.participant_name) AS name,
        s.submit_time, e.state, e.metric, e.score_bits, e.undefined_reason
      FROM submission s JOIN evaluation e ON e.submission_id = s.id AND e.is_current = 1
      LEFT JOIN participant p ON p.use_case_id = s.use_case_id AND p.id = s.participant_id
      WHERE s.use_case_id = ?1 ORDER BY s.sequence
      """, useCase.id
    ) { row in
      let scoredBy = try CatalogMetricChoice(serialized: row.blob("metric"))
      return BoardSubmission(
        id: try row.text("id"), participant: try row.text("participant_id"),
        participantName: try row.text("name"), submitTime: try row.int64("submit_time"),
        sequence: try row.int64("sequence"),
        outcome: scoredBy == metric
          ? try outcome(row) : .undefined(reason: "scored by another metric, \(scoredBy.metric)"))
    }
  }

  /// Adds a use case's submissions up; `participant` limits them to one.
  static func activity(_ db: Reader, useCase: String, participant: String?) throws -> Activity {
    var activity = Activity()
    try db.forEach(
      """
      SELECT s.submit_time, s.participant_id, coalesce(p.name, s.participant_name) AS name,
        s.email, e.state
      FROM submission s JOIN evaluation e ON e.submission_id = s.id AND e.is_current = 1
      LEFT JOIN participant p ON p.use_case_id = s.use_case_id AND p.id = s.participant_id
      WHERE s.use_case_id = ?1 AND (?2 IS NULL OR s.participant_id = ?2)
      """, useCase, participant
    ) { row in
      let state = EvaluationSubmissionState(rawValue: try row.int32("state"))
      activity.add(
        submitTime: try row.int64("submit_time"), participant: try row.text("participant_id"),
        participantName: try row.text("name"), email: try row.text("email"),
        outcome: state == .scored ? .scored : state == .failed ? .failed : .pending)
    }
    return activity
  }

  private static func outcome(_ row: Row) throws -> BoardSubmission.Outcome {
    switch EvaluationSubmissionState(rawValue: try row.int32("state")) {
    case .scored:
      guard let bits = try row.optionalInt64("score_bits") else {
        return .undefined(reason: try row.text("undefined_reason"))
      }
      return .value(Double(bitPattern: UInt64(bitPattern: bits)))
    case .failed: return .failed
    default: return .pending
    }
  }

  private static let select = """
    SELECT s.sequence, s.id, s.use_case_id, s.participant_id,
      coalesce(p.name, s.participant_name) AS name, s.email, s.note, s.sha256, s.size_bytes,
      s.row_count, s.submit_time, e.id AS evaluation_id, e.state, e.state_reason, e.attempt,
      e.finish_time, e.result
    FROM submission s JOIN evaluation e ON e.submission_id = s.id AND e.is_current = 1
    LEFT JOIN participant p ON p.use_case_id = s.use_case_id AND p.id = s.participant_id

    """

  private static func stored(_ row: Row) throws -> StoredSubmission {
    let digest = try row.digest("sha256")
    var message = EvaluationSubmission(
      id: try row.text("id"), useCaseId: try row.text("use_case_id"),
      participantId: try row.text("participant_id"), participantName: try row.text("name"),
      submittedBy: try row.text("email"), note: try row.text("note"),
      state: EvaluationSubmissionState(rawValue: try row.int32("state")),
      stateReason: try row.text("state_reason"), rowCount: try row.int64("row_count"),
      sizeBytes: try row.int64("size_bytes"), sha256: digest.hex,
      submitTime: Google_Protobuf_Timestamp(unixMilliseconds: try row.int64("submit_time")),
      attempt: try row.int32("attempt"))
    message.scoreTime = try row.optionalInt64("finish_time").map {
      Google_Protobuf_Timestamp(unixMilliseconds: $0)
    }
    if let bytes = try row.optionalBlob("result") {
      let result = try EvaluationWorkerMessage.Result(serialized: bytes)
      message.primary = result.primary
      message.further = result.further
    }
    return StoredSubmission(
      sequence: try row.int64("sequence"), evaluationID: try row.text("evaluation_id"),
      message: message, sha256: digest)
  }
}
