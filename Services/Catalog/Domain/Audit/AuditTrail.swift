import Crypto

/// What was done; the text is stored and shown.
public enum AuditAction: String, Hashable, Sendable, CaseIterable {
  case create, update, clone
  case uploadCover = "upload_cover"
  case uploadNotebook = "upload_notebook"
  case publish, pause, resume, close, archive
  case invite
  case resendInvite = "resend_invite"
  case revokeInvite = "revoke_invite"
  case acceptInvite = "accept_invite"
  case join

  public init(_ action: UseCaseAction) {
    self =
      switch action {
      case .publish: .publish
      case .pause: .pause
      case .resume: .resume
      case .close: .close
      case .archive: .archive
      }
  }
}

/// One action, chained by its digest to the one before it.
public struct AuditEntry: Hashable, Sendable {
  /// Counted from 1 over the whole service, without gaps.
  public var sequence: Int64
  public var tenant: String
  public var useCaseID: String
  /// E-mail address of who did it, or the user's id if there is none.
  public var actor: String
  public var action: String
  /// What changed, as text.
  public var detail: String
  /// Unix milliseconds.
  public var time: Int64
  public var digest: Digest

  public init(
    sequence: Int64, tenant: String, useCaseID: String, actor: String, action: String,
    detail: String, time: Int64, digest: Digest
  ) {
    self.sequence = sequence
    self.tenant = tenant
    self.useCaseID = useCaseID
    self.actor = actor
    self.action = action
    self.detail = detail
    self.time = time
    self.digest = digest
  }

  /// The digest that the entry's content gives after `previous`.
  public func expectedDigest(after previous: Digest) -> Digest {
    HashChain.next(
      after: previous,
      fields: [
        .integer(sequence), .text(tenant), .text(useCaseID), .text(actor), .text(action),
        .text(detail), .integer(time),
      ])
  }
}

/// The end of the chain, to which the next entry is added.
public struct AuditHead: Hashable, Sendable {
  public var sequence: Int64
  public var digest: Digest

  /// Before the first entry.
  public static let empty = AuditHead(sequence: 0, digest: HashChain.genesis)

  public init(sequence: Int64, digest: Digest) {
    self.sequence = sequence
    self.digest = digest
  }

  /// The next entry, complete with number and digest.
  public func next(
    tenant: String, useCaseID: String, actor: String, action: AuditAction, detail: String,
    time: Int64
  ) -> AuditEntry {
    var entry = AuditEntry(
      sequence: sequence + 1, tenant: tenant, useCaseID: useCaseID, actor: actor,
      action: action.rawValue, detail: detail, time: time, digest: .zero)
    entry.digest = entry.expectedDigest(after: digest)
    return entry
  }
}

/// Why a trail is not what was written.
public enum AuditFault: Error, Hashable, Sendable, CustomStringConvertible {
  case sequence(found: Int64, expected: Int64)
  case digest(sequence: Int64)
  case head(found: Int64, recorded: Int64)

  public var description: String {
    switch self {
    case .sequence(let found, let expected):
      "entry \(found) stands where \(expected) should: an entry is missing or was added"
    case .digest(let sequence):
      "entry \(sequence) does not give its digest: it, or one before it, was changed"
    case .head(let found, let recorded):
      "the trail ends at entry \(found), but \(recorded) were written: its end is missing"
    }
  }
}

/// Replays a trail from its first entry and finds the first that does not fit. Works offline.
public struct AuditVerifier: Sendable {
  public private(set) var head = AuditHead.empty

  public init() {}

  /// Takes the next entry, or says why it does not fit.
  public mutating func check(_ entry: AuditEntry) throws(AuditFault) {
    guard entry.sequence == head.sequence + 1 else {
      throw .sequence(found: entry.sequence, expected: head.sequence + 1)
    }
    guard entry.expectedDigest(after: head.digest) == entry.digest else {
      throw .digest(sequence: entry.sequence)
    }
    head = AuditHead(sequence: entry.sequence, digest: entry.digest)
  }

  /// Compares the end with what was recorded apart from the entries.
  public func checkEnd(_ recorded: AuditHead) throws(AuditFault) {
    guard head == recorded else {
      throw head.sequence == recorded.sequence
        ? .digest(sequence: head.sequence)
        : .head(found: head.sequence, recorded: recorded.sequence)
    }
  }
}
