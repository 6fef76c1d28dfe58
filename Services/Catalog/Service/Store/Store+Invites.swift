import CatalogDomain
import Identity
import Storage

extension Transaction {
  /// Stores a new invite, or what became of an old one.
  func store(_ invite: Invite) throws {
    try execute(
      """
      INSERT INTO invites (id, use_case_id, email, answer, participant_id, create_ms, send_ms,
        expire_ms, mail_count)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
      ON CONFLICT (id) DO UPDATE SET answer = excluded.answer,
        participant_id = excluded.participant_id, send_ms = excluded.send_ms,
        expire_ms = excluded.expire_ms, mail_count = excluded.mail_count
      """, invite.id, invite.useCaseID, invite.email, Self.text(invite.answer),
      invite.participantID, invite.createTime, invite.sendTime, invite.expireTime,
      invite.mailCount)
  }

  private static func text(_ answer: Invite.Answer) -> String {
    switch answer {
    case .none: "none"
    case .accepted: "accepted"
    case .revoked: "revoked"
    }
  }
}

/// An invite with the title of its use case.
struct TitledInvite: Sendable {
  var invite: Invite
  var title: String
}

extension Reader {
  /// The invite of an address to a use case.
  func invite(of email: String, to useCaseID: String) throws -> Invite? {
    try queryOne(
      "SELECT * FROM invites WHERE use_case_id = ?1 AND email = ?2", useCaseID, email,
      row: Self.invite)
  }

  /// An invite by its id. Who asks is checked by the caller of this, from what it finds.
  func invite(_ id: String) throws -> Invite? {
    try queryOne("SELECT * FROM invites WHERE id = ?1", id, row: Self.invite)
  }

  /// The invite to the caller's own address with this id.
  func invite(_ id: String, addressedTo scope: TenantScope) throws -> Invite? {
    try queryOne(
      "SELECT * FROM invites WHERE id = ?1 AND email = ?2", id, scope.address, row: Self.invite)
  }

  /// The number of addresses that a use case has invited, revoked ones included.
  func inviteCount(of useCaseID: String) throws -> Int {
    try queryOne("SELECT count(*) FROM invites WHERE use_case_id = ?1", useCaseID) {
      try $0.int(0)
    } ?? 0
  }

  /// One page of a use case's invites, in the order in which they were made.
  func invites(
    of useCaseID: String, after position: PagePosition?, count: Int
  ) throws -> [TitledInvite] {
    let last = position ?? PagePosition(order: .min, id: "")
    return try query(
      """
      SELECT i.*, u.title FROM invites i JOIN use_cases u ON u.id = i.use_case_id
      WHERE i.use_case_id = ?1 AND (i.create_ms > ?2 OR (i.create_ms = ?2 AND i.email > ?3))
      ORDER BY i.create_ms, i.email LIMIT ?4
      """, useCaseID, last.order, last.id, count + 1, row: Self.titled)
  }

  /// One page of the invites to the caller's own address that were not taken back, newest first;
  /// of one use case, or of all.
  func invites(
    addressedTo scope: TenantScope, useCaseID: String?, after position: PagePosition?, count: Int
  ) throws -> [TitledInvite] {
    let last = position ?? PagePosition(order: .max, id: "")
    return try query(
      """
      SELECT i.*, u.title FROM invites i JOIN use_cases u ON u.id = i.use_case_id
      WHERE i.email = ?1 AND i.answer <> 'revoked' AND (?2 IS NULL OR i.use_case_id = ?2)
        AND (i.create_ms < ?3 OR (i.create_ms = ?3 AND i.id < ?4))
      ORDER BY i.create_ms DESC, i.id DESC LIMIT ?5
      """, scope.address, useCaseID, last.order, last.id, count + 1, row: Self.titled)
  }

  private static func titled(_ row: Row) throws -> TitledInvite {
    TitledInvite(invite: try invite(row), title: try row.text("title"))
  }

  private static func invite(_ row: Row) throws -> Invite {
    let answer: Invite.Answer
    switch try row.text("answer") {
    case "accepted": answer = .accepted(participantID: try row.text("participant_id"))
    case "revoked": answer = .revoked
    default: answer = .none
    }
    return Invite(
      id: try row.text("id"), useCaseID: try row.text("use_case_id"),
      email: try row.text("email"), answer: answer, createTime: try row.int64("create_ms"),
      sendTime: try row.optionalInt64("send_ms"), expireTime: try row.int64("expire_ms"),
      mailCount: try row.int("mail_count"))
  }
}
