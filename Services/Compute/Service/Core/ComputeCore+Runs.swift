import API
import ComputeDomain
import Crypto
import Identity
import RPC

extension ComputeCore {
  func startRun(
    _ request: ComputeStartRunRequest, _ call: CallIdentity,
    _ answer: Answer<ComputeRunBalance>
  ) throws {
    try checkText(request.note, field: "note")
    let id = Identifier.make(prefix: "run", random: random)
    try once(call, key: request.idempotencyKey, request: request, answer) {
      [self] session in
      let (open, access) = try UseCaseAccess.of(call.scope, useCase: request.useCaseId, session)
      guard let participant = access.own.first else { throw Refusal.notParticipant }
      let context = try commandContext(
        session, open, actor: call.scope.user, trace: call.trace,
        key: entryKey(call, request.idempotencyKey, otherwise: "\(id)/start"))
      let command = Command.startRun(
        id: id, participant: participant.id, startedBy: call.scope.user, note: request.note,
        rate: GFLOP(request.gflopPerSecond))
      try perform(session, command, on: open, context)
      try session.opened(run: id, in: open)
      return try balance(of: id, in: open)
    }
  }

  func reportUsage(
    _ request: ComputeReportUsageRequest, _ call: CallIdentity,
    _ answer: Answer<ComputeRunBalance>
  ) throws {
    let meter = try meter(request.provenance, request.meter)
    let command = Command.reportUsage(
      run: request.runId, total: GFLOP(request.totalGflop), meter: meter,
      meteredAt: request.meteredTime?.unixMilliseconds)
    try once(call, key: request.idempotencyKey, request: request, answer) {
      [self] session in
      try changeOwnRun(
        session, request.runId, call,
        key: entryKey(
          call, request.idempotencyKey,
          otherwise: "\(request.runId)/report/\(request.totalGflop)"), command)
    }
  }

  func finishRun(
    _ request: ComputeFinishRunRequest, _ call: CallIdentity,
    _ answer: Answer<ComputeRunBalance>
  ) throws {
    let meter = try meter(request.provenance, request.meter)
    let command = Command.finishRun(
      run: request.runId, total: request.totalGflop == 0 ? nil : GFLOP(request.totalGflop),
      meter: meter, meteredAt: request.meteredTime?.unixMilliseconds)
    try once(call, key: request.idempotencyKey, request: request, answer) {
      [self] session in
      try changeOwnRun(
        session, request.runId, call,
        key: entryKey(
          call, request.idempotencyKey,
          otherwise: "\(request.runId)/finish/\(request.totalGflop)"), command)
    }
  }

  func stopRun(
    _ request: ComputeStopRunRequest, _ call: CallIdentity,
    _ answer: Answer<ComputeRunBalance>
  ) throws {
    try manage(request.runId, "stop", call, reason: request.reason, answer) { words, authority in
      .stopRun(run: request.runId, reason: "stopped by \(words)", by: authority)
    }
  }

  func pauseRun(
    _ request: ComputePauseRunRequest, _ call: CallIdentity,
    _ answer: Answer<ComputeRunBalance>
  ) throws {
    try manage(request.runId, "pause", call, reason: request.reason, answer) { words, authority in
      .pauseRun(run: request.runId, reason: "paused by \(words)", by: authority)
    }
  }

  func resumeRun(
    _ request: ComputeResumeRunRequest, _ call: CallIdentity,
    _ answer: Answer<ComputeRunBalance>
  ) throws {
    try manage(request.runId, "resume", call, reason: "", answer) { _, authority in
      .resumeRun(run: request.runId, by: authority)
    }
  }

  func getRun(_ id: String, _ call: CallIdentity, _ answer: Answer<ComputeRunBalance>) {
    command(call, answer) { [self] session in
      try balance(at: UseCaseAccess.toRun(id, call, session).place)
    }
  }
}

// MARK: - Steps

extension ComputeCore {
  /// Changes a run on behalf of its own participant; nobody else may report for it.
  private func changeOwnRun(
    _ session: LedgerSession, _ id: String, _ call: CallIdentity, key: String,
    _ command: Command
  ) throws -> ComputeRunBalance {
    let (place, relation) = try UseCaseAccess.toRun(id, call, session)
    guard relation.owns else {
      throw RPCError.permissionDenied("run \(id): only its own participant reports for it")
    }
    let context = try commandContext(
      session, place.open, actor: call.scope.user, trace: call.trace, key: key)
    try perform(session, command, on: place.open, at: place.place, context)
    return try balance(at: place)
  }

  /// Changes a run on behalf of those who run the use case, or of its own team.
  private func manage(
    _ id: String, _ verb: String, _ call: CallIdentity, reason: String,
    _ answer: Answer<ComputeRunBalance>,
    _ make: @escaping @Sendable (_ words: String, RunAuthority) -> Command
  ) throws {
    try checkText(reason, field: "reason")
    command(call, answer) { [self] session in
      let (place, relation) = try UseCaseAccess.toRun(id, call, session)
      let open = place.open
      guard relation.mayManage || relation.owns else {
        throw RPCError.permissionDenied(
          "run \(id): an owner or organiser of the use case's tenant, or its own "
            + "participant, may \(verb) it")
      }
      // Of one who is both, the organiser's word counts.
      let authority: RunAuthority = relation.mayManage ? .organiser : .team
      let who = authority == .organiser ? "the organiser" : "its own team"
      let words = who + (reason.isEmpty ? "" : ": \(reason)")
      // A run may be paused and resumed often: each time is an entry of its own.
      let head = try session.head(of: open.book.terms.tenant)
      let context = try commandContext(
        session, open, actor: call.scope.user, trace: call.trace,
        key: "~/\(id)/\(verb)/\(head.sequence + 1)")
      try perform(session, make(words, authority), on: open, at: place.place, context)
      return try balance(at: place)
    }
  }

  func balance(of id: String, in open: OpenBook) throws -> ComputeRunBalance {
    guard let place = open.book.runs.place(of: id) else { throw Refusal.unknownRun(id) }
    return try balance(at: RunPlace(open: open, place: place))
  }

  func balance(at place: RunPlace) throws -> ComputeRunBalance {
    let (open, run) = (place.open, place.run)
    return ComputeRunBalance(
      ComputeRun(run, useCase: open.useCase, participantName: open.name(of: run.participant)),
      try open.book.allocation(at: place.place), run)
  }

  private func meter(_ provenance: ComputeProvenance, _ name: String) throws -> Meter {
    try checkText(name, field: "meter")
    return Meter(provenance: Provenance(provenance), name: name)
  }
}
