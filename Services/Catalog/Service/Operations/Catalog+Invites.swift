import API
import CatalogDomain
import Identity
import RPC
import Storage

// Invites: made, listed, sent again, taken back.

extension Catalog {
  /// Invites addresses. One that is invited already is left as it is; a revoked one is invited
  /// anew.
  func createInvites(
    _ request: CatalogCreateInvitesRequest, _ scope: TenantScope
  ) async throws -> CatalogCreateInvitesResponse {
    let addresses = try MailAddress.parse(list: request.emails)
    guard !addresses.isEmpty else { throw CatalogError.invalid("emails", "is empty") }
    let ids = addresses.map { _ in newID("inv") }
    return try await commit { [self] tx in
      let now = clock.now()
      let record = try tx.managedUseCase(request.useCaseId, by: scope, now: now)
      guard record.state == .draft || record.state.takesParticipants else {
        throw CatalogError.notNow("a \(record.state.rawValue) use case takes no invites")
      }
      try Self.checkRoom(tx, for: addresses, in: record)
      var invites: [Invite] = []
      var mailed: [String] = []
      for (address, id) in zip(addresses, ids) {
        let (invite, isNew) = try Self.invite(tx, address, id, record, now)
        invites.append(invite)
        guard isNew else { continue }
        mailed.append(address.text)
        try queueMail(tx, for: invite, of: record, now: now)
      }
      if !mailed.isEmpty {
        try tx.audit(
          .invite, of: record, by: scope, detail: mailed.joined(separator: ", "), now: now)
      }
      return Outcome(
        value: CatalogCreateInvitesResponse(
          invites: invites.map { $0.wire(title: record.content.title, now: now) }))
    }
  }

  private static func checkRoom(
    _ db: Reader, for addresses: [MailAddress], in record: UseCaseRecord
  ) throws {
    var new = 0
    for address in addresses where try db.invite(of: address.text, to: record.id) == nil {
      new += 1
    }
    let count = try db.inviteCount(of: record.id) + new
    guard count <= CatalogLimits.maximumInvites else {
      throw CatalogError.limit(
        "a use case may invite at most \(CatalogLimits.maximumInvites) addresses",
        LimitReached(
          name: "invites per use case", limit: Int64(CatalogLimits.maximumInvites),
          actual: Int64(count)))
    }
  }

  /// The invite of an address, and whether it must be mailed now.
  private static func invite(
    _ tx: Transaction, _ address: MailAddress, _ id: String, _ record: UseCaseRecord, _ now: Int64
  ) throws -> (Invite, isNew: Bool) {
    guard let present = try tx.invite(of: address.text, to: record.id) else {
      let invite = Invite(id: id, useCaseID: record.id, email: address, now: now)
      try tx.store(invite)
      return (invite, true)
    }
    guard present.answer == .revoked else { return (present, false) }
    let invite = try present.renewed(now: now)
    try tx.store(invite)
    return (invite, true)
  }

  /// Stores the mail of an invite in the transaction of its cause.
  private func queueMail(
    _ tx: Transaction, for invite: Invite, of record: UseCaseRecord, now: Int64
  ) throws {
    let mail = InviteMail(
      inviteID: invite.id, recipient: invite.email, useCaseTitle: record.content.title,
      organisation: record.tenant, expireTime: invite.expireTime)
    try tx.queue(mail, now: now)
    tx.afterCommit { [mailPump] in mailPump.kick() }
  }

  func listInvites(
    _ request: CatalogListInvitesRequest, _ scope: TenantScope
  ) async throws -> CatalogListInvitesResponse {
    let binding = PageTokens.Binding(
      list: "invites", tenant: scope.tenant, user: scope.user, filters: [request.useCaseId])
    let count = try PageSize.checked(request.pageSize)
    let position = try pageTokens.position(of: request.pageToken, binding)
    let now = clock.now()
    let found = try await database.read { db -> [TitledInvite] in
      let useCaseID = request.useCaseId.isEmpty ? nil : request.useCaseId
      if let useCaseID,
        try db.useCase(useCaseID, seenBy: scope, now: now).standing.seesPrivateFields
      {
        return try db.invites(of: useCaseID, after: position, count: count)
      }
      return try db.invites(
        addressedTo: scope, useCaseID: useCaseID, after: position, count: count)
    }
    var response = CatalogListInvitesResponse()
    response.invites = found.prefix(count).map { $0.invite.wire(title: $0.title, now: now) }
    if found.count > count {
      response.nextPageToken = pageTokens.token(
        for: Self.position(of: found[count - 1].invite, request), binding)
    }
    return response
  }

  /// A use case's own list is ordered by address within one time, the caller's by invite. The
  /// token is bound to the list, and the position holds both orders' last part.
  private static func position(
    of invite: Invite, _ request: CatalogListInvitesRequest
  ) -> PagePosition {
    PagePosition(
      order: invite.createTime, id: request.useCaseId.isEmpty ? invite.id : invite.email)
  }

  /// Renews an open or expired invite and mails it once more, unless a mail still waits.
  func resendInvite(
    _ request: CatalogResendInviteRequest, _ scope: TenantScope
  ) async throws -> CatalogInvite {
    try await commit { [self] tx in
      let now = clock.now()
      let (present, record) = try Self.managedInvite(tx, request.id, scope)
      guard record.state == .draft || record.state.takesParticipants else {
        throw CatalogError.notNow("a \(record.state.rawValue) use case takes no invites")
      }
      guard present.answer != .revoked else {
        throw CatalogError.notNow("the invite was revoked; invite \(present.email) anew")
      }
      var invite = try present.renewed(now: now)
      if try tx.hasWaitingMail(of: invite.id) {
        invite.mailCount = present.mailCount
      } else {
        try queueMail(tx, for: invite, of: record, now: now)
      }
      try tx.store(invite)
      try tx.audit(.resendInvite, of: record, by: scope, detail: invite.email, now: now)
      return Outcome(value: invite.wire(title: record.content.title, now: now))
    }
  }

  func revokeInvite(
    _ request: CatalogRevokeInviteRequest, _ scope: TenantScope
  ) async throws -> CatalogInvite {
    try await commit { [self] tx in
      let now = clock.now()
      let (present, record) = try Self.managedInvite(tx, request.id, scope)
      let invite = try present.revoked()
      if present.answer != .revoked {
        try tx.store(invite)
        try tx.withdrawMails(of: invite.id, now: now)
        try tx.audit(.revokeInvite, of: record, by: scope, detail: invite.email, now: now)
      }
      return Outcome(value: invite.wire(title: record.content.title, now: now))
    }
  }

  /// An invite to a use case of the caller's; everybody else's does not exist.
  private static func managedInvite(
    _ db: Reader, _ id: String, _ scope: TenantScope
  ) throws -> (Invite, UseCaseRecord) {
    guard let invite = try db.invite(id) else {
      throw CatalogError.notFound(kind: "invite", name: id)
    }
    guard let record = try db.ownUseCase(invite.useCaseID, managedBy: scope) else {
      throw CatalogError.notFound(kind: "invite", name: id)
    }
    return (invite, record)
  }
}
