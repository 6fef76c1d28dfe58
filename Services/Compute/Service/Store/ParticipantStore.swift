import ComputeDomain
import Storage

/// The teams that joined, and those that left.
enum ParticipantStore {
  /// Everybody who ever joined, members first, in the order of joining.
  static func roster(_ db: Reader, useCase: String) throws -> [OpenBook.Member] {
    let sql = """
      SELECT p.id AS id, p.tenant AS tenant, p.name AS name, p.joined AS joined,
        p.is_member AS is_member, e.email AS email
      FROM participants p LEFT JOIN participant_emails e
        ON e.use_case_id = p.use_case_id AND e.participant_id = p.id
      WHERE p.use_case_id = ?1 ORDER BY p.is_member DESC, p.joined, p.id, e.email
      """
    var found: [OpenBook.Member] = []
    try db.forEach(sql, useCase) { row in
      let id = try row.text("id")
      let email = try row.optionalText("email").map { [$0] } ?? []
      let isAnotherAddress = found.last?.participant.id == id
      let earlier = isAnotherAddress ? found.removeLast().participant.emails : []
      found.append(
        OpenBook.Member(
          participant: Participant(
            id: id, tenant: try row.text("tenant"), name: try row.text("name"),
            emails: earlier + email, joined: try row.int64("joined")),
          isMember: try row.bool("is_member")))
    }
    return found
  }

  /// The names of everybody who ever joined, by id.
  static func names(_ db: Reader, useCase: String) throws -> [String: String] {
    var names: [String: String] = [:]
    try db.forEach("SELECT id, name FROM participants WHERE use_case_id = ?1", useCase) { row in
      names[try row.text("id")] = try row.text("name")
    }
    return names
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
