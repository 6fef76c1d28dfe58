import Metrics

/// A submission as the leaderboard sees it.
public struct BoardSubmission: Hashable, Sendable {
  /// What scoring came to.
  public enum Outcome: Hashable, Sendable {
    case pending
    case failed
    /// Scored, but the metric has no value on it.
    case undefined(reason: String)
    case value(Double)
  }

  public var id: String
  public var participant: String
  public var participantName: String
  /// Unix milliseconds.
  public var submitTime: Int64
  /// Grows with every submission: decides between two of the same millisecond.
  public var sequence: Int64
  public var outcome: Outcome

  public init(
    id: String, participant: String, participantName: String, submitTime: Int64, sequence: Int64,
    outcome: Outcome
  ) {
    self.id = id
    self.participant = participant
    self.participantName = participantName
    self.submitTime = submitTime
    self.sequence = sequence
    self.outcome = outcome
  }

  /// The value, if it may be ranked: a missing or non-finite score never is.
  var rankable: Double? {
    if case .value(let value) = outcome, value.isFinite { value } else { nil }
  }

  func isEarlier(than other: BoardSubmission) -> Bool {
    (submitTime, sequence) < (other.submitTime, other.sequence)
  }
}

/// One line of the leaderboard: a participant with its best submission.
public struct BoardEntry: Hashable, Sendable {
  /// Counted from 1, equal scores share it, the next differs by their number (1, 1, 3); 0 where
  /// there is no score to rank.
  public var rank: Int
  public var best: BoardSubmission
  public var submissionCount: Int

  /// The score that is ranked.
  public var score: Double? { best.rankable }
}

/// The ranking of a use case's participants, by each one's best submission.
public enum Leaderboard {
  /// Ranks participants by the direction of the catalogue.
  ///
  /// Equal scores stand in the order in which they were submitted and show the same rank.
  /// Participants without a score that can be ranked follow, unranked, in the order of their
  /// submissions.
  public static func rank(
    _ submissions: some Sequence<BoardSubmission>, direction: MetricDirection
  ) -> [BoardEntry] {
    var entries: [String: BoardEntry] = [:]
    for submission in submissions {
      guard var entry = entries[submission.participant] else {
        entries[submission.participant] = BoardEntry(
          rank: 0, best: submission, submissionCount: 1)
        continue
      }
      entry.submissionCount += 1
      if precedes(submission, entry.best, direction) { entry.best = submission }
      entries[submission.participant] = entry
    }
    var ordered = entries.values.sorted { precedes($0.best, $1.best, direction) }
    assignRanks(&ordered, direction)
    return ordered
  }

  private static func assignRanks(_ ordered: inout [BoardEntry], _ direction: MetricDirection) {
    var previous: (key: Double, rank: Int)?
    for index in ordered.indices {
      guard let score = ordered[index].score else { break }
      let key = direction.rankKey(score)
      let rank = previous.map { $0.key == key ? $0.rank : index + 1 } ?? index + 1
      ordered[index].rank = rank
      previous = (key, rank)
    }
  }

  /// A strict order: better before worse, ranked before unranked, earlier before later.
  private static func precedes(
    _ left: BoardSubmission, _ right: BoardSubmission, _ direction: MetricDirection
  ) -> Bool {
    switch (left.rankable, right.rankable) {
    case (let a?, let b?):
      let (keyA, keyB) = (direction.rankKey(a), direction.rankKey(b))
      return keyA == keyB ? left.isEarlier(than: right) : keyA < keyB
    case (.some, nil): return true
    case (nil, .some): return false
    case (nil, nil): return unrankedPrecedes(left, right)
    }
  }

  /// Of two without a score the one that says most is shown: undefined, then pending, then failed.
  private static func unrankedPrecedes(_ left: BoardSubmission, _ right: BoardSubmission) -> Bool {
    let (a, b) = (certainty(left), certainty(right))
    return a == b ? left.isEarlier(than: right) : a < b
  }

  private static func certainty(_ submission: BoardSubmission) -> Int {
    switch submission.outcome {
    case .value, .undefined: 0
    case .pending: 1
    case .failed: 2
    }
  }
}
