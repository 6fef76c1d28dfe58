import Identity
import RPC
import ServiceKit

/// Who calls which method, and under which trace.
///
/// A class, so that what is made for each call refers to it at the cost of one word.
final class CallIdentity: Sendable {
  let scope: TenantScope
  let method: String
  /// W3C trace id, hexadecimal.
  let trace: String
  /// Unix milliseconds: until when it is sure that the scope is the caller's. Calls that last end
  /// then.
  let validUntil: Int64

  init(_ principal: Principal, method: String, trace: String) {
    scope = TenantScope(principal)
    self.method = method
    self.trace = trace
    // As long as a principal is taken that comes with a new call.
    validUntil = principal.expireTime + Principal.maximumSkewMilliseconds
  }
}

extension ServerContext {
  /// Who calls what, for the core.
  func identity() throws -> CallIdentity {
    CallIdentity(try principal(), method: method.name, trace: trace.traceID)
  }
}
