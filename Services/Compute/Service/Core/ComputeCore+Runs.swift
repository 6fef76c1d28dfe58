import API
import ComputeDomain
import Crypto
import Identity
import RPC
import Storage

extension ComputeCore {
  func startRun(
    _ request: ComputeStartRunRequest, _ call: CallIdentity
  ) async throws -> ComputeRunBalance {
    try checkText(request.note, field: "note")
    let id = Identifier.make(prefix: "run", random: random)
    return try await once(call, key: request.idempotencyKey, request: request) { [self] tx in
      let access = try UseCaseAccess.of(call.scope, useCase: request.useCaseId, tx)
      guard let participant = access.own.first,
        var book = try BookStore.load(
          tx, useCase: request.useCaseId, part: .participant(participant.id))
      else { throw Refusal.notParticipant }
      let context = try commandContext(
        tx, actor: call.scope.user, trace: call.trace,
        key: entryKey(call, request.idempotencyKey, otherwise: "\(id)/start"))
      let command = Command.startRun(
        id: id, participant: participant.id, startedBy: call.scope.user, note: request.note,
        rate: GFLOP(request.gflopPerSecond))
      try perform(tx, command, on: &book, run: id, context)
      return try balance(tx, of: id, in: book)
    }
  }

  func reportUsage(
    _ request: ComputeReportUsageRequest, _ call: CallIdentity
  ) async throws -> ComputeRunBalance {
    let meter = try meter(request.provenance, request.meter)
    return try await once(call, key: request.idempotencyKey, request: request) { [self] tx in
      try changeOwnRun(
        tx, request.runId, call,
        key: entryKey(
          call, request.idempotencyKey,
          otherwise: "\(request.runId)/report/\(request.totalGflop)"),
        .reportUsage(run: request.runId, total: GFLOP(request.totalGflop), meter: meter))
    }
  }

  func finishRun(
    _ request: ComputeFinishRunRequest, _ call: CallIdentity
  ) async throws -> ComputeRunBalance {
    let meter = try meter(request.provenance, request.meter)
    let total = request.totalGflop == 0 ? nil : GFLOP(request.totalGflop)
    return try await once(call, key: request.idempotencyKey, request: request) { [self] tx in
      try changeOwnRun(
        tx, request.runId, call,
        key: entryKey(
          call, request.idempotencyKey,
          otherwise: "\(request.runId)/finish/\(request.totalGflop)"),
        .finishRun(run: request.runId, total: total, meter: meter))
    }
  }

  func stopRun(
    _ request: ComputeStopRunRequest, _ call: CallIdentity
  ) async throws -> ComputeRunBalance {
    try checkText(request.reason, field: "reason")
    return try await write { [self] tx in
      let (located, access) = try UseCaseAccess.toRun(request.runId, call.scope, tx)
      guard access.mayManage || access.owns(located.run) else {
        throw RPCError.permissionDenied(
          "run \(request.runId): an owner or organiser of the use case's tenant, or its own "
            + "participant, may stop it")
      }
      let who = access.owns(located.run) ? "its own team" : "the organiser"
      let words = "stopped by \(who)" + (request.reason.isEmpty ? "" : ": \(request.reason)")
      return try changeRun(
        tx, located, actor: call.scope.user, trace: call.trace, key: "~/\(request.runId)/stop",
        .stopRun(run: request.runId, reason: words))
    }
  }

  func getRun(_ id: String, _ call: CallIdentity) async throws -> ComputeRunBalance {
    try await read { [self] db in
      let (located, _) = try UseCaseAccess.toRun(id, call.scope, db)
      return try balance(db, of: located)
    }
  }

  /// Hands the run's balance to `send`, now and after each change, until the run has ended.
  func watchRun(
    _ id: String, _ call: CallIdentity, send: (ComputeRunBalance) async throws -> Void
  ) async throws {
    let located = try await read { db in
      try UseCaseAccess.toRun(id, call.scope, db).located
    }
    let participant = located.run.participant
    guard let watch = watchers.begin(useCase: located.useCase, participant: participant) else {
      throw RPCError.unavailable("no further run can be watched here now; try again")
    }
    defer { watchers.end(watch) }
    // From here on the caller is not asked again who it is, so that one who was just removed
    // still hears that it must stop.
    var last = try await currentBalance(of: id)
    try await send(last)
    if last.stop { return }
    for await _ in watch.changes {
      let balance = try await currentBalance(of: id)
      guard balance != last else { continue }
      try await send(balance)
      last = balance
      if balance.stop { return }
    }
    try Task.checkCancellation()
    throw RPCError.unavailable("the service is shutting down; watch again")
  }

  private func currentBalance(of id: String) async throws -> ComputeRunBalance {
    try await read { [self] db in
      guard let located = try RunStore.find(db, id) else { throw RPCError.notFound("run", id) }
      return try balance(db, of: located)
    }
  }

  func listRuns(
    _ request: ComputeListRunsRequest, _ call: CallIdentity
  ) async throws -> ComputeListRunsResponse {
    let limit = try PageToken.limit(request.pageSize)
    let after = try PageToken(parsing: request.pageToken)
    return try await read { db in
      let access = try UseCaseAccess.of(call.scope, useCase: request.useCaseId, db)
      let runs = try RunStore.page(
        db, useCase: request.useCaseId,
        participants: access.oversees ? nil : access.own.map(\.id), after: after,
        limit: limit + 1)
      var names: [String: String] = [:]
      for entry in try ParticipantStore.names(db, useCase: request.useCaseId) {
        names[entry.id] = entry.name
      }
      var response = ComputeListRunsResponse()
      response.runs = runs.prefix(limit).map {
        ComputeRun($0, useCase: request.useCaseId, participantName: names[$0.participant] ?? "")
      }
      if runs.count > limit, let last = runs.prefix(limit).last {
        response.nextPageToken = PageToken(time: last.started, id: last.id).text
      }
      return response
    }
  }
}

// MARK: - Steps

extension ComputeCore {
  /// Changes a run on behalf of its own participant; nobody else may report for it.
  private func changeOwnRun(
    _ tx: Transaction, _ id: String, _ call: CallIdentity, key: String, _ command: Command
  ) throws -> ComputeRunBalance {
    let (located, access) = try UseCaseAccess.toRun(id, call.scope, tx)
    guard access.owns(located.run) else {
      throw RPCError.permissionDenied("run \(id): only its own participant reports for it")
    }
    return try changeRun(
      tx, located, actor: call.scope.user, trace: call.trace, key: key, command)
  }

  @discardableResult
  func changeRun(
    _ tx: Transaction, _ located: RunStore.Located, actor: String, trace: String, key: String,
    _ command: Command
  ) throws -> ComputeRunBalance {
    guard
      var book = try BookStore.load(tx, useCase: located.useCase, part: .run(located.run))
    else { throw StorageError.corrupt("run \(located.run.id) has no use case") }
    let context = try commandContext(tx, actor: actor, trace: trace, key: key)
    try perform(tx, command, on: &book, run: located.run.id, context)
    return try balance(tx, of: located.run.id, in: book)
  }

  private func balance(_ db: Reader, of located: RunStore.Located) throws -> ComputeRunBalance {
    guard
      let book = try BookStore.load(db, useCase: located.useCase, part: .run(located.run))
    else { throw StorageError.corrupt("run \(located.run.id) has no use case") }
    return try balance(db, of: located.run.id, in: book)
  }

  private func balance(_ db: Reader, of id: String, in book: Book) throws -> ComputeRunBalance {
    guard let run = book.runs[id] else { throw Refusal.unknownRun(id) }
    let name = try ParticipantStore.name(
      db, useCase: book.terms.id, participant: run.participant)
    return ComputeRunBalance(
      ComputeRun(run, useCase: book.terms.id, participantName: name),
      try book.allocation(of: run.participant), stop: !run.isRunning)
  }

  /// The entry's key: the caller's within its tenant, or one that this service makes. A tenant's
  /// name never begins with "~".
  private func entryKey(
    _ call: CallIdentity, _ key: String, otherwise own: String
  ) -> String {
    key.isEmpty ? "~/\(own)" : "\(call.scope.tenant)/\(key)"
  }

  private func meter(_ provenance: ComputeProvenance, _ name: String) throws -> Meter {
    try checkText(name, field: "meter")
    return Meter(provenance: Provenance(provenance), name: name)
  }

  private func checkText(_ text: String, field: String) throws {
    guard text.utf8.count <= ComputeLimits.maximumTextBytes else {
      throw RPCError.invalidField(field, "at most \(ComputeLimits.maximumTextBytes) bytes")
    }
  }
}
