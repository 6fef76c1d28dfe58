import Identity
import RPC
import ServiceKit

/// The check at the door: which method, who, whether they may, and whether there is quota left.
///
/// What a caller claims to be (the request's own principal) is never looked at.
struct GatewayAuthorizer: Sendable {
  let authenticator: Authenticator
  let quotas: QuotaKeeper
  let forwarded: ForwardedMethods

  func authorize(_ context: inout ServerContext) async throws {
    let method = try method(of: context)
    guard AccessScope(rawValue: method.access.scope) != .anyone else {
      if forwarded.find(method.name) != nil { try quotas.takeCall(QuotaKeeper.nobody) }
      context.attachment = Caller(principal: nil, signed: [])
      return
    }
    let caller = try await authenticator.authenticate(context.credential)
    try Access.check(method, caller.principal)
    try quotas.takeCall(caller.principal.tenant)
    context.attachment = Caller(principal: caller.principal, signed: caller.signed)
  }

  /// A method of our own as registered, or one that is forwarded, from the schemas. What is between
  /// services does not exist from outside.
  private func method(of context: ServerContext) throws -> MethodDescriptor {
    let isOwn = AccessScope(rawValue: context.method.access.scope) != nil
    let found = isOwn ? context.method : forwarded.find(context.method.name)?.method
    guard let method = found, AccessScope(rawValue: method.access.scope) != .service else {
      throw forwarded.unimplemented(context.method.name)
    }
    return method
  }
}
