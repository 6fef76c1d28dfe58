import ComputeDomain
import Storage

/// The teams that joined, and those that left.
enum ParticipantStore {
  /// The members of a use case, or the one member if it still is one.
  static func members(
    _ db: Reader, useCase: String, only participant: String?
  ) throws -> [Participant] {
    var filter = "p.use_case_id = ?1 AND p.is_member = 1"
    var arguments: [(any SQLBindable)?] = [useCase]
    if let participant {
      filter += " AND p.id = ?2"
      arguments.append(participant)
    }
    return try participants(db, filter: filter, arguments)
  }

  /// The participants for which users of the tenant act: members first, then those that left.
  static func ofTenant(
    _ db: Reader, _ tenant: String, useCase: String
  ) throws -> [Participant] {
    try participants(db, filter: "p.use_case_id = ?1 AND p.tenant = ?2", [useCase, tenant])
  }

  /// Ids and names of all participants that a use case ever had, in the order of joining.
  static func names(_ db: Reader, useCase: String) throws -> [Name] {
    try db.query(
      "SELECT id, name FROM participants WHERE use_case_id = ?1 ORDER BY joined, id", useCase
    ) { Name(id: try $0.text("id"), name: try $0.text("name")) }
  }

  struct Name {
    let id: String
    let name: String
  }

  static func name(_ db: Reader, useCase: String, participant: String) throws -> String {
    try db.queryOne(
      "SELECT name FROM participants WHERE use_case_id = ?1 AND id = ?2", useCase, participant
    ) { try $0.text("name") } ?? ""
  }

  private static func participants(
    _ db: Reader, filter: String, _ arguments: [(any SQLBindable)?]
  ) throws -> [Participant] {
    let sql = """
      SELECT p.id AS id, p.tenant AS tenant, p.name AS name, p.joined AS joined, e.email AS email
      FROM participants p LEFT JOIN participant_emails e
        ON e.use_case_id = p.use_case_id AND e.participant_id = p.id
      WHERE \(filter) ORDER BY p.is_member DESC, p.joined, p.id, e.email
      """
    var found: [Participant] = []
    try db.forEach(sql, arguments: arguments) { row in
      let id = try row.text("id")
      let email = try row.optionalText("email").map { [$0] } ?? []
      let earlier = found.last?.id == id ? found.removeLast().emails : []
      found.append(
        Participant(
          id: id, tenant: try row.text("tenant"), name: try row.text("name"),
          emails: earlier + email, joined: try row.int64("joined")))
    }
    return found
  }

  /// Makes `participants` the members; whoever is not among them has left, and keeps its row, so
  /// that the bill can name it and its last usage can still come in.
  static func save(
    _ tx: Transaction, _ participants: [Participant], useCase: String
  ) throws {
    try tx.execute("UPDATE participants SET is_member = 0 WHERE use_case_id = ?1", useCase)
    for participant in participants {
      try tx.execute(
        """
        INSERT INTO participants (use_case_id, id, tenant, name, joined, is_member)
        VALUES (?1, ?2, ?3, ?4, ?5, 1)
        ON CONFLICT (use_case_id, id) DO UPDATE SET tenant = excluded.tenant,
          name = excluded.name, joined = excluded.joined, is_member = 1
        """,
        useCase, participant.id, participant.tenant, participant.name, participant.joined)
      try tx.execute(
        "DELETE FROM participant_emails WHERE use_case_id = ?1 AND participant_id = ?2",
        useCase, participant.id)
      for email in Set(participant.emails) {
        try tx.execute(
          """
          INSERT INTO participant_emails (use_case_id, participant_id, email)
          VALUES (?1, ?2, ?3)
          """, useCase, participant.id, email)
      }
    }
  }
}
