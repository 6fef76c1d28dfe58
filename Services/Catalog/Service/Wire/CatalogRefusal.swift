import CatalogDomain
import RPC
import Storage

/// What this service refuses beyond the domain's own rules.
enum CatalogRefusal: Error, Sendable {
  /// The caller sees the use case, but it is another's to change.
  case notManager
  case notStaff
  /// An upload that does not keep to its protocol.
  case upload(String)
  /// Too many uploads at once.
  case busy(LimitReached)
  /// A service or a key without an e-mail address cannot be a team's member.
  case noAddress
}

/// The one place where errors become statuses.
enum StatusMap {
  /// Nil for an error that is none of this service's.
  static func status(of error: any Error) -> RPCError? {
    switch error {
    case let error as RPCError: error
    case let error as CatalogError: catalogStatus(error)
    case let error as CatalogRefusal: refusalStatus(error)
    case let error as StorageError: storageStatus(error)
    default: nil
    }
  }

  private static func catalogStatus(_ error: CatalogError) -> RPCError {
    switch error {
    case .invalid(let faults):
      return .invalidArgument(
        faults.count == 1
          ? error.description : "\(faults.count) fields are at fault: \(error.description)",
        violations: faults.map(violation))
    case .notNow(let message, let faults):
      var status = RPCError.failedPrecondition(message)
      status.details.fieldViolations = faults.map(violation)
      return status
    case .notFound(let kind, let name): return .notFound(kind, name)
    case .taken(let kind, let name, let message):
      var status = RPCError.alreadyExists(kind, name)
      status.message = message
      return status
    case .limit(let message, let reached):
      return .resourceExhausted(message, limit: limit(reached))
    case .stale: return .aborted(error.description)
    }
  }

  private static func refusalStatus(_ refusal: CatalogRefusal) -> RPCError {
    switch refusal {
    case .notManager:
      .permissionDenied(
        "only owners and organisers of the tenant that owns the use case may do this")
    case .notStaff:
      .permissionDenied("only the tenant that owns the use case may see this")
    case .upload(let message): .invalidArgument(message)
    case .busy(let reached):
      .resourceExhausted(
        "\(reached.name): \(reached.limit) at once; try again in a moment",
        limit: limit(reached), retryAfterMilliseconds: 1_000)
    case .noAddress:
      .failedPrecondition("joining needs a user with an e-mail address")
    }
  }

  private static func storageStatus(_ error: StorageError) -> RPCError? {
    switch error {
    case .overloaded(let queue, let limit):
      .resourceExhausted(
        "the catalogue is overloaded; try again in a moment",
        limit: LimitExceeded(name: queue, limit: Int64(limit), actual: Int64(limit) + 1),
        retryAfterMilliseconds: 500)
    case .closed: .unavailable("the catalogue is shutting down; try again")
    case .diskFull: .unavailable("the catalogue's disk is full; its operator must make room")
    default: nil
    }
  }

  private static func violation(_ fault: FieldFault) -> FieldViolation {
    FieldViolation(field: fault.field, description: fault.description)
  }

  private static func limit(_ reached: LimitReached) -> LimitExceeded {
    LimitExceeded(
      name: reached.name, limit: reached.limit, actual: reached.actual, setting: reached.setting)
  }
}
