/// What somebody is to a use case; it decides how much of it they see.
public enum Standing: Hashable, Sendable {
  /// Owner or organiser of the owning tenant.
  case manager
  /// Billing or viewer of the owning tenant: sees what managers see.
  case staff
  /// A member of a team.
  case participant(id: String)
  /// Anyone else who may see it: invited, or it is public.
  case visitor

  /// Whether budgets, invites and other people's addresses are shown.
  public var seesPrivateFields: Bool { self == .manager || self == .staff }
}
