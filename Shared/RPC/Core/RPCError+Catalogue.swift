// The errors that every service gives, each worded once.

extension RPCError {
  /// The thing does not exist, or the caller may not know that it does: the same bytes for both.
  public static func notFound(_ kind: String, _ name: String) -> RPCError {
    var error = RPCError(.notFound, "no such \(kind): \(name.isEmpty ? "(empty)" : name)")
    error.details.resource = ResourceReference(kind: kind, name: name)
    return error
  }

  public static func alreadyExists(_ kind: String, _ name: String) -> RPCError {
    var error = RPCError(.alreadyExists, "\(kind) exists already: \(name)")
    error.details.resource = ResourceReference(kind: kind, name: name)
    return error
  }

  /// One answer for every field at fault.
  public static func invalidArgument(_ message: String, violations: [FieldViolation] = [])
    -> RPCError
  {
    var error = RPCError(.invalidArgument, message)
    error.details.fieldViolations = violations
    return error
  }

  /// A single field at fault.
  public static func invalidField(_ field: String, _ description: String) -> RPCError {
    invalidArgument(
      "\(field): \(description)",
      violations: [FieldViolation(field: field, description: description)])
  }

  public static func failedPrecondition(_ message: String) -> RPCError {
    RPCError(.failedPrecondition, message)
  }

  public static func permissionDenied(_ message: String) -> RPCError {
    RPCError(.permissionDenied, message)
  }

  public static func unauthenticated(_ message: String) -> RPCError {
    RPCError(.unauthenticated, message)
  }

  /// The etag that the caller brought is not the present one.
  public static func aborted(_ message: String) -> RPCError {
    RPCError(.aborted, message)
  }

  /// A named limit was reached.
  public static func resourceExhausted(
    _ message: String, limit: LimitExceeded, retryAfterMilliseconds: UInt64? = nil
  ) -> RPCError {
    var error = RPCError(.resourceExhausted, message)
    error.details.limit = limit
    error.details.retryAfterMilliseconds = retryAfterMilliseconds
    return error
  }

  public static func unavailable(_ message: String) -> RPCError {
    RPCError(.unavailable, message)
  }

  public static func unimplementedMethod(_ name: String) -> RPCError {
    unimplemented("no such method here: \(name.prefix(maximumNameLength))", .unknownMethod)
  }

  /// The method of a service of which nothing is here.
  public static func unimplementedService(_ method: String) -> RPCError {
    unimplemented("no such service here: \(method.prefix(maximumNameLength))", .unknownService)
  }

  /// Characters of a name that callers made up; the rest is not repeated to them.
  private static let maximumNameLength = 256

  private static func unimplemented(_ message: String, _ origin: StatusOrigin) -> RPCError {
    var error = RPCError(.unimplemented, message)
    error.details.notProcessed = true
    error.details.origin = origin
    return error
  }

  /// A method that takes one message was called without.
  public static func missingMessage(_ method: String) -> RPCError {
    var error = RPCError(.invalidArgument, "\(method): the request has no message")
    error.details.origin = .malformed
    return error
  }

  /// Bytes that are not the message that the method takes.
  static func malformed(_ what: String, _ cause: some Error) -> RPCError {
    var error = RPCError(.invalidArgument, "malformed \(what): \(cause)")
    error.details.origin = .malformed
    return error
  }

  /// A buffer is full: peers send, or leave unread, more than may be held for them.
  static func bufferExhausted(
    _ owner: String, _ name: String, _ setting: String, limit: Int, actual: Int
  ) -> RPCError {
    var error = RPCError.notProcessed(
      .resourceExhausted, "\(owner) holds \(limit) bytes of unread messages, which is the most")
    error.details.limit = LimitExceeded(
      name: name, limit: Int64(limit), actual: Int64(actual), setting: setting)
    error.details.retryAfterMilliseconds = 100
    return error
  }

  /// What the runtime says, rather than a handler.
  static func runtime(_ code: StatusCode, _ message: String) -> RPCError {
    var error = RPCError(code, message)
    error.details.origin = .runtime
    return error
  }

  /// The same of a call that no handler has seen: it may be sent again.
  static func notProcessed(_ code: StatusCode, _ message: String) -> RPCError {
    var error = runtime(code, message)
    error.details.notProcessed = true
    return error
  }

  static let cancelled = runtime(.cancelled, "the call was cancelled")
}
