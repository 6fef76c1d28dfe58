import API
import CatalogDomain
import Identity
import RPC
import Storage

// Teams: accepting an invite, joining a public use case, who takes part.

extension Catalog {
  /// Accepts the invite to the caller's own address. Accepting twice is accepting once.
  func acceptInvite(
    _ request: CatalogAcceptInviteRequest, _ scope: TenantScope
  ) async throws -> CatalogParticipant {
    let name = try ParticipantName(request.participantName, tenant: scope.tenant)
    let id = newID("par")
    return try await commit { [self] tx in
      let now = clock.now()
      guard let invite = try tx.invite(request.id, addressedTo: scope),
        let record = try tx.storedUseCase(invite.useCaseID)
      else { throw CatalogError.notFound(kind: "invite", name: request.id) }
      try invite.checkAcceptable(at: now)
      if invite.participantID != nil {
        // The address was the caller's when it accepted; another tenant's user of the same
        // address does not get in by it.
        guard try tx.ownParticipantID(in: record.id, scope) != nil else {
          throw CatalogError.notFound(kind: "invite", name: request.id)
        }
      }
      return try join(tx, record, as: name, newID: id, scope, now, .acceptInvite)
    }
  }

  /// Joins a public use case; an invite to it counts as accepted.
  func joinUseCase(
    _ request: CatalogJoinUseCaseRequest, _ scope: TenantScope
  ) async throws -> CatalogParticipant {
    let name = try ParticipantName(request.participantName, tenant: scope.tenant)
    let id = newID("par")
    return try await commit { [self] tx in
      let now = clock.now()
      let seen = try tx.useCase(request.useCaseId, seenBy: scope, now: now)
      let isMember = try tx.ownParticipantID(in: seen.record.id, scope) != nil
      guard isMember || seen.record.content.privacy == .public else {
        throw CatalogError.notNow("the use case is private: accept your invite to join it")
      }
      return try join(tx, seen.record, as: name, newID: id, scope, now, .join)
    }
  }

  private func join(
    _ tx: Transaction, _ record: UseCaseRecord, as name: ParticipantName, newID: String,
    _ scope: TenantScope, _ now: Int64, _ action: AuditAction
  ) throws -> Outcome<CatalogParticipant> {
    guard !scope.address.isEmpty else { throw CatalogRefusal.noAddress }
    let facts = Joining.Facts(
      state: record.state, endTime: record.content.endTime,
      maximumTeams: record.content.budget?.participants ?? 0,
      teamCount: Int64(record.participantCount),
      ownParticipantID: try tx.ownParticipantID(in: record.id, scope),
      namesake: try tx.participant(named: name, of: record.id))
    let participantID: String
    var isChange = true
    switch try Joining.decide(facts, name: name, tenant: scope.tenant, now: now) {
    case .already(let id):
      participantID = id
      isChange = false
    case .team(let id):
      participantID = id
      try tx.insertMember(scope, of: id, record.id, now: now)
    case .newTeam(let name):
      participantID = newID
      let team = Participant(
        id: newID, useCaseID: record.id, tenant: scope.tenant, name: name.text,
        emails: [scope.address], joinTime: now)
      try tx.insert(team, key: name.key, member: scope)
    }
    try markAccepted(tx, record.id, scope, participantID)
    guard let participant = try tx.participant(participantID) else {
      throw CatalogError.notFound(kind: "participant", name: participantID)
    }
    guard isChange else { return Outcome(value: participant.wire) }
    try tx.audit(
      action, of: record, by: scope, detail: "as \(participant.name) of \(scope.tenant)", now: now)
    var changed = record
    return Outcome(value: participant.wire, messages: try appendSnapshot(tx, of: &changed))
  }

  /// However somebody joined, the open invite to the same address is answered by it.
  private func markAccepted(
    _ tx: Transaction, _ useCaseID: String, _ scope: TenantScope, _ participantID: String
  ) throws {
    guard var invite = try tx.invite(of: scope.address, to: useCaseID), invite.answer == .none
    else { return }
    invite.answer = .accepted(participantID: participantID)
    try tx.store(invite)
    try tx.withdrawMails(of: invite.id, now: clock.now())
  }

  /// The teams of a use case: the owning tenant sees all of them in full, a member the own team,
  /// everybody else the names.
  func listParticipants(
    _ request: CatalogListParticipantsRequest, _ scope: TenantScope
  ) async throws -> CatalogListParticipantsResponse {
    let binding = PageTokens.Binding(
      list: "participants", tenant: scope.tenant, user: scope.user,
      filters: [request.useCaseId])
    let count = try PageSize.checked(request.pageSize)
    let position = try pageTokens.position(of: request.pageToken, binding)
    let now = clock.now()
    let (seen, found) = try await database.read { db in
      let seen = try db.useCase(request.useCaseId, seenBy: scope, now: now)
      return (seen, try db.participants(of: seen.record.id, after: position, count: count))
    }
    var response = CatalogListParticipantsResponse()
    response.participants = found.prefix(count).map { participant in
      let isOwn = seen.standing == .participant(id: participant.id)
      return seen.standing.seesPrivateFields || isOwn ? participant.wire : participant.publicWire
    }
    if found.count > count {
      let last = found[count - 1]
      response.nextPageToken = pageTokens.token(
        for: PagePosition(order: last.joinTime, id: last.id), binding)
    }
    return response
  }
}
