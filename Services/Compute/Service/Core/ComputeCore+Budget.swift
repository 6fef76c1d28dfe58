import API
import Codec
import ComputeDomain
import Identity
import RPC

// What organisers do with a use case's compute, and what Catalog says of it.

extension ComputeCore {
  func setAllocation(
    _ request: ComputeSetAllocationRequest, _ call: CallIdentity
  ) async throws -> ComputeGetBudgetResponse {
    try await changeBudget(
      request.useCaseId, call, key: request.idempotencyKey, request: request,
      .setAllocation(participant: request.participantId, total: GFLOP(request.gflop)))
  }

  func transferAllocation(
    _ request: ComputeTransferAllocationRequest, _ call: CallIdentity
  ) async throws -> ComputeGetBudgetResponse {
    try await changeBudget(
      request.useCaseId, call, key: request.idempotencyKey, request: request,
      .transfer(
        from: request.fromParticipantId, to: request.toParticipantId,
        amount: GFLOP(request.gflop)))
  }

  /// Adds to the budget. The key is required, for a retry that adds twice costs money.
  func topUp(
    _ request: ComputeTopUpRequest, _ call: CallIdentity
  ) async throws -> ComputeGetBudgetResponse {
    guard !request.idempotencyKey.isEmpty else {
      throw RPCError.invalidField(
        "idempotency_key", "is required, so that a repeated call adds nothing")
    }
    let participant = request.participantId.isEmpty ? nil : request.participantId
    return try await changeBudget(
      request.useCaseId, call, key: request.idempotencyKey, request: request,
      .topUp(participant: participant, amount: GFLOP(request.gflop)))
  }

  func setReserve(
    _ request: ComputeSetReserveRequest, _ call: CallIdentity
  ) async throws -> ComputeGetBudgetResponse {
    try await changeBudget(
      request.useCaseId, call, key: request.idempotencyKey, request: request,
      .setReserve(GFLOP(request.gflop)))
  }

  func setThresholds(
    _ request: ComputeSetThresholdsRequest, _ call: CallIdentity
  ) async throws -> ComputeGetBudgetResponse {
    try await changeBudget(
      request.useCaseId, call, key: "", request: request,
      .setThresholds(request.thresholds.map { Int64($0) }))
  }

  private func changeBudget<Request: Message>(
    _ useCase: String, _ call: CallIdentity, key: String, request: Request, _ command: Command
  ) async throws -> ComputeGetBudgetResponse {
    try await once(call, key: key, request: request) { [self] session in
      let (open, access) = try UseCaseAccess.of(call.scope, useCase: useCase, session)
      guard access.mayManage else {
        throw RPCError.permissionDenied(
          "use case \(useCase): an owner or organiser of its tenant deals its compute")
      }
      let tenant = open.book.terms.tenant
      let next = try session.head(of: tenant).sequence + 1
      let context = try commandContext(
        session, open, actor: call.scope.user, trace: call.trace,
        key: entryKey(call, key, otherwise: "\(useCase)/budget/\(next)"))
      try perform(session, command, on: open, context)
      try BookStore.saveShares(session.tx, open.book)
      try AlertStore.rearm(session.tx, open.book)
      return try budget(open, access)
    }
  }

  /// Takes a use case's terms; answers with the version that is known then.
  func sync(_ terms: UseCaseTerms, actor: String, trace: String) async throws -> Int64 {
    guard Int64(terms.participants.count) <= ComputeLimits.maximumParticipants else {
      throw RPCError.invalidField(
        "snapshot.participants", "at most \(ComputeLimits.maximumParticipants)")
    }
    return try await command { [self] session in
      let known = try session.book(terms.id)
      if let version = known?.book.terms.version, terms.version <= version { return version }
      let open = try known ?? session.newBook(terms.id, tenant: terms.tenant)
      let context = try commandContext(
        session, open, actor: actor, trace: trace, key: "~/\(terms.id)/terms/\(terms.version)")
      try perform(session, .setTerms(terms), on: open, context)
      open.updateRoster()
      session.adopt(open)
      try BookStore.saveTerms(session.tx, open.book.terms)
      try AlertStore.rearm(session.tx, open.book)
      let watchers = runWatchers
      session.tx.afterCommit { watchers.notify(useCase: terms.id, participant: nil) }
      return terms.version
    }
  }
}
