import API
import Crypto
import Foundation
import GatewayDomain
import RPC
import Testing

@testable import GatewayService

/// Beside `AuthenticationTests`: the same over real sockets, from the first operator on.
@Suite("Credentials over the wire")
struct WireCredentialTests {
  @Test("Bootstrap makes one operator and one key, however often it runs, in a file of its own")
  func bootstrap() async throws {
    let house = try await House()
    let file = house.folder + "/operator.key"
    let again = try await Bootstrap.run(
      house.database, email: "OP@example.org", keyFile: file, clock: house.clock.clock)
    #expect(again == .unchanged)
    let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let me = try await house.identity.whoAmI(
      IdentityWhoAmIRequest(), options: house.options(house.operatorKey))
    #expect(me.tenant?.name == "operator")
    #expect(me.principal?.roles == [.operator, .owner])
    let keys = try await house.identity.listKeys(
      IdentityListKeysRequest(), options: house.options(house.operatorKey))
    #expect(keys.keys.count == 1)
    await house.stop()
  }

  @Test("No credential, nonsense, an unknown key and a wrong secret are all UNAUTHENTICATED")
  func refused() async throws {
    let house = try await House()
    for credential in ["", "nonsense", APIKey.make(tenant: "operator").text] {
      let code = await House.code {
        try await house.identity.whoAmI(
          IdentityWhoAmIRequest(), options: house.options(credential))
      }
      #expect(code == .unauthenticated)
    }
    await house.stop()
  }

  @Test("A token stands for its key, ends at its time, and dies with the key")
  func tokens() async throws {
    let house = try await House()
    let owner = try await house.tenant("acme", email: "ann@acme.eu", roles: [.owner])
    let issued = try await house.identity.issueToken(
      IdentityIssueTokenRequest(lifetimeSeconds: 120), options: house.options(owner))
    let options = house.options(issued.token)
    let me = try await house.identity.whoAmI(IdentityWhoAmIRequest(), options: options)
    #expect(me.principal?.email == "ann@acme.eu")
    house.clock.advance(milliseconds: 120_000)
    #expect(
      await House.code {
        try await house.identity.whoAmI(IdentityWhoAmIRequest(), options: options)
      } == .unauthenticated)

    let second = try await house.identity.issueToken(
      IdentityIssueTokenRequest(), options: house.options(owner))
    let keyID = try #require(me.principal?.keyId)
    _ = try await house.identity.revokeKey(
      IdentityRevokeKeyRequest(id: keyID), options: house.options(owner))
    #expect(
      await House.code {
        try await house.identity.whoAmI(
          IdentityWhoAmIRequest(), options: house.options(second.token))
      } == .unauthenticated)
    await house.stop()
  }
}
