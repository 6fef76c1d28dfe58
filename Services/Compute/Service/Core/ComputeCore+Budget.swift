import API
import ComputeDomain
import Identity
import RPC
import Storage

extension ComputeCore {
  /// The budget as far as the caller may see it: all of it for the owning tenant, else the
  /// caller's own share; the sums are of what is shown.
  func getBudget(
    _ useCase: String, _ call: CallIdentity
  ) async throws -> ComputeGetBudgetResponse {
    try await read { db in
      let access = try UseCaseAccess.of(call.scope, useCase: useCase, db)
      guard let book = try BookStore.load(db, useCase: useCase, part: .whole) else {
        throw RPCError.notFound("use case", useCase)
      }
      let statuses = try book.allocations
      let own = Set(access.own.map(\.id))
      var response = ComputeGetBudgetResponse()
      response.useCaseId = useCase
      response.title = book.terms.title
      var allocated = GFLOP.zero
      var used = GFLOP.zero
      var held = GFLOP.zero
      for entry in try ParticipantStore.names(db, useCase: useCase) {
        guard access.oversees || own.contains(entry.id) else { continue }
        guard let status = statuses[entry.id] else {
          response.allocations.append(ComputeAllocation(entry.id, entry.name, nil))
          continue
        }
        response.allocations.append(ComputeAllocation(entry.id, entry.name, status))
        allocated = try allocated + status.total
        used = try used + status.used
        held = try held + status.held
      }
      response.budgetGflop = access.oversees ? try book.budget.value : allocated.value
      response.allocatedGflop = allocated.value
      response.usedGflop = used.value
      response.heldGflop = held.value
      return response
    }
  }

  /// Takes a use case's terms; answers with the version that is known then.
  func sync(_ terms: UseCaseTerms, actor: String, trace: String) async throws -> Int64 {
    guard Int64(terms.participants.count) <= ComputeLimits.maximumParticipants else {
      throw RPCError.invalidField(
        "snapshot.participants", "at most \(ComputeLimits.maximumParticipants)")
    }
    return try await write { [self] tx in
      var book =
        try BookStore.load(tx, useCase: terms.id, part: .whole)
        ?? Book(newUseCase: terms.id, tenant: terms.tenant)
      let context = try commandContext(
        tx, actor: actor, trace: trace, key: "~/\(terms.id)/terms/\(terms.version)")
      guard terms.version > book.terms.version else { return book.terms.version }
      let entries = try book.perform(.setTerms(terms), context)
      try BookStore.saveTerms(tx, book.terms)
      try BookStore.save(tx, book, entries: entries, run: nil)
      let watchers = watchers
      tx.afterCommit { watchers.notify(useCase: terms.id, participant: nil) }
      return terms.version
    }
  }
}
