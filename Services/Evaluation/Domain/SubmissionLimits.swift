/// How often a participant may submit to a use case.
public struct SubmissionLimits: Hashable, Sendable {
  /// Per UTC day, where the organiser says nothing.
  public static let defaultPerDay = 5
  /// Waiting or being scored at once, where the organiser says nothing.
  public static let defaultConcurrent = 2

  /// Submissions per participant and UTC day.
  public var perDay: Int
  /// Submissions per participant over the whole time; nil means no limit.
  public var total: Int?
  /// Submissions per participant that wait or are being scored at once.
  public var concurrent: Int

  /// Limits as the organiser sets them: 0 or less asks for the default, for `total` for no limit.
  public init(perDay: Int = 0, total: Int = 0, concurrent: Int = 0) {
    self.perDay = perDay > 0 ? perDay : Self.defaultPerDay
    self.total = total > 0 ? total : nil
    self.concurrent = concurrent > 0 ? concurrent : Self.defaultConcurrent
  }
}

/// What a participant has used of its limits. Submissions whose slot was given back do not count.
public struct SubmissionUsage: Hashable, Sendable {
  public var today: Int
  public var total: Int
  public var active: Int

  public init(today: Int, total: Int, active: Int) {
    self.today = today
    self.total = total
    self.active = active
  }
}

/// What a participant has left of its limits.
public struct SubmissionAllowance: Hashable, Sendable {
  public var leftToday: Int
  /// Nil means no limit.
  public var leftTotal: Int?
  /// When `leftToday` is full again: the start of the next UTC day, in unix milliseconds.
  public var resetTime: Int64
}

/// Why a participant may not submit now.
public enum SubmissionRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  case perDay(limit: Int, used: Int, resetTime: Int64)
  case total(limit: Int, used: Int)
  case concurrent(limit: Int, active: Int)

  public var description: String {
    switch self {
    case .perDay(let limit, let used, let resetTime):
      "all \(limit) submissions of this UTC day are used (\(used) taken); "
        + "the next day begins at \(UTCDay(containing: resetTime))T00:00:00Z"
    case .total(let limit, let used):
      "all \(limit) submissions that this use case allows are used (\(used) taken)"
    case .concurrent(let limit, let active):
      "\(active) submissions of yours wait or are being scored and \(limit) may at once; "
        + "try again when one is scored"
    }
  }
}

extension SubmissionLimits {
  /// What is left, given what is used, at `now` (unix milliseconds).
  public func allowance(used: SubmissionUsage, now: Int64) -> SubmissionAllowance {
    SubmissionAllowance(
      leftToday: max(0, perDay - used.today),
      leftTotal: total.map { max(0, $0 - used.total) },
      resetTime: UTCDay(containing: now).end)
  }

  /// Takes one slot: the usage with it, or why there is none.
  ///
  /// The limit that helps the participant most to know is named first: the one that never resets,
  /// then the day's, then the one that frees itself within minutes.
  public func takingSlot(of used: SubmissionUsage, now: Int64) throws(SubmissionRefusal)
    -> SubmissionUsage
  {
    if let total, used.total >= total { throw .total(limit: total, used: used.total) }
    if used.today >= perDay {
      throw .perDay(limit: perDay, used: used.today, resetTime: UTCDay(containing: now).end)
    }
    if used.active >= concurrent { throw .concurrent(limit: concurrent, active: used.active) }
    return SubmissionUsage(
      today: used.today + 1, total: used.total + 1, active: used.active + 1)
  }
}
