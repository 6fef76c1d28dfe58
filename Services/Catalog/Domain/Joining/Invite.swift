/// An invitation of one e-mail address to one use case.
public struct Invite: Hashable, Sendable {
  /// What became of it. That it is too old is not stored: it follows from the time.
  public enum Answer: Hashable, Sendable {
    case none
    case accepted(participantID: String)
    case revoked
  }

  public enum State: Hashable, Sendable {
    case pending, accepted, revoked, expired
  }

  public var id: String
  public var useCaseID: String
  public var email: String
  public var answer: Answer
  /// Unix milliseconds, as the other times.
  public var createTime: Int64
  /// When the last mail went out; nil before the first.
  public var sendTime: Int64?
  public var expireTime: Int64
  /// Mails asked for so far, the first one included.
  public var mailCount: Int

  public init(
    id: String, useCaseID: String, email: String, answer: Answer = .none, createTime: Int64,
    sendTime: Int64? = nil, expireTime: Int64, mailCount: Int
  ) {
    self.id = id
    self.useCaseID = useCaseID
    self.email = email
    self.answer = answer
    self.createTime = createTime
    self.sendTime = sendTime
    self.expireTime = expireTime
    self.mailCount = mailCount
  }

  /// A new invite, good from `now` on for the lifetime of all invites.
  public init(id: String, useCaseID: String, email: MailAddress, now: Int64) {
    self.init(
      id: id, useCaseID: useCaseID, email: email.text, createTime: now,
      expireTime: now + CatalogLimits.inviteLifetimeMilliseconds, mailCount: 1)
  }

  /// An invite is good until its expiry, that instant excluded.
  public func state(at now: Int64) -> State {
    switch answer {
    case .accepted: .accepted
    case .revoked: .revoked
    case .none: now < expireTime ? .pending : .expired
    }
  }

  /// The participant that the invite led to.
  public var participantID: String? {
    guard case .accepted(let id) = answer else { return nil }
    return id
  }
}

extension Invite {
  /// Withdraws it. Twice is once; what was accepted stays accepted.
  public func revoked() throws(CatalogError) -> Invite {
    if case .accepted = answer {
      throw .notNow("the invite of \(email) was accepted; only an open one can be revoked")
    }
    var result = self
    result.answer = .revoked
    return result
  }

  /// Good for another lifetime and mailed once more: the organiser's resend, or a new invite of a
  /// revoked address.
  public func renewed(now: Int64) throws(CatalogError) -> Invite {
    if case .accepted = answer {
      throw .notNow("the invite of \(email) was accepted; there is nothing to send again")
    }
    guard mailCount < CatalogLimits.maximumMailsPerInvite else {
      throw .limit(
        "\(email) was mailed \(mailCount) times for this use case already",
        LimitReached(
          name: "mails per invite", limit: Int64(CatalogLimits.maximumMailsPerInvite),
          actual: Int64(mailCount) + 1))
    }
    var result = self
    result.answer = .none
    result.expireTime = now + CatalogLimits.inviteLifetimeMilliseconds
    result.mailCount += 1
    return result
  }

  /// Whether it may be accepted now; an accepted one may, again.
  public func checkAcceptable(at now: Int64) throws(CatalogError) {
    switch state(at: now) {
    case .pending, .accepted: return
    case .revoked:
      throw .notNow("the invite was revoked; ask the organiser for a new one")
    case .expired:
      throw .notNow(
        "the invite expired on \(UTCTime(expireTime)); ask the organiser to send it again")
    }
  }
}
