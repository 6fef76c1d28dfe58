/// Where a use case is in its life: draft → published ⇄ paused → closed → archived.
public enum UseCaseState: String, Hashable, Sendable, CaseIterable {
  /// Being written; seen by the owning tenant alone.
  case draft
  /// Teams join, train and submit.
  case published
  /// Seen as before, but nobody trains or submits.
  case paused
  /// Over for good: results stay.
  case closed
  /// Out of the lists of all but the owning tenant and the participants.
  case archived
}

/// What an organiser does to move a use case through its life.
public enum UseCaseAction: String, Hashable, Sendable, CaseIterable {
  case publish, pause, resume, close, archive

  /// The state that the action leads to.
  public var target: UseCaseState {
    switch self {
    case .publish, .resume: .published
    case .pause: .paused
    case .close: .closed
    case .archive: .archived
    }
  }

  /// The states that the action leads from.
  var sources: [UseCaseState] {
    switch self {
    case .publish: [.draft]
    case .pause: [.published]
    case .resume: [.paused]
    case .close: [.published, .paused]
    case .archive: [.closed]
    }
  }
}

extension UseCaseState {
  /// The state after `action`; nil if it is there already, so that doing it twice is doing it once.
  public func applying(_ action: UseCaseAction) throws(CatalogError) -> UseCaseState? {
    if self == action.target { return nil }
    guard action.sources.contains(self) else {
      let expected = action.sources.map(\.rawValue).joined(separator: " or ")
      throw .notNow("cannot \(action.rawValue) a \(rawValue) use case: it must be \(expected)")
    }
    return action.target
  }

  /// Whether anyone outside the owning tenant may know of it at all.
  public var isAnnounced: Bool { self != .draft }

  /// Whether teams may join.
  public var takesParticipants: Bool { self == .published || self == .paused }
}
