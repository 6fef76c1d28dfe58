import API
import RPC
import Testing

@testable import Identity

/// Beside the matrix of `AuthorisationMatrixTests`: what no new schema may open by mistake.
@Suite("What stays closed")
struct AccessTests {
  private static let callers: [(name: String, principal: Principal?)] =
    [("nobody", nil), ("a user without roles", user([]))]
    + Role.allCases.map { role in
      role == .service ? (role.name, service) : (role.name, user([role]))
    }

  private static func user(_ roles: Set<Role>) -> Principal {
    Principal(
      tenant: "acme", user: "usr_1", email: "a@b.eu", roles: roles, issueTime: 0, expireTime: 1)
  }

  private static let service = Principal(
    tenant: "", user: "catalog", email: "", roles: [.service], issueTime: 0, expireTime: 1,
    issuer: "catalog")

  private static func outcome(_ method: MethodDescriptor, _ caller: Principal?) -> StatusCode {
    do {
      try Access.check(method, caller)
      return .ok
    } catch {
      return (error as? RPCError)?.code ?? .unknown
    }
  }

  @Test("Only health, reflection and the echo of tests are open to anyone")
  func open() {
    let open = APIDescriptors.methods.filter { $0.access.scope == AccessScope.anyone.rawValue }
    let services = Set(open.map(\.service))
    #expect(
      services.isSubset(of: [
        "assay.rpc.v1.Health", "assay.rpc.v1.Reflection", "assay.testing.v1.EchoService",
      ]))
  }

  @Test("A role that this version does not know lets nobody in")
  func unknownRole() {
    let access = MethodAccess(roles: [99], scope: AccessScope.caller.rawValue)
    let method = MethodDescriptor(name: "assay.x.v1.X.Y", access: access)
    for caller in Self.callers where caller.principal != nil {
      #expect(Self.outcome(method, caller.principal) == .permissionDenied, "\(caller.name)")
    }
  }
}
