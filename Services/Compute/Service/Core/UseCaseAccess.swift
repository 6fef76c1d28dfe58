import ComputeDomain
import Identity
import RPC
import Storage

/// What a caller may see and do of one use case.
///
/// - Owner, organiser, billing and viewer of the owning tenant see all of it.
/// - Owner and organiser of the owning tenant may stop and pause runs, and deal the budget.
/// - Members of a participant see and run what is their own, and so does their tenant's owner.
/// - For everybody else it does not exist.
struct UseCaseAccess: Sendable {
  let oversees: Bool
  let mayManage: Bool
  /// The participants for which the caller acts; the one that has the caller's address first.
  let own: [Participant]

  /// - Throws: NOT_FOUND if the caller may not know of the use case.
  static func of(
    _ scope: TenantScope, useCase: String, _ session: LedgerSession
  ) throws -> (open: OpenBook, access: UseCaseAccess) {
    guard let open = try session.book(useCase), let access = find(scope, open) else {
      throw RPCError.notFound("use case", useCase)
    }
    return (open, access)
  }

  /// Where the run is, if the caller may know of it.
  static func toRun(
    _ id: String, _ call: CallIdentity, _ session: LedgerSession
  ) throws -> (place: RunPlace, relation: RunRelation) {
    guard let place = try session.place(ofRun: id) else { throw RPCError.notFound("run", id) }
    let relation = RunRelation(call, place.open, place.run)
    guard relation.oversees || relation.owns else { throw RPCError.notFound("run", id) }
    return (place, relation)
  }

  private static func find(_ scope: TenantScope, _ open: OpenBook) -> UseCaseAccess? {
    let isOwning = open.book.terms.tenant == scope.tenant
    let oversees = isOwning && !scope.roles.isDisjoint(with: overseers)
    let own = participants(scope, open)
    guard oversees || !own.isEmpty else { return nil }
    return UseCaseAccess(
      oversees: oversees,
      mayManage: isOwning && !scope.roles.isDisjoint(with: managers), own: own)
  }

  fileprivate static let overseers: Set<Role> = [.owner, .organiser, .billing, .viewer]
  fileprivate static let managers: Set<Role> = [.owner, .organiser]

  private static func participants(_ scope: TenantScope, _ open: OpenBook) -> [Participant] {
    let all = open.roster.map(\.participant).filter { $0.tenant == scope.tenant }
    let email = scope.email.lowercased()
    let member = all.filter { !email.isEmpty && $0.emails.contains(email) }
    guard scope.roles.contains(.owner) else { return member }
    return member + all.filter { other in !member.contains { $0.id == other.id } }
  }
}

/// What a caller is to one run; found without a look at the other participants.
struct RunRelation {
  let oversees: Bool
  let mayManage: Bool
  /// Whether the run is of a participant for which the caller acts.
  let owns: Bool

  fileprivate init(_ call: CallIdentity, _ open: OpenBook, _ run: Run) {
    let isOwning = open.tenant == call.scope.tenant
    oversees = isOwning && !call.scope.roles.isDisjoint(with: UseCaseAccess.overseers)
    mayManage = isOwning && !call.scope.roles.isDisjoint(with: UseCaseAccess.managers)
    guard let place = open.rosterPlace(of: run.participant),
      open.roster[place].participant.tenant == call.scope.tenant
    else {
      owns = false
      return
    }
    // Nearly always an address is written as it was given.
    owns =
      open.roster[place].participant.emails.contains(call.scope.email)
      || call.scope.roles.contains(.owner)
      || open.roster[place].participant.emails.contains(call.scope.email.lowercased())
  }
}
