import API
import RPC

/// `assay invite …`, `join` and `participant …`: who takes part.
enum InviteCommands {
  static let all = [create, list, accept, revoke, resend, join, listParticipants]

  static let create = Command(
    "invite create", "Invite people by e-mail; an address that is invited already stays as it is",
    arguments: [
      UseCaseCommands.useCaseArgument, Argument("EMAIL", "addresses to invite", repeats: true),
    ],
    examples: ["assay invite create uc_abcdefghijklmnop ben@aurora.example eva@borealis.example"]
  ) { call in
    let id = try await call.session.useCaseID(call.arguments.argument("USE_CASE"))
    let answer = try await call.session.invites.createInvites(
      CatalogCreateInvitesRequest(useCaseId: id, emails: call.arguments.argumentList("EMAIL")),
      options: call.session.callOptions)
    return Answer(answer, table(answer.invites), none: "no invites")
  }

  static let list = Command(
    "invite list", "List a use case's invites, or, without one, those to yourself",
    arguments: [
      Argument("USE_CASE", "id or exact title; your own invites unless told", required: false)
    ],
    examples: ["assay invite list", "assay invite list uc_abcdefghijklmnop"]
  ) { call in
    var id = ""
    if let name = call.arguments.optionalArgument("USE_CASE") {
      id = try await call.session.useCaseID(name)
    }
    let invites = try await invites(of: id, call)
    return Answer(CatalogListInvitesResponse(invites: invites), table(invites), none: "no invites")
  }

  static let accept = Command(
    "invite accept", "Accept an invite and take part",
    arguments: [Argument("INVITE", "id of the invite", required: false)],
    options: [
      Option("use-case", "USE_CASE", "id or exact title, in place of the invite's id"),
      Option("name", "TEXT", "name on the leaderboard; your tenant's unless told"),
    ],
    examples: [
      "assay invite accept inv_abcdefghijklmnop",
      "assay invite accept --use-case \"Tumour type\" --name aurora-labs",
    ]
  ) { call in
    let id = try await inviteID(call)
    let participant = try await call.session.invites.acceptInvite(
      CatalogAcceptInviteRequest(id: id, participantName: call.arguments.text("name")),
      options: call.session.callOptions)
    return Answer(participant, text: joined(participant))
  }

  static let revoke = Command(
    "invite revoke", "Take an invite back", arguments: [Argument("INVITE", "id of the invite")],
    examples: ["assay invite revoke inv_abcdefghijklmnop"]
  ) { call in
    let invite = try await call.session.invites.revokeInvite(
      CatalogRevokeInviteRequest(id: call.arguments.argument("INVITE")),
      options: call.session.callOptions)
    return Answer(invite, table([invite]), none: "")
  }

  static let resend = Command(
    "invite resend", "Send an invite once more",
    arguments: [Argument("INVITE", "id of the invite")],
    examples: ["assay invite resend inv_abcdefghijklmnop"]
  ) { call in
    let invite = try await call.session.invites.resendInvite(
      CatalogResendInviteRequest(id: call.arguments.argument("INVITE")),
      options: call.session.callOptions)
    return Answer(invite, table([invite]), none: "")
  }

  static let join = Command(
    "join", "Join a public use case, which needs no invite",
    arguments: [UseCaseCommands.useCaseArgument],
    options: [Option("name", "TEXT", "name on the leaderboard; your tenant's unless told")],
    examples: ["assay join uc_abcdefghijklmnop"]
  ) { call in
    let id = try await call.session.useCaseID(call.arguments.argument("USE_CASE"))
    let participant = try await call.session.invites.joinUseCase(
      CatalogJoinUseCaseRequest(useCaseId: id, participantName: call.arguments.text("name")),
      options: call.session.callOptions)
    return Answer(participant, text: joined(participant))
  }

  static let listParticipants = Command(
    "participant list", "List who takes part in a use case",
    arguments: [UseCaseCommands.useCaseArgument],
    examples: ["assay participant list uc_abcdefghijklmnop"]
  ) { call in
    let id = try await call.session.useCaseID(call.arguments.argument("USE_CASE"))
    let participants = try await Pages.all { token in
      let page = try await call.session.invites.listParticipants(
        CatalogListParticipantsRequest(useCaseId: id, pageSize: Pages.size, pageToken: token),
        options: call.session.callOptions)
      return (page.participants, page.nextPageToken)
    }
    let table = Table(["id", "name", "tenant", "e-mails", "joined"], participants) {
      [$0.id, $0.name, $0.tenant, $0.emails.joined(separator: ", "), UTCTime.text($0.joinTime)]
    }
    return Answer(
      CatalogListParticipantsResponse(participants: participants), table, none: "no participants")
  }

  private static func invites(of useCase: String, _ call: Invocation) async throws
    -> [CatalogInvite]
  {
    try await Pages.all { token in
      let page = try await call.session.invites.listInvites(
        CatalogListInvitesRequest(useCaseId: useCase, pageSize: Pages.size, pageToken: token),
        options: call.session.callOptions)
      return (page.invites, page.nextPageToken)
    }
  }

  /// The invite's id as given, or that of the caller's own invite to the use case.
  ///
  /// A private use case cannot be seen before its invite is accepted, so the title is looked for
  /// among the invites.
  private static func inviteID(_ call: Invocation) async throws -> String {
    switch (call.arguments.optionalArgument("INVITE"), call.arguments["use-case"]) {
    case (let id?, nil):
      return id
    case (nil, let name?):
      let mine = try await invites(of: "", call).filter {
        $0.useCaseId == name || $0.useCaseTitle == name
      }
      guard let invite = mine.first(where: { $0.state == .pending }) ?? mine.first else {
        throw RPCError.notFound("invite to", name)
      }
      guard Set(mine.map(\.useCaseId)).count == 1 else {
        throw CommandFailure(
          "several use cases that you are invited to have this title; name the invite's id",
          faults: mine.map { "\($0.id) to \($0.useCaseId)" })
      }
      return invite.id
    default:
      throw UsageError("either an INVITE or --use-case USE_CASE", command: "invite accept")
    }
  }

  private static func joined(_ participant: CatalogParticipant) -> String {
    "joined \(participant.useCaseId) as \(participant.name) (\(participant.id))"
  }

  private static func table(_ invites: [CatalogInvite]) -> Table {
    Table(["id", "use case", "title", "e-mail", "state", "sent", "expires"], invites) {
      [
        $0.id, $0.useCaseId, $0.useCaseTitle, $0.email, EnumName.text($0.state),
        UTCTime.text($0.sendTime), UTCTime.text($0.expireTime),
      ]
    }
  }
}
