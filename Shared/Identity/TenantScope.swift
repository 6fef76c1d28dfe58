/// What a query may be scoped by. Only a principal makes one, and outside tests only verification
/// makes principals, so that SQL which takes a scope cannot be reached without a caller.
public struct TenantScope: Sendable, Hashable {
  private let principal: Principal

  public var tenant: String { principal.tenant }
  public var user: String { principal.user }
  public var email: String { principal.email }
  public var roles: Set<Role> { principal.roles }

  public init(_ principal: Principal) {
    self.principal = principal
  }

  public func has(_ wanted: Role...) -> Bool {
    !roles.isDisjoint(with: wanted)
  }

  public static func == (a: TenantScope, b: TenantScope) -> Bool {
    a.tenant == b.tenant && a.user == b.user && a.email == b.email && a.roles == b.roles
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(tenant)
    hasher.combine(user)
  }
}
