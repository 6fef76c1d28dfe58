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
        tenant: call.scope.tenant, useCase: useCase, participant: participant,
        until: call.validUntil)
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
  func reasonOfEnd() throws -> RPCError {
    try Task.checkCancellation()
    return isClosed ? Self.shutdown : Self.expired
  }

  /// - Throws: ABORTED, by which the caller is to watch again, once it must prove anew who it is.
  static func check(_ call: CallIdentity, at now: Int64) throws {
    guard now < call.validUntil else { throw expired }
  }

  /// Roles may have been taken away and keys revoked since the call began. Not UNAVAILABLE, for
  /// nothing is wrong with this service; not UNAUTHENTICATED, for the caller may well be known yet.
  private static var expired: RPCError {
    .aborted(
      "who calls was established some minutes ago, and is to be established anew; watch again, "
        + "after what was heard last")
  }

  private static var shutdown: RPCError {
    .unavailable("the service is shutting down; watch again")
  }
}
