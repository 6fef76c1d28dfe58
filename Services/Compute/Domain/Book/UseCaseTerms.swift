/// What Compute must know of a use case, complete in each version.
public struct UseCaseTerms: Sendable, Equatable {
  /// Where the use case is in its life.
  public enum Phase: String, Sendable, Hashable, CaseIterable {
    case draft, published, paused, closed, archived
  }

  public let id: String
  /// Grows with every change.
  public let version: Int64
  /// The tenant that owns the use case, and pays.
  public let tenant: String
  public let title: String
  public let phase: Phase
  /// Unix milliseconds; `nil` means from now on.
  public let start: Int64?
  /// Unix milliseconds, the first moment at which nothing runs; `nil` means without end.
  public let end: Int64?
  public let plan: BudgetPlan
  public let participants: [Participant]
  /// Where each participant stands in `participants`, for it is asked at every report.
  private let places: [String: Int]

  public init(
    id: String, version: Int64, tenant: String, title: String, phase: Phase, start: Int64?,
    end: Int64?, plan: BudgetPlan, participants: [Participant]
  ) {
    self.id = id
    self.version = version
    self.tenant = tenant
    self.title = title
    self.phase = phase
    self.start = start
    self.end = end
    self.plan = plan
    self.participants = participants
    places = Dictionary(
      participants.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { a, _ in a })
  }

  /// The participant, unless it left or never joined.
  public func participant(_ id: String) -> Participant? {
    places[id].map { participants[$0] }
  }

  /// Whether the participant has joined and not left.
  public func isMember(_ participant: String) -> Bool { places[participant] != nil }

  /// Why nothing may run now; `nil` when it may.
  func closure(at now: Int64) -> StopReason? {
    if let end, now >= end { return .useCaseOver }
    return switch phase {
    case .published: nil
    case .paused: .useCasePaused
    case .draft, .closed, .archived: .useCaseOver
    }
  }
}

/// A team that joined.
public struct Participant: Sendable, Equatable {
  public let id: String
  /// The tenant whose users it is made of.
  public let tenant: String
  public let name: String
  /// Lower-case addresses of the members.
  public let emails: [String]
  /// Unix milliseconds.
  public let joined: Int64

  public init(id: String, tenant: String, name: String, emails: [String], joined: Int64) {
    self.id = id
    self.tenant = tenant
    self.name = name
    self.emails = emails
    self.joined = joined
  }
}
