import API
import ComputeDomain
import Identity
import RPC

extension ComputeCore {
  /// Hands the run's balance to `send`, now and after each change, until the run has ended or the
  /// caller must prove anew who it is. A client that watches again hears the balance first, and so
  /// also of a stop that came meanwhile.
  func watchRun(
    _ id: String, _ call: CallIdentity, send: (ComputeRunBalance) async throws -> Void
  ) async throws {
    let (useCase, participant) = try await command(call) { session in
      let place = try UseCaseAccess.toRun(id, call, session).place
      return (place.open.book.terms.id, place.run.participant)
    }
    let watch = try runWatchers.begin(for: call, useCase, participant)
    defer { runWatchers.end(watch) }
    // Until its proof of who it is expires the caller may watch, so that one who was just removed
    // still hears that it must stop.
    var last = try await currentBalance(of: id)
    try await send(last)
    if last.stop { return }
    for await _ in watch.changes {
      try Watchers.check(call, at: clock.now())
      let balance = try await currentBalance(of: id)
      guard balance != last else { continue }
      try await send(balance)
      last = balance
      if balance.stop { return }
    }
    throw try runWatchers.reasonOfEnd()
  }

  private func currentBalance(of id: String) async throws -> ComputeRunBalance {
    try await command(by: .watcher) { [self] session in
      guard let place = try session.place(ofRun: id) else { throw RPCError.notFound("run", id) }
      return try balance(at: place)
    }
  }

  func listRuns(
    _ request: ComputeListRunsRequest, _ call: CallIdentity
  ) async throws -> ComputeListRunsResponse {
    let limit = try PageToken.limit(request.pageSize)
    let after = try PageToken(parsing: request.pageToken)
    let access = try await access(call, request.useCaseId)
    return try await read { db in
      let runs = try RunStore.page(
        db, useCase: request.useCaseId,
        participants: access.oversees ? nil : access.own.map(\.id), after: after,
        limit: limit + 1)
      let names = try ParticipantStore.names(db, useCase: request.useCaseId)
      var response = ComputeListRunsResponse()
      response.runs = runs.prefix(limit).map { run in
        ComputeRun(
          run, useCase: request.useCaseId, participantName: names[run.participant] ?? "")
      }
      if runs.count > limit, let last = runs.prefix(limit).last {
        response.nextPageToken = PageToken(time: last.started, id: last.id).text
      }
      return response
    }
  }

  /// What the caller may see of a use case.
  ///
  /// - Throws: NOT_FOUND if it may see nothing.
  func access(
    _ call: CallIdentity, _ useCase: String, by asker: LedgerAsker? = nil
  ) async throws -> UseCaseAccess {
    try await command(by: asker ?? .tenant(call.scope.tenant)) { session in
      try UseCaseAccess.of(call.scope, useCase: useCase, session).access
    }
  }
}
