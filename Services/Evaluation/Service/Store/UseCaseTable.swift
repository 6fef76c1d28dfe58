import API
import EvaluationDomain
import Identity
import Storage

/// A use case as Catalog last described it.
struct StoredUseCase: Sendable {
  var id: String
  var version: Int64
  var title: String
  var task: CatalogTask
  var rules: UseCaseRules
  var trainDatasetID: String
  var testDatasetID: String
  var metric: CatalogMetricChoice
}

/// A participant that the caller is a member of.
struct StoredParticipant: Sendable {
  var id: String
  var name: String
}

/// A use case that exists for the caller, and what the caller is to it.
struct VisibleUseCase: Sendable {
  var useCase: StoredUseCase
  var relation: Relation
  /// Set for a member, also for one that is staff as well.
  var participant: StoredParticipant?
}

/// The tables `use_case`, `participant` and `member`, fed by Catalog.
enum UseCaseTable {
  /// Takes a snapshot if it is newer than what is stored.
  ///
  /// - Returns: the version held now.
  static func upsert(_ tx: Transaction, _ snapshot: CatalogUseCaseSnapshot) throws -> Int64 {
    let held = try tx.queryOne("SELECT version FROM use_case WHERE id = ?1", snapshot.id) {
      try $0.int64("version")
    }
    if let held, held >= snapshot.version { return held }
    try write(tx, snapshot)
    try replaceParticipants(tx, snapshot)
    return snapshot.version
  }

  /// The use case, if it exists for the caller.
  static func find(_ db: Reader, id: String, scope: TenantScope) throws -> VisibleUseCase? {
    guard let useCase = try stored(db, id: id) else { return nil }
    let participant = try db.queryOne(
      """
      SELECT p.id, p.name FROM member m
      JOIN participant p ON p.use_case_id = m.use_case_id AND p.id = m.participant_id
      WHERE m.use_case_id = ?1 AND m.tenant = ?2 AND m.email = ?3
      """, id, scope.tenant, scope.email.lowercased()
    ) { StoredParticipant(id: try $0.text("id"), name: try $0.text("name")) }
    let relation = Relation.of(
      Viewer(scope), participant: participant?.id, rules: useCase.rules)
    return relation.map {
      VisibleUseCase(useCase: useCase, relation: $0, participant: participant)
    }
  }

  private static func write(_ tx: Transaction, _ snapshot: CatalogUseCaseSnapshot) throws {
    let limits = snapshot.limits ?? CatalogSubmissionLimits()
    let isPublic = snapshot.privacy == .public
    try tx.execute(
      """
      INSERT INTO use_case (id, version, tenant, title, task, is_public, state, start_time,
        end_time, limit_per_day, limit_total, limit_concurrent, train_dataset_id,
        test_dataset_id, metric)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
      ON CONFLICT (id) DO UPDATE SET version = excluded.version, tenant = excluded.tenant,
        title = excluded.title, task = excluded.task, is_public = excluded.is_public,
        state = excluded.state, start_time = excluded.start_time, end_time = excluded.end_time,
        limit_per_day = excluded.limit_per_day, limit_total = excluded.limit_total,
        limit_concurrent = excluded.limit_concurrent,
        train_dataset_id = excluded.train_dataset_id,
        test_dataset_id = excluded.test_dataset_id, metric = excluded.metric
      """, snapshot.id, snapshot.version, snapshot.tenant, snapshot.title,
      snapshot.task.rawValue, isPublic, snapshot.state.rawValue,
      snapshot.startTime?.unixMilliseconds, snapshot.endTime?.unixMilliseconds, limits.perDay,
      limits.total, limits.concurrent, snapshot.trainDatasetId, snapshot.testDatasetId,
      (snapshot.metric ?? CatalogMetricChoice()).serialized())
  }

  private static func replaceParticipants(
    _ tx: Transaction, _ snapshot: CatalogUseCaseSnapshot
  ) throws {
    try tx.execute("DELETE FROM member WHERE use_case_id = ?1", snapshot.id)
    try tx.execute("DELETE FROM participant WHERE use_case_id = ?1", snapshot.id)
    for participant in snapshot.participants {
      try tx.execute(
        "INSERT INTO participant (use_case_id, id, tenant, name) VALUES (?1, ?2, ?3, ?4)",
        snapshot.id, participant.id, participant.tenant, participant.name)
      for email in participant.emails {
        // A person is in one team; the first one stands.
        try tx.execute(
          """
          INSERT INTO member (use_case_id, tenant, email, participant_id) VALUES (?1, ?2, ?3, ?4)
          ON CONFLICT DO NOTHING
          """, snapshot.id, participant.tenant, email.lowercased(), participant.id)
      }
    }
  }

  private static func stored(_ db: Reader, id: String) throws -> StoredUseCase? {
    try db.queryOne("SELECT * FROM use_case WHERE id = ?1", id) { row in
      let limits = SubmissionLimits(
        perDay: try row.int("limit_per_day"), total: try row.int("limit_total"),
        concurrent: try row.int("limit_concurrent"))
      return StoredUseCase(
        id: try row.text("id"), version: try row.int64("version"), title: try row.text("title"),
        task: CatalogTask(rawValue: try row.int32("task")),
        rules: UseCaseRules(
          tenant: try row.text("tenant"), isPublic: try row.bool("is_public"),
          state: state(CatalogUseCaseState(rawValue: try row.int32("state"))),
          startTime: try row.optionalInt64("start_time"),
          endTime: try row.optionalInt64("end_time"), limits: limits),
        trainDatasetID: try row.text("train_dataset_id"),
        testDatasetID: try row.text("test_dataset_id"),
        metric: try CatalogMetricChoice(serialized: row.blob("metric")))
    }
  }

  /// A state that this version does not know takes no submissions and is shown to nobody new.
  private static func state(_ state: CatalogUseCaseState) -> UseCaseRules.State {
    switch state {
    case .published: .published
    case .paused: .paused
    case .closed: .closed
    case .archived: .archived
    case .unspecified, .draft, .unrecognized: .draft
    }
  }
}

extension Viewer {
  /// The caller, by the verified principal behind the scope.
  init(_ scope: TenantScope) {
    let staff: Set<Role> = [.owner, .organiser, .viewer]
    self.init(tenant: scope.tenant, isStaff: !scope.roles.isDisjoint(with: staff))
  }
}
