import API
import EvaluationDomain
import Identity
import RPC
import Storage

/// Where a submission goes: the use case, and the participant that the caller submits for.
struct SubmissionTarget: Sendable {
  var useCase: StoredUseCase
  var participant: StoredParticipant
  /// What was submitted before under the same idempotency key.
  var earlier: StoredSubmission?

  /// Throws NOT_FOUND unless the caller is a member of a participant of the use case.
  static func find(
    _ db: Reader, _ header: EvaluationSubmitRequest.Header, _ scope: TenantScope
  ) throws -> SubmissionTarget {
    guard let visible = try UseCaseTable.find(db, id: header.useCaseId, scope: scope),
      let participant = visible.participant
    else { throw RPCError.notFound("use case", header.useCaseId) }
    return SubmissionTarget(
      useCase: visible.useCase, participant: participant,
      earlier: try SubmissionTable.find(
        db, key: header.idempotencyKey, useCase: header.useCaseId, participant: participant.id))
  }

  func usage(_ db: Reader, now: Int64) throws -> SubmissionUsage {
    try SubmissionTable.usage(db, useCase: useCase.id, participant: participant.id, now: now)
  }

  /// Throws unless the use case is open and the participant has a slot left.
  func checkOpen(_ db: Reader, now: Int64) throws {
    do throws(ClosedReason) {
      try useCase.rules.checkOpen(at: now)
    } catch {
      throw RPCError.failedPrecondition(error.description)
    }
    let used = try usage(db, now: now)
    do throws(SubmissionRefusal) {
      _ = try useCase.rules.limits.takingSlot(of: used, now: now)
    } catch {
      throw error.rpcError(now: now)
    }
  }
}

extension SubmissionRefusal {
  /// RESOURCE_EXHAUSTED with the limit, and when to try again where that is known.
  func rpcError(now: Int64) -> RPCError {
    let limit: LimitExceeded
    var retryAfter: UInt64?
    switch self {
    case .perDay(let allowed, let used, let resetTime):
      limit = LimitExceeded(
        name: "submissions_per_day", limit: Int64(allowed), actual: Int64(used) + 1,
        setting: "limits.per_day of the use case")
      retryAfter = UInt64(max(0, resetTime - now))
    case .total(let allowed, let used):
      limit = LimitExceeded(
        name: "submissions_total", limit: Int64(allowed), actual: Int64(used) + 1,
        setting: "limits.total of the use case")
    case .concurrent(let allowed, let active):
      limit = LimitExceeded(
        name: "submissions_concurrent", limit: Int64(allowed), actual: Int64(active) + 1,
        setting: "limits.concurrent of the use case")
    }
    return .resourceExhausted(description, limit: limit, retryAfterMilliseconds: retryAfter)
  }
}
