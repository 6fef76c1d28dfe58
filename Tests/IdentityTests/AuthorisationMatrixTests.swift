import API
import RPC
import Testing

@testable import Identity

/// Every method of every schema, called as nobody and as each single role: generated from the
/// descriptors, so that a new method is in the matrix before anybody thinks of it.
@Suite("The authorisation matrix")
struct AuthorisationMatrixTests {
  private static let callers: [Role?] = [nil] + Role.allCases.map { $0 }

  private func principal(_ role: Role) -> Principal {
    Principal(
      tenant: role == .service ? "" : "clinic", user: "u", email: "u@clinic.example",
      roles: [role], issueTime: 0, expireTime: 1,
      issuer: role == .service ? "u" : Keyring.gatewayIssuer)
  }

  private func outcome(_ method: MethodDescriptor, _ role: Role?) -> StatusCode {
    do {
      try Access.check(method, role.map(principal))
      return .ok
    } catch {
      return (error as? RPCError)?.code ?? .unknown
    }
  }

  @Test("every method says whom it is for", arguments: APIDescriptors.methods)
  func declared(method: MethodDescriptor) {
    #expect(AccessScope(rawValue: method.access.scope) != nil, "\(method.name)")
    #expect(method.access.roles.allSatisfy { Role(rawValue: $0) != nil }, "\(method.name)")
  }

  @Test("nobody and wrong roles are refused, right ones let in", arguments: APIDescriptors.methods)
  func matrix(method: MethodDescriptor) throws {
    let scope = try #require(AccessScope(rawValue: method.access.scope))
    for role in Self.callers {
      let expected = expectation(scope, Set(method.access.roles), role)
      #expect(
        outcome(method, role) == expected, "\(method.name) as \(role?.name ?? "nobody")")
    }
  }

  /// The rule in the words of the schema, written down a second time.
  private func expectation(_ scope: AccessScope, _ roles: Set<Int32>, _ role: Role?) -> StatusCode {
    if scope == .anyone { return .ok }
    guard let role else { return .unauthenticated }
    if scope == .service, role != .service { return .unimplemented }
    if scope == .caller, role == .service { return .permissionDenied }
    if scope == .operator, role != .operator { return .permissionDenied }
    return roles.isEmpty || roles.contains(role.rawValue) ? .ok : .permissionDenied
  }

  @Test("a method whose schema says nothing is closed to everybody")
  func unsaid() {
    let method = MethodDescriptor(name: "assay.test.v1.Test.Test")
    for role in Self.callers { #expect(outcome(method, role) == .permissionDenied) }
  }
}
