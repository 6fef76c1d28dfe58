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
    var error = RPCError(.unimplemented, "no such method here: \(name)")
    error.details.notProcessed = true
    return error
  }

  /// Bytes that are not the message that the method takes.
  static func malformed(_ what: String, _ cause: some Error) -> RPCError {
    RPCError(.invalidArgument, "malformed \(what): \(cause)")
  }

  static let cancelled = RPCError(.cancelled, "the call was cancelled")
}
