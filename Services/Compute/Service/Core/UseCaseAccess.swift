import ComputeDomain
import Identity
import RPC
import Storage

/// What a caller may see and do of one use case.
///
/// - Owner, organiser, billing and viewer of the owning tenant see all of it.
/// - Owner and organiser of the owning tenant may stop runs.
/// - Members of a participant see and run what is their own, and so does their tenant's owner.
/// - For everybody else it does not exist.
struct UseCaseAccess {
  let oversees: Bool
  let mayManage: Bool
  /// The participants for which the caller acts; the one that has the caller's address first.
  let own: [Participant]

  /// - Throws: NOT_FOUND if the caller may not know of the use case.
  static func of(_ scope: TenantScope, useCase: String, _ db: Reader) throws -> UseCaseAccess {
    guard let access = try find(scope, useCase: useCase, db) else {
      throw RPCError.notFound("use case", useCase)
    }
    return access
  }

  /// The run, if the caller may know of it.
  static func toRun(
    _ id: String, _ scope: TenantScope, _ db: Reader
  ) throws -> (located: RunStore.Located, access: UseCaseAccess) {
    guard let located = try RunStore.find(db, id),
      let access = try find(scope, useCase: located.useCase, db),
      access.oversees || access.owns(located.run)
    else { throw RPCError.notFound("run", id) }
    return (located, access)
  }

  /// Whether the run is of a participant for which the caller acts.
  func owns(_ run: Run) -> Bool {
    own.contains { $0.id == run.participant }
  }

  private static func find(
    _ scope: TenantScope, useCase: String, _ db: Reader
  ) throws -> UseCaseAccess? {
    let owner = try db.queryOne("SELECT tenant FROM use_cases WHERE id = ?1", useCase) {
      try $0.text("tenant")
    }
    guard let owner else { return nil }
    let isOwning = owner == scope.tenant
    let oversees =
      isOwning && !scope.roles.isDisjoint(with: [.owner, .organiser, .billing, .viewer])
    let own = try participants(scope, useCase: useCase, db)
    guard oversees || !own.isEmpty else { return nil }
    return UseCaseAccess(
      oversees: oversees,
      mayManage: isOwning && !scope.roles.isDisjoint(with: [.owner, .organiser]), own: own)
  }

  private static func participants(
    _ scope: TenantScope, useCase: String, _ db: Reader
  ) throws -> [Participant] {
    let all = try ParticipantStore.ofTenant(db, scope.tenant, useCase: useCase)
    let email = scope.email.lowercased()
    let member = all.filter { !email.isEmpty && $0.emails.contains(email) }
    guard scope.roles.contains(.owner) else { return member }
    return member + all.filter { other in !member.contains { $0.id == other.id } }
  }
}
