import RPC

/// Whether a principal may call a method, by what the schema says of it.
public enum Access {
  /// - Throws: UNAUTHENTICATED, PERMISSION_DENIED, or UNIMPLEMENTED for a method that is not for
  ///   people at all.
  public static func check(_ method: MethodDescriptor, _ principal: Principal?) throws {
    guard let scope = AccessScope(rawValue: method.access.scope) else {
      // The schema says nothing: nobody may call it.
      throw RPCError.permissionDenied("\(method.name): closed to everybody")
    }
    guard scope != .anyone else { return }
    guard let principal else {
      throw RPCError.unauthenticated(IdentityError.missing.description)
    }
    switch scope {
    case .service:
      // To people the methods between services do not exist.
      guard principal.isService else { throw RPCError.unimplementedMethod(method.name) }
    case .operator:
      guard principal.isOperator else { throw refused(method, [.operator]) }
    case .caller:
      guard !principal.isService, !principal.roles.isEmpty else { throw refused(method, []) }
    case .anyone:
      break
    }
    let wanted = method.access.roles
    guard wanted.isEmpty || principal.roles.contains(where: { wanted.contains($0.rawValue) })
    else { throw refused(method, wanted.compactMap(Role.init(rawValue:))) }
  }

  private static func refused(_ method: MethodDescriptor, _ wanted: [Role]) -> RPCError {
    let names = wanted.map(\.name).joined(separator: " or ")
    let what = names.isEmpty ? "a user's key" : "the role \(names)"
    return .permissionDenied("\(method.name) needs \(what)")
  }
}
