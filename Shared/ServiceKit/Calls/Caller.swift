import Crypto
import Identity
import RPC

/// Who makes a call, as established before the handler runs; the context's attachment. The calls of
/// one principal on one loop share it.
public final class Caller: PrincipalFacts, @unchecked Sendable {
  // @unchecked Sendable: two constants; the checked conformance is not to be had below a class that
  // is open.

  /// Nil for nobody in particular, which only methods open to anyone see.
  public let principal: Principal?
  /// The principal's signed bytes, for calls onward; empty without one.
  public let signed: [UInt8]

  public init(principal: Principal?, signed: [UInt8]) {
    self.principal = principal
    self.signed = signed
  }

  static let nobody = Caller(principal: nil, signed: [])
}

extension ServerContext {
  /// Who makes this call; nil if nothing has established it.
  public var caller: Caller? { attachment as? Caller }

  /// The verified principal of this call.
  ///
  /// - Throws: UNAUTHENTICATED if the method is open to anyone and this caller is nobody.
  public func principal() throws -> Principal {
    guard let principal = caller?.principal else {
      throw RPCError.unauthenticated("\(method.name): a key or token is needed")
    }
    return principal
  }

  /// The scope of the caller's queries.
  public func scope() throws -> TenantScope {
    TenantScope(try principal())
  }
}

/// Establishes callers by their signed principals, and lets the schema's method options decide.
public struct PrincipalAuthorizer: Sendable {
  private let keyring: Keyring
  private let clock: WallClock

  public init(_ keyring: Keyring, clock: WallClock = .system) {
    self.keyring = keyring
    self.clock = clock
  }

  /// Verifies the call's principal and sets the context's caller.
  ///
  /// - Throws: UNAUTHENTICATED or PERMISSION_DENIED; UNIMPLEMENTED to people who call what is for
  ///   services.
  public func authorize(_ context: inout ServerContext) throws {
    var caller = Caller.nobody
    if !context.principal.isEmpty {
      do {
        caller = try verify(context.presentedPrincipal)
      } catch {
        // A method open to anyone is open to the holder of a stale principal too.
        guard AccessScope(rawValue: context.method.access.scope) == .anyone else {
          throw RPCError.unauthenticated(error.description)
        }
      }
    }
    try Access.check(context.method, caller.principal)
    context.attachment = caller
  }

  /// The signature is checked once for all calls that bring the same bytes, the times at each.
  private func verify(_ presented: PresentedPrincipal) throws(IdentityError) -> Caller {
    let now = clock.now()
    if let caller = presented.facts as? Caller, let principal = caller.principal {
      try keyring.checkTimes(principal, now: now)
      return caller
    }
    let principal = try keyring.verify(presented.bytes, now: now)
    let caller = Caller(principal: principal, signed: presented.bytes)
    presented.keep(caller)
    return caller
  }
}
