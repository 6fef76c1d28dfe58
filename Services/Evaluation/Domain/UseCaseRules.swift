/// What Evaluation must know of a use case to decide who may see it and who may submit, and when.
public struct UseCaseRules: Hashable, Sendable {
  /// The part of a use case's life that matters here.
  public enum State: Hashable, Sendable {
    case draft, published, paused, closed, archived
  }

  public var tenant: String
  public var isPublic: Bool
  public var state: State
  /// Unix milliseconds; nil means from the publication on.
  public var startTime: Int64?
  /// Unix milliseconds, the first instant that is too late; nil means no end.
  public var endTime: Int64?
  public var limits: SubmissionLimits

  public init(
    tenant: String, isPublic: Bool, state: State, startTime: Int64?, endTime: Int64?,
    limits: SubmissionLimits
  ) {
    self.tenant = tenant
    self.isPublic = isPublic
    self.state = state
    self.startTime = startTime
    self.endTime = endTime
    self.limits = limits
  }
}

/// Why a use case takes no submission at an instant.
public enum ClosedReason: Error, Hashable, Sendable, CustomStringConvertible {
  case notPublished(UseCaseRules.State)
  case notStarted(startTime: Int64)
  case ended(endTime: Int64)

  public var description: String {
    switch self {
    case .notPublished(.draft): "the use case is not published yet"
    case .notPublished(.paused): "the use case is paused by its organiser; try again later"
    case .notPublished: "the use case is closed"
    case .notStarted(let time): "the use case starts at \(UTCTime(time)); try again then"
    case .ended(let time): "the use case ended at \(UTCTime(time))"
    }
  }
}

extension UseCaseRules {
  /// Throws unless a submission that is complete at `now` (unix milliseconds) is in time.
  ///
  /// One instant decides, the same that every page shows: `start ≤ now < end`.
  public func checkOpen(at now: Int64) throws(ClosedReason) {
    guard state == .published else { throw .notPublished(state) }
    if let startTime, now < startTime { throw .notStarted(startTime: startTime) }
    if let endTime, now >= endTime { throw .ended(endTime: endTime) }
  }
}

/// A caller as access rules see one. Made from a verified principal by the service, nowhere else.
public struct Viewer: Hashable, Sendable {
  public var tenant: String
  /// Owner, organiser or viewer of its tenant: may see all of what the tenant owns.
  public var isStaff: Bool

  public init(tenant: String, isStaff: Bool) {
    self.tenant = tenant
    self.isStaff = isStaff
  }
}

/// What a caller is to a use case; decides what of it exists for the caller.
public enum Relation: Hashable, Sendable {
  /// Owner, organiser or viewer of the owning tenant: sees everything.
  case staff
  /// A member of a participant: sees its own submissions and the board.
  case member(participant: String)
  /// Anybody, on a public use case: sees the board.
  case visitor

  /// - Parameters:
  ///   - participant: the participant that the caller is a member of, by tenant *and* e-mail: an
  ///     address alone proves nothing, for any tenant's owner can create a user with any address.
  /// - Returns: nil if the use case does not exist for the caller.
  public static func of(
    _ viewer: Viewer, participant: String?, rules: UseCaseRules
  ) -> Relation? {
    if viewer.tenant == rules.tenant && viewer.isStaff { return .staff }
    if let participant { return .member(participant: participant) }
    return rules.isPublic && rules.state != .draft ? .visitor : nil
  }
}
