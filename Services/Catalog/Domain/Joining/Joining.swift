/// A team that joined a use case: one or more users of one tenant.
public struct Participant: Hashable, Sendable {
  public var id: String
  public var useCaseID: String
  public var tenant: String
  public var name: String
  /// Lower-case addresses of the members, in the order in which they joined.
  public var emails: [String]
  /// Unix milliseconds.
  public var joinTime: Int64

  public init(
    id: String, useCaseID: String, tenant: String, name: String, emails: [String],
    joinTime: Int64
  ) {
    self.id = id
    self.useCaseID = useCaseID
    self.tenant = tenant
    self.name = name
    self.emails = emails
    self.joinTime = joinTime
  }
}

/// What joining comes to, decided from facts that one transaction read.
public enum Joining: Hashable, Sendable {
  /// The user is a member already: nothing happens.
  case already(participantID: String)
  /// The user joins a team of the own tenant.
  case team(participantID: String)
  /// A new team.
  case newTeam(ParticipantName)

  /// What is known of a use case when somebody wants to join it.
  public struct Facts: Sendable {
    public var state: UseCaseState
    public var endTime: Int64?
    /// Teams that the budget is for.
    public var maximumTeams: Int64
    public var teamCount: Int64
    /// The user's own team, if there is one.
    public var ownParticipantID: String?
    /// The team that has the wanted name.
    public var namesake: Participant?

    public init(
      state: UseCaseState, endTime: Int64?, maximumTeams: Int64, teamCount: Int64,
      ownParticipantID: String?, namesake: Participant?
    ) {
      self.state = state
      self.endTime = endTime
      self.maximumTeams = maximumTeams
      self.teamCount = teamCount
      self.ownParticipantID = ownParticipantID
      self.namesake = namesake
    }
  }

  /// Decides what a user of `tenant` gets who wants to join as `name`.
  public static func decide(
    _ facts: Facts, name: ParticipantName, tenant: String, now: Int64
  ) throws(CatalogError) -> Joining {
    if let own = facts.ownParticipantID { return .already(participantID: own) }
    try checkOpen(facts, now)
    if let namesake = facts.namesake {
      return try joinTeam(namesake, name, tenant)
    }
    guard facts.teamCount < facts.maximumTeams else {
      throw .limit(
        "the use case is full: its budget is for \(facts.maximumTeams) participants",
        LimitReached(
          name: "participants", limit: facts.maximumTeams, actual: facts.teamCount + 1,
          setting: "budget.participants"))
    }
    return .newTeam(name)
  }

  private static func checkOpen(_ facts: Facts, _ now: Int64) throws(CatalogError) {
    guard facts.state.takesParticipants else {
      throw .notNow(
        facts.state == .draft
          ? "the use case is not published yet; try again when it is"
          : "the use case is \(facts.state.rawValue): nobody can join any more")
    }
    if let end = facts.endTime, now >= end {
      throw .notNow("the use case ended on \(UTCTime(end)): nobody can join any more")
    }
  }

  private static func joinTeam(
    _ team: Participant, _ name: ParticipantName, _ tenant: String
  ) throws(CatalogError) -> Joining {
    guard team.tenant == tenant else {
      throw .taken(
        kind: "participant", name: name.text,
        "the name \"\(name)\" is taken; choose another participant name")
    }
    guard team.emails.count < CatalogLimits.maximumTeamMembers else {
      throw .limit(
        "the team \"\(team.name)\" is full",
        LimitReached(
          name: "members per team", limit: Int64(CatalogLimits.maximumTeamMembers),
          actual: Int64(team.emails.count) + 1))
    }
    return .team(participantID: team.id)
  }
}
