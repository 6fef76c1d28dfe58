import API
import Crypto
import Identity
import RPC
import ServiceKit
import Storage

/// `assay.identity.v1.Identity`: tenants and users. Keys are in `IdentityHandlers+Keys.swift`.
///
/// Who may call what at all is decided before, by the schema; here it is about which tenant and
/// which user. What a caller may not see is NOT_FOUND.
struct IdentityHandlers: IdentityIdentityService {
  let database: Database
  let authenticator: Authenticator
  let clock: WallClock
  let random: RandomSource

  init(
    database: Database, authenticator: Authenticator, clock: WallClock,
    random: @escaping RandomSource = SecureRandom.bytes
  ) {
    self.database = database
    self.authenticator = authenticator
    self.clock = clock
    self.random = random
  }

  // MARK: Tenants

  func createTenant(_ request: IdentityCreateTenantRequest, context: ServerContext) async throws
    -> IdentityTenant
  {
    let tenant = TenantRecord(
      name: try RequestChecks.tenantName(request.name, field: "name"),
      displayName: try RequestChecks.line(
        request.displayName, field: "display_name",
        maximum: RequestChecks.maximumDisplayNameCharacters),
      country: try RequestChecks.country(request.country),
      vatID: try RequestChecks.line(
        request.vatId, field: "vat_id", maximum: RequestChecks.maximumVATCharacters),
      createTime: clock.now())
    try await database.write { tx in
      guard try Directory.tenant(tenant.name, tx) == nil else {
        throw RPCError.alreadyExists("tenant", tenant.name)
      }
      try Directory.insert(tenant, tx)
    }
    return tenant.wire
  }

  func listTenants(_ request: IdentityListTenantsRequest, context: ServerContext) async throws
    -> IdentityListTenantsResponse
  {
    let size = try RequestChecks.pageSize(request.pageSize)
    let after = request.pageToken.isEmpty ? "" : try PageToken.decode(request.pageToken)
    let tenants = try await database.read {
      try Directory.tenants(after: after, limit: size + 1, $0)
    }
    let page = tenants.prefix(size)
    let isLast = tenants.count <= size
    return IdentityListTenantsResponse(
      tenants: page.map(\.wire),
      nextPageToken: isLast ? "" : PageToken.encode(page.last?.name ?? ""))
  }

  // MARK: Users

  func createUser(_ request: IdentityCreateUserRequest, context: ServerContext) async throws
    -> IdentityUser
  {
    let caller = try context.principal()
    let tenant = try IdentityHandlers.tenant(request.tenant, caller)
    let email = try RequestChecks.email(request.email, field: "email")
    let name = try RequestChecks.line(
      request.displayName, field: "display_name",
      maximum: RequestChecks.maximumDisplayNameCharacters)
    let roles = try IdentityHandlers.roles(request.roles)
    guard !roles.isEmpty else {
      throw RPCError.invalidField("roles", "expected at least one role")
    }
    try IdentityHandlers.requireGrantable(roles, in: tenant, by: caller)
    let (now, random) = (clock.now(), random)
    return try await database.write { tx in
      guard try Directory.tenant(tenant, tx) != nil else {
        throw RPCError.notFound("tenant", tenant)
      }
      guard try Directory.user(tenant: tenant, email: email, tx) == nil else {
        throw RPCError.alreadyExists("user", email)
      }
      return try Directory.insertUser(
        tenant: tenant, email: email, displayName: name, roles: roles, now: now, random: random,
        tx
      ).wire
    }
  }

  func listUsers(_ request: IdentityListUsersRequest, context: ServerContext) async throws
    -> IdentityListUsersResponse
  {
    let tenant = try IdentityHandlers.tenant(request.tenant, context.principal())
    let size = try RequestChecks.pageSize(request.pageSize)
    let after = try PageToken.decodeSequence(request.pageToken)
    let users = try await database.read { db in
      guard try Directory.tenant(tenant, db) != nil else {
        throw RPCError.notFound("tenant", tenant)
      }
      return try Directory.users(tenant: tenant, after: after, limit: size + 1, db)
    }
    let page = users.prefix(size)
    let isLast = users.count <= size
    return IdentityListUsersResponse(
      users: page.map(\.wire),
      nextPageToken: isLast ? "" : PageToken.encode("\(page.last?.sequence ?? 0)"))
  }

  func whoAmI(_ request: IdentityWhoAmIRequest, context: ServerContext) async throws
    -> IdentityWhoAmIResponse
  {
    let caller = try context.principal()
    let tenant = try await database.read { try Directory.tenant(caller.tenant, $0) }
    return IdentityWhoAmIResponse(principal: caller.wire, tenant: tenant?.wire)
  }

  // MARK: Rules

  /// The tenant that a request is about: the caller's own, or any for an operator. Another tenant
  /// does not exist, as far as anybody else is told.
  static func tenant(_ named: String, _ caller: Principal) throws -> String {
    guard !named.isEmpty, named != caller.tenant else { return caller.tenant }
    guard caller.isOperator else { throw RPCError.notFound("tenant", String(named.prefix(64))) }
    return try RequestChecks.tenantName(named, field: "tenant")
  }

  /// The roles of a request; one that nobody can have is refused rather than dropped.
  static func roles(_ wire: [IdentityRole]) throws -> Set<Role> {
    let roles = try wire.map { value in
      guard let role = Role(value), role != .service else {
        throw RPCError.invalidField(
          "roles", "expected roles of users, not \(value.description.prefix(64))")
      }
      return role
    }
    return Set(roles)
  }

  /// Operators are made by operators, and only in their own tenant.
  private static func requireGrantable(_ roles: Set<Role>, in tenant: String, by caller: Principal)
    throws
  {
    guard roles.contains(.operator) else { return }
    guard caller.isOperator, tenant == Bootstrap.tenant else {
      throw RPCError.permissionDenied(
        "the role operator is given by operators, to users of the tenant \(Bootstrap.tenant)")
    }
  }
}
