/// Why a command is not carried out. Nothing has changed then.
public enum Refusal: Error, Equatable, Sendable, CustomStringConvertible {
  /// The use case does not run now.
  case notOpen(StopReason)
  /// It starts at the moment, unix milliseconds.
  case notStarted(start: Int64)
  case notParticipant
  /// Nothing is free of the allocation.
  case exhausted(AllocationStatus)
  /// So many runs of the participant live already.
  case tooManyRuns(limit: Int)
  case unknownRun(String)
  /// It has ended, and so can be neither paused nor resumed.
  case runEnded(String)
  /// Its team may not resume it.
  case pausedByOrganiser(String)
  case unknownParticipant(String)
  /// Less is there than the command would move.
  case insufficient(available: GFLOP, needed: GFLOP)
  case sameParticipant
  case nothing(field: String)
  case badThresholds
  case runExists(String)
  case negative(field: String)
  case tooLarge(field: String, limit: GFLOP)
  /// The use case came with terms that are not newer than those known.
  case staleTerms(known: Int64)
  /// The terms are another use case's, or say that the use case changed hands.
  case foreignTerms
  case quantity(QuantityError)
  /// The postings would break a rule of the ledger: a defect of this program, never of its input.
  case fault(LedgerFault)

  public var description: String {
    switch self {
    case .notOpen(let reason): "no run can start: \(reason)"
    case .notStarted: "no run can start yet: the use case has not begun"
    case .notParticipant: "the caller has not joined the use case"
    case .exhausted(let status):
      "no compute is free: of \(status.total) are \(status.used) used and \(status.held) held "
        + "by live runs; finish one of them, or ask the organiser to raise the budget"
    case .tooManyRuns(let limit):
      "\(limit) runs of the participant are running or paused, which is the limit; finish one of "
        + "them first"
    case .unknownRun(let run): "there is no run \(run)"
    case .runEnded(let run): "run \(run) has ended; start another one"
    case .pausedByOrganiser(let run):
      "run \(run) was paused by an organiser; an owner or organiser of the use case's tenant may "
        + "resume it"
    case .unknownParticipant(let participant):
      "there is no participant \(participant) in the use case"
    case .insufficient(let available, let needed):
      "\(needed) are needed and \(available) are there; top the budget up, or free some compute"
    case .sameParticipant: "a transfer is between two participants"
    case .nothing(let field): "\(field) must be more than zero"
    case .badThresholds:
      "thresholds: at most \(ComputeLimits.maximumThresholds), each from 1 to "
        + "\(ComputeLimits.maximumThreshold) percent"
    case .runExists(let run): "run \(run) has been started already"
    case .negative(let field): "\(field) is negative; counters begin at 0 and only grow"
    case .tooLarge(let field, let limit): "\(field) is more than the limit of \(limit)"
    case .staleTerms(let known): "version \(known) of the use case is known already"
    case .foreignTerms: "a use case keeps its id and its owning tenant for ever"
    case .quantity(let error): error.description
    case .fault(let fault): "the ledger refuses the entry: \(fault)"
    }
  }
}

/// A participant's share, and where it is.
public struct AllocationStatus: Sendable, Hashable {
  public let used: GFLOP
  public let held: GFLOP
  public let free: GFLOP
  /// The share itself: the sum of the three.
  public let total: GFLOP

  init(used: GFLOP, held: GFLOP, free: GFLOP) throws(QuantityError) {
    self.used = used
    self.held = held
    self.free = free
    total = try used + held + free
  }
}
