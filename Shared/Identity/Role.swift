import API

/// What a principal may do; the values of `assay.identity.v1.Role`.
public enum Role: Int32, Sendable, Hashable, CaseIterable {
  case `operator` = 1
  case owner = 2
  case organiser = 3
  case participant = 4
  case billing = 5
  case viewer = 6
  case service = 7

  /// "owner", as the command line writes it.
  public var name: String { "\(self)" }

  public init?(name: String) {
    guard let role = Role.allCases.first(where: { $0.name == name }) else { return nil }
    self = role
  }

  public init?(_ wire: IdentityRole) {
    self.init(rawValue: wire.rawValue)
  }

  public var wire: IdentityRole { IdentityRole(rawValue: rawValue) }
}

/// Whose data a method can reach; the values of `assay.options.v1.TenantScope`.
public enum AccessScope: Int32, Sendable {
  case anyone = 1
  case caller = 2
  case `operator` = 3
  case service = 4
}
