import CatalogDomain
import Testing

@Suite("Invites and teams")
struct JoiningTests {
  static let now: Int64 = 1_790_000_000_000
  static let day: Int64 = 24 * 60 * 60 * 1_000

  @Test(
    "addresses are read in lower case",
    arguments: [
      ("Ada@Example.eu", "ada@example.eu"), (" a.b+c@x-y.example ", "a.b+c@x-y.example"),
    ])
  func addresses(text: String, expected: String) {
    #expect(MailAddress(text)?.text == expected)
  }

  @Test(
    "what is no address is refused",
    arguments: [
      "", "@", "a@", "@b.eu", "a b@c.eu", "a@b@c.eu", "a..b@c.eu", ".a@b.eu", "a@-b.eu",
      "a@b..eu", "a@b.eu\nBcc: x@y.eu", "-oQ/tmp@b.eu", "ü@b.eu", "a@b.eu, c@d.eu",
    ])
  func noAddress(text: String) {
    #expect(MailAddress(text) == nil)
  }

  @Test("a list of addresses tells each one at fault, and keeps each of the others once")
  func addressList() throws {
    let good = try MailAddress.parse(list: ["a@b.eu", "A@B.eu", "c@d.eu"])
    #expect(good.map(\.text) == ["a@b.eu", "c@d.eu"])
    let error = #expect(throws: CatalogError.self) {
      try MailAddress.parse(list: ["x", "a@b.eu", "y"])
    }
    guard case .invalid(let faults)? = error else {
      Issue.record("expected invalid")
      return
    }
    #expect(faults.map(\.field) == ["emails[0]", "emails[2]"])
  }

  @Test("a participant without a name gets the tenant's")
  func names() throws {
    #expect(try ParticipantName("", tenant: "acme").text == "acme")
    #expect(try ParticipantName(" Team 1.a_b-c ", tenant: "acme").text == "Team 1.a_b-c")
    for name in ["-x", "ä", "a\nb", "a/b", String(repeating: "x", count: 64)] {
      #expect(throws: CatalogError.self) { try ParticipantName(name, tenant: "acme") }
    }
    _ = try ParticipantName(String(repeating: "x", count: 63), tenant: "acme")
  }

  static func invite() throws -> Invite {
    let address = try #require(MailAddress("a@b.eu"))
    return Invite(id: "inv_1", useCaseID: "uc_1", email: address, now: now)
  }

  @Test("an invite is good for thirty days, to the millisecond")
  func expiry() throws {
    let invite = try Self.invite()
    #expect(invite.state(at: Self.now + 30 * Self.day - 1) == .pending)
    #expect(invite.state(at: Self.now + 30 * Self.day) == .expired)
    #expect(throws: CatalogError.self) {
      try invite.checkAcceptable(at: Self.now + 30 * Self.day)
    }
    let renewed = try invite.renewed(now: Self.now + 40 * Self.day)
    #expect(renewed.state(at: Self.now + 69 * Self.day) == .pending)
    #expect(renewed.mailCount == 2)
  }

  @Test("an accepted invite is neither revoked nor sent again; a revoked one is not accepted")
  func answers() throws {
    var invite = try Self.invite()
    let revoked = try invite.revoked()
    #expect(try revoked.revoked() == revoked)
    #expect(throws: CatalogError.self) { try revoked.checkAcceptable(at: Self.now) }
    invite.answer = .accepted(participantID: "par_1")
    #expect(invite.state(at: Self.now + 99 * Self.day) == .accepted)
    try invite.checkAcceptable(at: Self.now + 99 * Self.day)
    #expect(throws: CatalogError.self) { try invite.revoked() }
    #expect(throws: CatalogError.self) { try invite.renewed(now: Self.now) }
  }

  @Test("one invite causes ten mails at most")
  func mailLimit() throws {
    var invite = try Self.invite()
    for _ in 1..<CatalogLimits.maximumMailsPerInvite { invite = try invite.renewed(now: Self.now) }
    #expect(throws: CatalogError.self) { try invite.renewed(now: Self.now) }
  }

  static func facts(
    state: UseCaseState = .published, end: Int64? = now + 1, maximum: Int64 = 2, count: Int64 = 1,
    own: String? = nil, namesake: Participant? = nil
  ) -> Joining.Facts {
    Joining.Facts(
      state: state, endTime: end, maximumTeams: maximum, teamCount: count, ownParticipantID: own,
      namesake: namesake)
  }

  static func team(of tenant: String, members: Int = 1) -> Participant {
    Participant(
      id: "par_1", useCaseID: "uc_1", tenant: tenant, name: "Alpha",
      emails: (0..<members).map { "m\($0)@b.eu" }, joinTime: now)
  }

  static func decide(_ facts: Joining.Facts) throws -> Joining {
    let name = try ParticipantName("alpha", tenant: "acme")
    return try Joining.decide(facts, name: name, tenant: "acme", now: now)
  }

  @Test("a free name makes a new team, the own tenant's joins it, another tenant's is taken")
  func decisions() throws {
    let name = try ParticipantName("alpha", tenant: "acme")
    #expect(try Self.decide(Self.facts()) == .newTeam(name))
    #expect(
      try Self.decide(Self.facts(namesake: Self.team(of: "acme")))
        == .team(participantID: "par_1"))
    let error = #expect(throws: CatalogError.self) {
      try Self.decide(Self.facts(namesake: Self.team(of: "umbrella")))
    }
    guard case .taken? = error else {
      Issue.record("expected taken")
      return
    }
  }

  @Test("a member stays a member, even when nobody can join any more")
  func member() throws {
    let facts = Self.facts(state: .closed, end: Self.now, count: 2, own: "par_7")
    #expect(try Self.decide(facts) == .already(participantID: "par_7"))
  }

  @Test("nobody joins a draft, a closed one, or one that has ended")
  func notOpen() {
    for facts in [
      Self.facts(state: .draft), Self.facts(state: .closed), Self.facts(state: .archived),
      Self.facts(end: Self.now),
    ] {
      #expect(throws: CatalogError.self) { try Self.decide(facts) }
    }
  }

  @Test("the budget's number of teams is the limit, which the error names")
  func full() {
    let error = #expect(throws: CatalogError.self) { try Self.decide(Self.facts(count: 2)) }
    guard case .limit(_, let reached)? = error else {
      Issue.record("expected limit")
      return
    }
    #expect(
      reached
        == LimitReached(
          name: "participants", limit: 2, actual: 3, setting: "budget.participants"))
  }

  @Test("a full use case still takes members into its teams")
  func fullButTeam() throws {
    let facts = Self.facts(count: 2, namesake: Self.team(of: "acme"))
    #expect(try Self.decide(facts) == .team(participantID: "par_1"))
    #expect(throws: CatalogError.self) {
      try Self.decide(Self.facts(namesake: Self.team(of: "acme", members: 100)))
    }
  }
}
