import CatalogDomain
import Identity
import Storage

extension Transaction {
  /// Stores a new team with its first member.
  func insert(_ participant: Participant, key: String, member scope: TenantScope) throws {
    try execute(
      """
      INSERT INTO participants (id, use_case_id, tenant, name, name_key, join_ms)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      """, participant.id, participant.useCaseID, participant.tenant, participant.name, key,
      participant.joinTime)
    try insertMember(scope, of: participant.id, participant.useCaseID, now: participant.joinTime)
  }

  /// Adds the caller to a team.
  func insertMember(
    _ scope: TenantScope, of participantID: String, _ useCaseID: String, now: Int64
  ) throws {
    try execute(
      """
      INSERT INTO members (use_case_id, tenant, email, participant_id, join_ms)
      VALUES (?1, ?2, ?3, ?4, ?5)
      """, useCaseID, scope.tenant, scope.address, participantID, now)
  }
}

extension Reader {
  func participant(_ id: String) throws -> Participant? {
    try queryOne("SELECT * FROM participants WHERE id = ?1", id) { row in
      try self.participant(row)
    }
  }

  /// The team of a use case whose name reads the same.
  func participant(named name: ParticipantName, of useCaseID: String) throws -> Participant? {
    try queryOne(
      "SELECT * FROM participants WHERE use_case_id = ?1 AND name_key = ?2", useCaseID, name.key
    ) { row in try self.participant(row) }
  }

  /// The caller's own team.
  func ownParticipantID(in useCaseID: String, _ scope: TenantScope) throws -> String? {
    try queryOne(
      """
      SELECT participant_id FROM members WHERE use_case_id = ?1 AND tenant = ?2 AND email = ?3
      """, useCaseID, scope.tenant, scope.address
    ) { try $0.text(0) }
  }

  /// All teams of a use case, in the order in which they joined.
  func participants(of useCaseID: String) throws -> [Participant] {
    try participants(of: useCaseID, after: nil, count: Int(CatalogLimits.maximumParticipants))
  }

  /// One page of the teams of a use case, in the order in which they joined; one more if there is
  /// more.
  func participants(
    of useCaseID: String, after position: PagePosition?, count: Int
  ) throws -> [Participant] {
    let last = position ?? PagePosition(order: .min, id: "")
    var emails: [String: [String]] = [:]
    try forEach(
      "SELECT participant_id, email FROM members WHERE use_case_id = ?1 ORDER BY join_ms, email",
      useCaseID
    ) { row in emails[try row.text(0), default: []].append(try row.text(1)) }
    return try query(
      """
      SELECT * FROM participants
      WHERE use_case_id = ?1 AND (join_ms > ?2 OR (join_ms = ?2 AND id > ?3))
      ORDER BY join_ms, id LIMIT ?4
      """, useCaseID, last.order, last.id, count + 1
    ) { row in try Self.participant(row, emails: emails[row.text("id")] ?? []) }
  }

  private func participant(_ row: Row) throws -> Participant {
    let id = try row.text("id")
    let emails = try query(
      "SELECT email FROM members WHERE participant_id = ?1 ORDER BY join_ms, email", id
    ) { try $0.text(0) }
    return try Self.participant(row, emails: emails)
  }

  private static func participant(_ row: Row, emails: [String]) throws -> Participant {
    Participant(
      id: try row.text("id"), useCaseID: try row.text("use_case_id"),
      tenant: try row.text("tenant"), name: try row.text("name"), emails: emails,
      joinTime: try row.int64("join_ms"))
  }
}
