import RPC

// Watches as calls, with the errors that their callers get.

extension Watchers {
  /// Begins to watch for a caller.
  ///
  /// - Parameter participant: `nil` watches all.
  func begin(
    for call: CallIdentity, _ useCase: String, _ participant: String? = nil
  ) throws -> Watch {
    do throws(Refusal) {
      return try begin(
        tenant: call.scope.tenant, useCase: useCase, participant: participant)
    } catch {
      switch error {
      case .closed: throw Self.shutdown
      case .full(let name, let limit):
        throw RPCError.resourceExhausted(
          "no further \(subject) can be watched here now; end another watch, or ask anew at times",
          limit: LimitExceeded(name: name, limit: Int64(limit), actual: Int64(limit)))
      }
    }
  }

  /// Why a watch is over that its caller has not ended.
  static func end() throws -> RPCError {
    try Task.checkCancellation()
    return shutdown
  }

  private static var shutdown: RPCError {
    .unavailable("the service is shutting down; watch again")
  }
}
