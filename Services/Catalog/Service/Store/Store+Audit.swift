import CatalogDomain
import Crypto
import Identity
import Storage

extension Transaction {
  /// Longest detail of an entry, in characters; what is longer is cut.
  private static let maximumAuditDetail = 4_000

  /// Adds an entry to the trail, in the transaction of what it tells of.
  func audit(
    _ action: AuditAction, of useCase: UseCaseRecord, by scope: TenantScope, detail: String,
    now: Int64
  ) throws {
    let head = try auditHead()
    let entry = head.next(
      tenant: useCase.tenant, useCaseID: useCase.id, actor: scope.actor, action: action,
      detail: String(detail.prefix(Self.maximumAuditDetail)), time: now)
    try execute(
      """
      INSERT INTO audit_entries (sequence, tenant, use_case_id, actor, action, detail, time_ms,
        digest)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      """, entry.sequence, entry.tenant, entry.useCaseID, entry.actor, entry.action,
      entry.detail, entry.time, entry.digest)
    try execute(
      """
      INSERT INTO audit_head (id, sequence, digest) VALUES (1, ?1, ?2)
      ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, digest = excluded.digest
      """, entry.sequence, entry.digest)
  }
}

extension Reader {
  /// The recorded end of the trail.
  func auditHead() throws -> AuditHead {
    try queryOne("SELECT sequence, digest FROM audit_head WHERE id = 1") { row in
      AuditHead(sequence: try row.int64("sequence"), digest: try row.digest("digest"))
    } ?? .empty
  }

  /// One page of a use case's entries, newest first; one more if there is more.
  func auditEntries(
    of useCaseID: String, before sequence: Int64, count: Int
  ) throws -> [AuditEntry] {
    try query(
      """
      SELECT * FROM audit_entries WHERE use_case_id = ?1 AND sequence < ?2
      ORDER BY sequence DESC LIMIT ?3
      """, useCaseID, sequence, count + 1, row: Self.auditEntry)
  }

  /// Replays the whole trail. Throws `AuditFault` at the first entry that does not fit.
  func verifyAuditTrail() throws -> AuditHead {
    var verifier = AuditVerifier()
    try forEach("SELECT * FROM audit_entries ORDER BY sequence") { row in
      try verifier.check(Self.auditEntry(row))
    }
    try verifier.checkEnd(auditHead())
    return verifier.head
  }

  private static func auditEntry(_ row: Row) throws -> AuditEntry {
    AuditEntry(
      sequence: try row.int64("sequence"), tenant: try row.text("tenant"),
      useCaseID: try row.text("use_case_id"), actor: try row.text("actor"),
      action: try row.text("action"), detail: try row.text("detail"),
      time: try row.int64("time_ms"), digest: try row.digest("digest"))
  }
}
