import API
import ComputeDomain
import Identity
import RPC

// Between the domain's values and the messages of the schema.

extension ComputeRun {
  init(_ run: Run, useCase: String, participantName: String) {
    self.init(
      id: run.id, useCaseId: useCase, participantId: run.participant,
      participantName: participantName, startedBy: run.startedBy, note: run.note,
      state: ComputeRunState(run.state), stateReason: Self.reason(run),
      usedGflop: run.used.value, heldGflop: run.held.value,
      startTime: Google_Protobuf_Timestamp(unixMilliseconds: run.started),
      lastReportTime: Google_Protobuf_Timestamp(unixMilliseconds: run.lastReport),
      endTime: run.ended.map { Google_Protobuf_Timestamp(unixMilliseconds: $0) })
  }

  private static func reason(_ run: Run) -> String {
    // As nearly always.
    if run.isRunning, run.counter == run.used { return "" }
    var reasons: [String] = []
    switch run.state {
    case .running, .finished: break
    case .paused(let words, _): reasons.append(words)
    case .stopped(let reason): reasons.append(reason.description)
    case .expired: reasons.append("nothing was heard of it for too long")
    }
    if run.counter > run.used {
      let excess = GFLOP(run.counter.value - run.used.value)
      reasons.append("\(excess) reported beyond the allocation are not billed")
    }
    return reasons.joined(separator: "; ")
  }
}

extension ComputeRunState {
  init(_ state: RunState) {
    self =
      switch state {
      case .running: .running
      case .paused: .paused
      case .stopped: .stopped
      case .finished: .finished
      case .expired: .expired
      }
  }
}

extension ComputeRunBalance {
  init(_ message: ComputeRun, _ allocation: AllocationStatus, _ run: Run) {
    self.init(
      run: message, allocationGflop: allocation.total.value,
      allocationUsedGflop: allocation.used.value, allocationHeldGflop: allocation.held.value,
      allocationFreeGflop: allocation.free.value, stop: !run.isLive,
      command: run.isRunning ? .continue : run.isLive ? .pause : .stop)
  }
}

extension ComputeAllocation {
  init(_ participant: Participant, _ status: AllocationStatus, writtenOff: GFLOP) {
    self.init()
    participantId = participant.id
    participantName = participant.name
    writtenOffGflop = writtenOff.value
    allocationGflop = status.total.value
    usedGflop = status.used.value
    heldGflop = status.held.value
    freeGflop = status.free.value
  }
}

extension ComputeAlert {
  init(_ told: AlertStore.Told, name: String) {
    self.init()
    id = told.id
    useCaseId = told.alert.useCase
    participantId = told.alert.participant
    participantName = name
    threshold = Int32(clamping: told.alert.threshold)
    usedGflop = told.alert.used.value
    totalGflop = told.alert.total.value
    time = Google_Protobuf_Timestamp(unixMilliseconds: told.alert.time)
  }
}

extension ComputeGetForecastResponse {
  init(_ forecast: Forecast) {
    self.init()
    budgetGflop = forecast.budget.value
    usedGflop = forecast.used.value
    gflopPerDay = forecast.perDay.value
    gflopAtEnd = forecast.usedAtEnd?.value
    endTime = forecast.end.map { Google_Protobuf_Timestamp(unixMilliseconds: $0) }
    exhaustedTime = forecast.exhausted.map { Google_Protobuf_Timestamp(unixMilliseconds: $0) }
  }
}

extension Provenance {
  /// What is not said, or not known here, is no more than the participant's own word.
  init(_ provenance: ComputeProvenance) {
    self =
      switch provenance {
      case .measured: .measured
      case .estimated: .estimated
      default: .declared
      }
  }
}

extension UseCaseTerms {
  /// - Throws: INVALID_ARGUMENT for a snapshot that says too little.
  init(_ snapshot: CatalogUseCaseSnapshot) throws {
    guard !snapshot.id.isEmpty else { throw RPCError.invalidField("snapshot.id", "is empty") }
    guard !snapshot.tenant.isEmpty else {
      throw RPCError.invalidField("snapshot.tenant", "is empty")
    }
    let plan = snapshot.budget.map {
      BudgetPlan(participants: Int64($0.participants), each: GFLOP($0.gflopEach))
    }
    self.init(
      id: snapshot.id, version: snapshot.version, tenant: snapshot.tenant, title: snapshot.title,
      phase: try Phase(snapshot.state), start: snapshot.startTime?.unixMilliseconds,
      end: snapshot.endTime?.unixMilliseconds, plan: plan ?? .none,
      participants: snapshot.participants.map { Participant($0) })
  }
}

extension UseCaseTerms.Phase {
  fileprivate init(_ state: CatalogUseCaseState) throws {
    self =
      switch state {
      case .draft: .draft
      case .published: .published
      case .paused: .paused
      case .closed: .closed
      case .archived: .archived
      default: throw RPCError.invalidField("snapshot.state", "is not known here")
      }
  }
}

extension Participant {
  fileprivate init(_ participant: CatalogSnapshotParticipant) {
    self.init(
      id: participant.id, tenant: participant.tenant, name: participant.name,
      emails: participant.emails.map { $0.lowercased() },
      joined: participant.joinTime?.unixMilliseconds ?? 0)
  }
}
