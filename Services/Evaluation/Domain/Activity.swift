/// How a submission stands, as counts of activity need it.
public enum ActivityOutcome: Hashable, Sendable {
  case pending, scored, failed
}

/// What happened on one UTC day.
public struct DailyActivity: Hashable, Sendable {
  public var day: UTCDay
  public var submissions = 0
  public var scored = 0
  public var failed = 0
  public var activeUsers = 0
}

/// What one user of a participant did.
public struct UserActivityCount: Hashable, Sendable {
  public var participantName: String
  public var email: String
  public var submissions = 0
  /// Unix milliseconds.
  public var lastSubmitTime: Int64
}

/// Daily submissions and users of a use case, added up from its submissions in any order.
public struct Activity: Sendable {
  private struct UserKey: Hashable {
    let participant: String
    let email: String
  }

  private var daily: [UTCDay: DailyActivity] = [:]
  private var usersOfDay: [UTCDay: Set<UserKey>] = [:]
  private var perUser: [UserKey: UserActivityCount] = [:]

  public init() {}

  /// Counts one submission, on the day that it came in.
  public mutating func add(
    submitTime: Int64, participant: String, participantName: String, email: String,
    outcome: ActivityOutcome
  ) {
    let day = UTCDay(containing: submitTime)
    let user = UserKey(participant: participant, email: email)
    usersOfDay[day, default: []].insert(user)
    var count = daily[day] ?? DailyActivity(day: day)
    count.submissions += 1
    switch outcome {
    case .pending: break
    case .scored: count.scored += 1
    case .failed: count.failed += 1
    }
    daily[day] = count

    var usage =
      perUser[user]
      ?? UserActivityCount(
        participantName: participantName, email: email, lastSubmitTime: submitTime)
    usage.submissions += 1
    usage.lastSubmitTime = max(usage.lastSubmitTime, submitTime)
    perUser[user] = usage
  }

  /// Days on which something was submitted, oldest first.
  public var days: [DailyActivity] {
    daily.values.sorted { $0.day < $1.day }.map { day in
      var day = day
      day.activeUsers = usersOfDay[day.day]?.count ?? 0
      return day
    }
  }

  /// Users who submitted, the most active first, then by name.
  public var users: [UserActivityCount] {
    perUser.values.sorted { left, right in
      (right.submissions, left.participantName, left.email)
        < (left.submissions, right.participantName, right.email)
    }
  }
}
