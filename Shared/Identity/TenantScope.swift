/// What a query may be scoped by. Only a principal makes one, and outside tests only verification
/// makes principals, so that SQL which takes a scope cannot be reached without a caller.
public struct TenantScope: Sendable, Hashable {
  public let tenant: String
  public let user: String
  public let email: String
  public let roles: Set<Role>

  public init(_ principal: Principal) {
    tenant = principal.tenant
    user = principal.user
    email = principal.email
    roles = principal.roles
  }

  public func has(_ wanted: Role...) -> Bool {
    !roles.isDisjoint(with: wanted)
  }
}
