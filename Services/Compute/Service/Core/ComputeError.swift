import ComputeBilling
import ComputeDomain
import RPC
import Storage

/// What each failure of this service is, in the statuses of the protocol.
enum ComputeError {
  /// The status of anything that a command or a query threw.
  ///
  /// - Parameter report: told what the caller is not: a defect or a failing disk.
  static func status(of error: any Error, report: @Sendable (String) -> Void) -> any Error {
    switch error {
    case let refusal as Refusal: return status(of: refusal, report: report)
    case let error as QuantityError: return RPCError(.outOfRange, error.description)
    case BillingFault.damaged:
      report(BillingFault.damaged.description)
      return RPCError(.internal, "an invoice cannot be read; the service's log says why")
    case BillingFault.foreignPrefix, BillingFault.mixedScope, BillingFault.tooManyLines,
      BillingFault.laterNumber:
      return RPCError(.failedPrecondition, "\(error)")
    case let fault as BillingFault: return RPCError(.invalidArgument, fault.description)
    case let error as StorageError: return status(of: error, report: report)
    default: return error
    }
  }

  private static func status(
    of refusal: Refusal, report: @Sendable (String) -> Void
  ) -> RPCError {
    switch refusal {
    case .notOpen, .notStarted, .notParticipant, .staleTerms, .foreignTerms, .runEnded,
      .insufficient:
      return .failedPrecondition(refusal.description)
    case .pausedByOrganiser: return .permissionDenied(refusal.description)
    case .exhausted(let status):
      return .resourceExhausted(
        refusal.description,
        limit: LimitExceeded(
          name: "compute allocation in GFLOP", limit: status.total.value,
          actual: status.total.value, setting: "the use case's compute budget"))
    case .tooManyRuns(let limit):
      return .resourceExhausted(
        refusal.description,
        limit: LimitExceeded(
          name: "live runs of a participant", limit: Int64(limit), actual: Int64(limit) + 1))
    case .unknownRun(let run): return .notFound("run", run)
    case .unknownParticipant(let participant): return .notFound("participant", participant)
    case .sameParticipant: return .invalidField("to_participant_id", refusal.description)
    case .badThresholds: return .invalidField("thresholds", refusal.description)
    case .negative(let field), .tooLarge(let field, _), .nothing(let field):
      return .invalidField(field, refusal.description)
    case .quantity(let error): return RPCError(.outOfRange, error.description)
    case .runExists, .fault:
      report(refusal.description)
      return RPCError(.internal, "the ledger refused the entry; the service's log says why")
    }
  }

  private static func status(
    of error: StorageError, report: @Sendable (String) -> Void
  ) -> RPCError {
    switch error {
    case .overloaded(let queue, let limit):
      return .resourceExhausted(
        "too much work waits for the database; try again",
        limit: LimitExceeded(name: queue, limit: Int64(limit), actual: Int64(limit)),
        retryAfterMilliseconds: 100)
    case .closed: return .unavailable("the service is shutting down; try again")
    case .busy, .diskFull, .readOnly, .inputOutput:
      report("\(error)")
      return .unavailable("the database cannot be written now; nothing was changed; try again")
    default:
      report("\(error)")
      return RPCError(.internal, "the database failed; the service's log says why")
    }
  }
}
