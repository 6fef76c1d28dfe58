import API
import CatalogDomain
import Identity
import Storage

/// Which use cases a caller may see. Every query of use cases goes through this one condition.
///
/// It takes the parameters ?1 tenant, ?2 whether the caller is of the tenant's staff, ?3 e-mail
/// address, ?4 the time; `u` is the use case.
private let visible = """
  ((u.tenant = ?1 AND ?2 = 1)
    OR (u.privacy = 'public' AND u.state IN ('published', 'paused', 'closed'))
    OR (u.state <> 'draft' AND EXISTS (
      SELECT 1 FROM members v WHERE v.use_case_id = u.id AND v.tenant = ?1 AND v.email = ?3))
    OR (u.state IN ('published', 'paused') AND EXISTS (
      SELECT 1 FROM invites i WHERE i.use_case_id = u.id AND i.email = ?3
        AND i.answer = 'none' AND i.expire_ms > ?4)))
  """

private let columns = """
  u.id, u.tenant, u.state, u.title, u.task, u.privacy, u.train_metadataset_id,
  u.test_metadataset_id, u.metric, u.description, u.budget_participants, u.budget_gflop_each,
  u.start_ms, u.end_ms, u.limit_per_day, u.limit_total, u.limit_concurrent, u.revision,
  u.snapshot_version, u.create_ms, u.update_ms, u.publish_ms,
  (SELECT count(*) FROM invites n WHERE n.use_case_id = u.id AND n.answer <> 'revoked')
    AS invite_count,
  (SELECT count(*) FROM participants p WHERE p.use_case_id = u.id) AS participant_count
  """

/// The caller's own team, for the parameters of `visible`.
private let ownParticipant = """
  (SELECT o.participant_id FROM members o
    WHERE o.use_case_id = u.id AND o.tenant = ?1 AND o.email = ?3) AS own_participant_id
  """

/// What a list of use cases is narrowed to.
struct UseCaseFilter: Sendable {
  var search: SearchQuery
  var task: UseCaseTask?
  var state: UseCaseState?
  var isOwn: Bool
}

extension Reader {
  /// The use case with an id, if the caller may see it. Throws NOT_FOUND, the same for one that
  /// does not exist and one that the caller may not see.
  func useCase(_ id: String, seenBy scope: TenantScope, now: Int64) throws -> SeenUseCase {
    let found = try queryOne(
      "SELECT \(columns), \(ownParticipant) FROM use_cases u WHERE \(visible) AND u.id = ?5",
      arguments: visibleArguments(scope, now) + [id]
    ) { row in try Self.seen(row, scope) }
    guard var found else { throw CatalogError.notFound(kind: "use case", name: id) }
    found.record.files = try files(of: found.record.id)
    return found
  }

  /// As `useCase(_:seenBy:)`, for what only the owning tenant's managers may do.
  func managedUseCase(_ id: String, by scope: TenantScope, now: Int64) throws -> UseCaseRecord {
    let found = try useCase(id, seenBy: scope, now: now)
    guard found.standing == .manager else { throw CatalogRefusal.notManager }
    return found.record
  }

  /// One page of what the caller may see, newest first; one more than `count` if there is more.
  func useCases(
    seenBy scope: TenantScope, _ filter: UseCaseFilter, after position: PagePosition?,
    count: Int, now: Int64
  ) throws -> [SeenUseCase] {
    var arguments = visibleArguments(scope, now)
    var conditions = [visible]
    func bind(_ value: any SQLBindable) -> String {
      arguments.append(value)
      return "?\(arguments.count)"
    }
    if filter.isOwn { conditions.append("u.tenant = ?1") }
    if let task = filter.task { conditions.append("u.task = \(bind(task.rawValue))") }
    if let state = filter.state { conditions.append("u.state = \(bind(state.rawValue))") }
    for pattern in filter.search.likePatterns {
      conditions.append("u.search_text LIKE \(bind(pattern)) ESCAPE '\\'")
    }
    if let position {
      let time = bind(position.order)
      conditions.append(
        "(u.create_ms < \(time) OR (u.create_ms = \(time) AND u.id < \(bind(position.id))))")
    }
    let sql = """
      SELECT \(columns), \(ownParticipant) FROM use_cases u
      WHERE \(conditions.joined(separator: " AND "))
      ORDER BY u.create_ms DESC, u.id DESC LIMIT \(count + 1)
      """
    var found = try query(sql, arguments: arguments) { row in try Self.seen(row, scope) }
    for index in found.indices {
      found[index].record.files = try files(of: found[index].record.id)
    }
    return found
  }

  /// The use case with an id, if the caller manages it; nil whatever the reason if not.
  func ownUseCase(_ id: String, managedBy scope: TenantScope) throws -> UseCaseRecord? {
    guard scope.isManager else { return nil }
    return try queryOne(
      "SELECT \(columns) FROM use_cases u WHERE u.id = ?1 AND u.tenant = ?2", id, scope.tenant,
      row: Self.record)
  }

  /// A use case by its id alone, for work that follows from one that was checked before.
  func storedUseCase(_ id: String) throws -> UseCaseRecord? {
    try queryOne("SELECT \(columns) FROM use_cases u WHERE u.id = ?1", id, row: Self.record)
  }

  /// Whether a metadataset belongs to a use case of its own tenant that the caller may see.
  func isMetadatasetSeen(
    _ metadataset: Metadataset, by scope: TenantScope, now: Int64
  ) throws -> Bool {
    try exists(
      """
      SELECT 1 FROM use_cases u WHERE \(visible) AND u.tenant = ?5 AND u.state <> 'draft'
        AND (u.train_metadataset_id = ?6 OR u.test_metadataset_id = ?6)
      """,
      arguments: visibleArguments(scope, now) + [metadataset.tenant, metadataset.id])
  }

  /// Use cases of each state, for the gauges.
  func useCaseCounts() throws -> [UseCaseState: Int] {
    var counts: [UseCaseState: Int] = [:]
    try forEach("SELECT state, count(*) AS n FROM use_cases GROUP BY state") { row in
      counts[try StoredValue.parse(row.text("state"))] = try row.int("n")
    }
    return counts
  }

  private func visibleArguments(_ scope: TenantScope, _ now: Int64) -> [(any SQLBindable)?] {
    [scope.tenant, scope.isStaff, scope.address, now]
  }

  private static func seen(_ row: Row, _ scope: TenantScope) throws -> SeenUseCase {
    let record = try record(row)
    let standing: Standing
    if record.tenant == scope.tenant, scope.isStaff {
      standing = scope.isManager ? .manager : .staff
    } else if let participantID = try row.optionalText("own_participant_id") {
      standing = .participant(id: participantID)
    } else {
      standing = .visitor
    }
    return SeenUseCase(record: record, standing: standing)
  }

  private static func record(_ row: Row) throws -> UseCaseRecord {
    UseCaseRecord(
      id: try row.text("id"), tenant: try row.text("tenant"),
      state: try StoredValue.parse(row.text("state")), content: try content(row),
      revision: try row.int64("revision"), snapshotVersion: try row.int64("snapshot_version"),
      createTime: try row.int64("create_ms"), updateTime: try row.int64("update_ms"),
      publishTime: try row.optionalInt64("publish_ms"),
      inviteCount: try row.int("invite_count"),
      participantCount: try row.int("participant_count"))
  }

  private static func content(_ row: Row) throws -> UseCaseContent {
    var content = UseCaseContent()
    content.title = try row.text("title")
    content.task = try row.optionalText("task").map(StoredValue.parse)
    content.privacy = try row.optionalText("privacy").map(StoredValue.parse)
    content.trainMetadatasetID = try row.text("train_metadataset_id")
    content.testMetadatasetID = try row.text("test_metadataset_id")
    content.metric = try row.optionalBlob("metric").map { bytes in
      let choice = try CatalogMetricChoice(serialized: bytes)
      return MetricChoice(metric: choice.metric, parameters: choice.parameters.dictionary)
    }
    content.description = try row.text("description")
    if let participants = try row.optionalInt64("budget_participants") {
      content.budget = ComputeBudget(
        participants: participants, gflopEach: try row.int64("budget_gflop_each"))
    }
    content.startTime = try row.optionalInt64("start_ms")
    content.endTime = try row.optionalInt64("end_ms")
    content.limits = SubmissionLimits(
      perDay: try row.int64("limit_per_day"), total: try row.int64("limit_total"),
      concurrent: try row.int64("limit_concurrent"))
    return content
  }
}
