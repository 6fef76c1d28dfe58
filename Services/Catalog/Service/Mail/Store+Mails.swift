import CatalogDomain
import Storage

/// A mail that was taken out of the queue to be sent.
public struct OutgoingMail: Sendable, Equatable {
  public let id: Int64
  public let inviteID: String
  public let recipient: String
  public let subject: String
  public let body: String
  /// 1 for the first attempt.
  public let attempt: Int
}

extension Transaction {
  /// Queues a mail in the transaction of its cause.
  func queue(_ mail: InviteMail, now: Int64) throws {
    try execute(
      """
      INSERT INTO mails (invite_id, recipient, subject, body, state, attempts, due_ms, create_ms,
        error)
      VALUES (?1, ?2, ?3, ?4, 'queued', 0, ?5, ?5, '')
      """, mail.inviteID, mail.recipient, mail.subject, mail.body, now)
  }

  /// Takes the oldest mail that is due. It is marked before it is sent: if the process dies in
  /// between, the mail is not sent again by itself.
  func takeDueMail(now: Int64) throws -> OutgoingMail? {
    let mail = try queryOne(
      """
      SELECT id, invite_id, recipient, subject, body, attempts FROM mails
      WHERE state = 'queued' AND due_ms <= ?1 ORDER BY due_ms, id LIMIT 1
      """, now
    ) { row in
      OutgoingMail(
        id: try row.int64("id"), inviteID: try row.text("invite_id"),
        recipient: try row.text("recipient"), subject: try row.text("subject"),
        body: try row.text("body"), attempt: try row.int("attempts") + 1)
    }
    guard let mail else { return nil }
    try execute(
      "UPDATE mails SET state = 'sending', attempts = ?2 WHERE id = ?1", mail.id, mail.attempt)
    return mail
  }

  func markSent(_ mail: OutgoingMail, now: Int64) throws {
    try execute("UPDATE mails SET state = 'sent', end_ms = ?2 WHERE id = ?1", mail.id, now)
    try execute("UPDATE invites SET send_ms = ?2 WHERE id = ?1", mail.inviteID, now)
  }

  /// Back into the queue, to be tried again at `due`; unless it was withdrawn meanwhile.
  func requeue(_ mail: OutgoingMail, due: Int64, error: String) throws {
    try execute(
      "UPDATE mails SET state = 'queued', due_ms = ?2, error = ?3 WHERE id = ?1", mail.id, due,
      error)
  }

  /// Ends a mail that is not sent: `failed` for good, or `uncertain` whether it went out.
  func end(_ mail: OutgoingMail, as state: String, error: String, now: Int64) throws {
    try execute(
      "UPDATE mails SET state = ?2, end_ms = ?3, error = ?4 WHERE id = ?1", mail.id, state, now,
      error)
  }

  /// Mails that a process which died was sending. Returns how many there were.
  func endInterruptedMails(now: Int64) throws -> Int {
    try execute(
      """
      UPDATE mails SET state = 'uncertain', end_ms = ?1,
        error = 'the service ended while the mail was being sent'
      WHERE state = 'sending'
      """, now)
  }

  /// Takes back what was not sent yet.
  func withdrawMails(of inviteID: String, now: Int64) throws {
    try execute(
      """
      UPDATE mails SET state = 'withdrawn', end_ms = ?2
      WHERE invite_id = ?1 AND state = 'queued'
      """, inviteID, now)
  }
}

extension Reader {
  /// Whether a mail of an invite is still to go out.
  func hasWaitingMail(of inviteID: String) throws -> Bool {
    try exists(
      "SELECT 1 FROM mails WHERE invite_id = ?1 AND state IN ('queued', 'sending')", inviteID)
  }

  /// Mails that are still to go out.
  func waitingMailCount() throws -> Int {
    try queryOne("SELECT count(*) FROM mails WHERE state IN ('queued', 'sending')") {
      try $0.int(0)
    } ?? 0
  }
}
