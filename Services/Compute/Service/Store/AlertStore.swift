import ComputeDomain
import Storage

/// The alerts that were told.
enum AlertStore {
  /// An alert and its place among all.
  struct Told: Sendable {
    let id: Int64
    let alert: Alert
  }

  static func insert(_ tx: Transaction, _ alert: Alert) throws {
    try tx.execute(
      """
      INSERT INTO alerts (use_case_id, participant_id, threshold, used_gflop, total_gflop, time)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      """,
      alert.useCase, alert.participant, alert.threshold, alert.used.value, alert.total.value,
      alert.time)
  }

  /// Marks as armed again those that were told and now are not.
  static func rearm(_ tx: Transaction, _ book: Book) throws {
    let rows = try tx.query(
      """
      SELECT id, participant_id, threshold FROM alerts
      WHERE use_case_id = ?1 AND is_armed = 0
      """, book.terms.id
    ) { (try $0.int64("id"), try $0.text("participant_id"), try $0.int64("threshold")) }
    for (id, participant, threshold) in rows
    where !(book.alerts.told[participant] ?? []).contains(threshold) {
      try tx.execute("UPDATE alerts SET is_armed = 1 WHERE id = ?1", id)
    }
  }

  static func told(_ db: Reader, useCase: String) throws -> [String: Set<Int64>] {
    var told: [String: Set<Int64>] = [:]
    let sql = """
      SELECT participant_id, threshold FROM alerts WHERE use_case_id = ?1 AND is_armed = 0
      """
    try db.forEach(sql, useCase) { row in
      told[try row.text("participant_id"), default: []].insert(try row.int64("threshold"))
    }
    return told
  }

  /// A use case's alerts after an id, oldest first; of one participant, or of all.
  static func page(
    _ db: Reader, useCase: String, participants: [String]?, after id: Int64, limit: Int
  ) throws -> [Told] {
    var sql = "SELECT * FROM alerts WHERE use_case_id = ?1 AND id > ?2"
    var arguments: [(any SQLBindable)?] = [useCase, id, limit]
    if let participants {
      arguments += participants.map { $0 }
      let list = participants.indices.map { "?\($0 + 4)" }.joined(separator: ", ")
      sql += " AND participant_id IN (\(list))"
    }
    return try db.query(sql + " ORDER BY id LIMIT ?3", arguments: arguments) { row in
      Told(
        id: try row.int64("id"),
        alert: Alert(
          useCase: useCase, participant: try row.text("participant_id"),
          threshold: try row.int64("threshold"), used: GFLOP(try row.int64("used_gflop")),
          total: GFLOP(try row.int64("total_gflop")), time: try row.int64("time")))
    }
  }
}
