import API
import GatewayDomain
import Identity
import RPC
import ServiceKit
import Storage

extension IdentityHandlers {
  func createKey(_ request: IdentityCreateKeyRequest, context: ServerContext) async throws
    -> IdentityCreateKeyResponse
  {
    try IdentityHandlers.requireKey(context)
    let caller = try context.principal()
    let tenant = try IdentityHandlers.tenant(request.tenant, caller)
    let email =
      request.email.isEmpty
      ? caller.email : try RequestChecks.email(request.email, field: "email")
    let wanted = try IdentityHandlers.roles(request.roles)
    let note = try RequestChecks.line(
      request.note, field: "note", maximum: RequestChecks.maximumNoteCharacters)
    let seconds = try RequestChecks.lifetime(
      request.lifetimeSeconds, default: RequestChecks.defaultKeyLifetimeSeconds,
      maximum: RequestChecks.maximumKeyLifetimeSeconds)
    let key = APIKey.make(tenant: tenant, random: random)
    let now = clock.now()
    let record = try await database.write { tx in
      let user = try IdentityHandlers.user(tenant: tenant, email: email, caller, tx)
      let roles = try IdentityHandlers.keyRoles(wanted, user, caller)
      return try Directory.insert(
        key, user: user, roles: roles, note: note, now: now, expireTime: now + seconds * 1_000, tx)
    }
    return IdentityCreateKeyResponse(key: record.wire, secret: key.text)
  }

  func listKeys(_ request: IdentityListKeysRequest, context: ServerContext) async throws
    -> IdentityListKeysResponse
  {
    let caller = try context.principal()
    let tenant = try IdentityHandlers.tenant(request.tenant, caller)
    let size = try RequestChecks.pageSize(request.pageSize)
    let after = try PageToken.decodeSequence(request.pageToken)
    let user = caller.has(.operator, .owner) ? nil : caller.user
    let keys = try await database.read { db in
      guard try Directory.tenant(tenant, db) != nil else {
        throw RPCError.notFound("tenant", tenant)
      }
      return try Directory.keys(tenant: tenant, user: user, after: after, limit: size + 1, db)
    }
    let page = keys.prefix(size)
    let isLast = keys.count <= size
    return IdentityListKeysResponse(
      keys: page.map(\.wire),
      nextPageToken: isLast ? "" : PageToken.encode("\(page.last?.sequence ?? 0)"))
  }

  func revokeKey(_ request: IdentityRevokeKeyRequest, context: ServerContext) async throws
    -> IdentityKey
  {
    let caller = try context.principal()
    let (id, now) = (String(request.id.prefix(64)), clock.now())
    let record = try await database.write { [authenticator] tx in
      let key =
        caller.isOperator
        ? try Directory.key(id: id, tx) : try Directory.key(tenant: caller.tenant, id: id, tx)
      guard let key, caller.has(.operator, .owner) || key.userID == caller.user else {
        throw RPCError.notFound("key", id)
      }
      try Directory.revoke(id: id, now: now, tx)
      // Also when it was revoked already: forgetting twice costs nothing.
      tx.afterCommit { authenticator.forget(keyID: id) }
      return try Directory.key(id: id, tx) ?? key
    }
    return record.wire
  }

  func issueToken(_ request: IdentityIssueTokenRequest, context: ServerContext) async throws
    -> IdentityIssueTokenResponse
  {
    try IdentityHandlers.requireKey(context)
    let caller = try context.principal()
    let seconds = try RequestChecks.lifetime(
      request.lifetimeSeconds, default: TokenClaims.defaultLifetimeSeconds,
      maximum: TokenClaims.maximumLifetimeSeconds)
    let key = try await database.read { try Directory.key(id: caller.keyID, $0) }
    guard let key else { throw RPCError.notFound("key", caller.keyID) }
    let issued = authenticator.issueToken(
      for: caller, lifetimeSeconds: seconds, keyExpireTime: key.expireTime)
    return IdentityIssueTokenResponse(
      token: issued.token,
      expireTime: Google_Protobuf_Timestamp(unixMilliseconds: issued.expireTime))
  }

  // MARK: Rules

  /// A token must not make credentials that outlive it, or a leaked one were good for ever.
  private static func requireKey(_ context: ServerContext) throws {
    guard !TokenClaims.looksLikeToken(context.credential) else {
      throw RPCError.permissionDenied("keys and tokens are made with a key, not with a token")
    }
  }

  /// The user that a key is made for: the caller, or another one for owners and operators.
  private static func user(
    tenant: String, email: String, _ caller: Principal, _ db: Reader
  ) throws -> UserRecord {
    let isOwn = tenant == caller.tenant && email == caller.email
    guard isOwn || caller.has(.operator, .owner),
      let user = try Directory.user(tenant: tenant, email: email, db)
    else { throw RPCError.notFound("user", email) }
    return user
  }

  /// A key has at most its user's roles; and nobody gets by a new key what the present one lacks,
  /// except that owners give what their tenant's users have, and operators everything.
  private static func keyRoles(_ wanted: Set<Role>, _ user: UserRecord, _ caller: Principal)
    throws -> Set<Role>
  {
    var limit = user.roles
    if !caller.isOperator { limit.remove(.operator) }
    if !caller.has(.operator, .owner) { limit.formIntersection(caller.roles) }
    let excess = wanted.subtracting(limit)
    guard excess.isEmpty else {
      throw RPCError.permissionDenied(
        "a key of \(user.email) may have the roles \(limit.names), not \(excess.names)")
    }
    let roles = wanted.isEmpty ? limit : wanted
    guard !roles.isEmpty else {
      throw RPCError.permissionDenied("\(user.email) has no role that you could give a key")
    }
    return roles
  }
}
