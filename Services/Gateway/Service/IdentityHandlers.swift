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
    let domains = try RequestChecks.domains(request.emailDomains)
    return try await database.write { tx in
      guard try Directory.tenant(tenant.name, tx) == nil else {
        throw RPCError.alreadyExists("tenant", tenant.name)
      }
      try Directory.insert(tenant, tx)
      try Directory.setDomains(domains, of: tenant.name, tx)
      return tenant.wire(domains.sorted())
    }
  }

  func setEmailDomains(_ request: IdentitySetEmailDomainsRequest, context: ServerContext)
    async throws -> IdentityTenant
  {
    let name = try RequestChecks.tenantName(request.tenant, field: "tenant")
    let domains = try RequestChecks.domains(request.emailDomains)
    return try await database.write { tx in
      guard let tenant = try Directory.tenant(name, tx) else {
        throw RPCError.notFound("tenant", name)
      }
      try Directory.setDomains(domains, of: name, tx)
      return tenant.wire(domains.sorted())
    }
  }

  func listTenants(_ request: IdentityListTenantsRequest, context: ServerContext) async throws
    -> IdentityListTenantsResponse
  {
    let size = try RequestChecks.pageSize(request.pageSize)
    let after = request.pageToken.isEmpty ? "" : try PageToken.decode(request.pageToken)
    return try await database.read { db in
      let tenants = try Directory.tenants(after: after, limit: size + 1, db)
      let page = tenants.prefix(size)
      return IdentityListTenantsResponse(
        tenants: try page.map { $0.wire(try Directory.domains(of: $0.name, db)) },
        nextPageToken: tenants.count <= size ? "" : PageToken.encode(page.last?.name ?? ""))
    }
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
      try IdentityHandlers.requireVouched(email, tenant, by: caller, tx)
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
    return try await database.read { db in
      let tenant = try Directory.tenant(caller.tenant, db)
      let domains = try Directory.domains(of: caller.tenant, db)
      return IdentityWhoAmIResponse(principal: caller.wire, tenant: tenant?.wire(domains))
    }
  }

  // MARK: Rules

  /// The tenant that a request is about: the caller's own, or any for an operator. Another tenant
  /// does not exist, as far as anybody else is told.
  static func tenant(_ named: String, _ caller: Principal) throws -> String {
    guard !named.isEmpty, named != caller.tenant else { return caller.tenant }
    guard caller.isOperator else { throw RPCError.notFound("tenant", String(named.prefix(64))) }
    return try RequestChecks.tenantName(named, field: "tenant")
  }

  /// Invites go by address: who could create a user with any address could take anybody's invite.
  private static func requireVouched(
    _ email: String, _ tenant: String, by caller: Principal, _ db: Reader
  ) throws {
    guard !caller.isOperator else { return }
    let domain = Email.domain(of: email)
    guard try Directory.domains(of: tenant, db).contains(domain) else {
      throw RPCError.permissionDenied(
        "owners create users of their tenant's mail domains, and \(domain) is none of \(tenant)'s: "
          + "ask an operator for the domain or the user")
    }
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
