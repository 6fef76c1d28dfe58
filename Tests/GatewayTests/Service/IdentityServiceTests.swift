import API
import RPC
import Testing

@testable import GatewayService

@Suite("Tenants, users, keys")
struct IdentityServiceTests {
  @Test("An owner makes users of the own tenant, and another tenant does not exist")
  func owners() async throws {
    let house = try await House()
    let owner = house.options(
      try await house.tenant("acme", email: "ann@acme.eu", roles: [.owner]))
    _ = try await house.tenant("rival", email: "rob@rival.eu", roles: [.owner])
    let user = try await house.identity.createUser(
      IdentityCreateUserRequest(email: "Ben@Acme.EU", roles: [.organiser]), options: owner)
    #expect(user.tenant == "acme")
    #expect(user.email == "ben@acme.eu")
    var answers: [RPCError?] = []
    for name in ["rival", "nowhere"] {
      answers.append(
        await House.failure {
          try await house.identity.listUsers(IdentityListUsersRequest(tenant: name), options: owner)
        })
      #expect(
        await House.code {
          try await house.identity.createUser(
            IdentityCreateUserRequest(tenant: name, email: "x@y.eu", roles: [.owner]),
            options: owner)
        } == .notFound)
    }
    #expect(answers.allSatisfy { $0?.code == .notFound })
    let users = try await house.identity.listUsers(IdentityListUsersRequest(), options: owner)
    #expect(users.users.map(\.email) == ["ann@acme.eu", "ben@acme.eu"])
    await house.stop()
  }

  @Test(
    "An owner cannot claim an address of somebody else's mail domain; an operator vouches for any")
  func foreignAddresses() async throws {
    let house = try await House()
    let owner = house.options(
      try await house.tenant("acme", email: "ann@acme.eu", roles: [.owner]))
    let op = house.options(house.operatorKey)
    for email in ["rob@rival.eu", "x@sub.acme.eu", "x@acme.eu.evil.org", "x@notacme.eu"] {
      let request = IdentityCreateUserRequest(tenant: "acme", email: email, roles: [.participant])
      #expect(
        await House.code { try await house.identity.createUser(request, options: owner) }
          == .permissionDenied, "\(email)")
    }
    _ = try await house.identity.createUser(
      IdentityCreateUserRequest(tenant: "acme", email: "guest@rival.eu", roles: [.participant]),
      options: op)
    await house.stop()
  }

  @Test("A mail domain belongs to one tenant, and what is refused changes nothing")
  func domains() async throws {
    let house = try await House()
    let op = house.options(house.operatorKey)
    let owner = house.options(
      try await house.tenant("acme", email: "ann@acme.eu", roles: [.owner]))
    _ = try await house.tenant("rival", email: "rob@rival.eu", roles: [.owner])
    func set(_ domains: [String], _ options: CallOptions) async -> StatusCode {
      await House.code {
        try await house.identity.setEmailDomains(
          IdentitySetEmailDomainsRequest(tenant: "acme", emailDomains: domains), options: options)
      }
    }
    #expect(await set(["acme.com"], owner) == .permissionDenied)
    #expect(await set(["acme.com", "RIVAL.eu"], op) == .alreadyExists)
    #expect(await set(["no domain"], op) == .invalidArgument)
    let before = try await house.identity.whoAmI(IdentityWhoAmIRequest(), options: owner)
    #expect(before.tenant?.emailDomains == ["acme.eu"])
    #expect(await set(["acme.com"], op) == .ok)
    let after = try await house.identity.whoAmI(IdentityWhoAmIRequest(), options: owner)
    #expect(after.tenant?.emailDomains == ["acme.com"])
    await house.stop()
  }

  @Test("Nobody but an operator makes operators or tenants, and nobody makes services")
  func escalation() async throws {
    let house = try await House()
    let owner = house.options(
      try await house.tenant("acme", email: "ann@acme.eu", roles: [.owner]))
    func create(_ role: IdentityRole, _ options: CallOptions, tenant: String = "") async
      -> StatusCode
    {
      await House.code {
        try await house.identity.createUser(
          IdentityCreateUserRequest(tenant: tenant, email: "x@y.eu", roles: [role]),
          options: options)
      }
    }
    let op = house.options(house.operatorKey)
    #expect(await create(.operator, owner) == .permissionDenied)
    #expect(await create(.operator, op, tenant: "acme") == .permissionDenied)
    #expect(await create(.service, op) == .invalidArgument)
    #expect(await create(.operator, op) == .ok)
    #expect(
      await House.code {
        try await house.identity.createTenant(
          IdentityCreateTenantRequest(name: "mine"), options: owner)
      } == .permissionDenied)
    await house.stop()
  }

  @Test("A key never gives more than its maker has")
  func keyRoles() async throws {
    let house = try await House()
    _ = try await house.tenant("acme", email: "ann@acme.eu", roles: [.owner])
    let both = try await house.user(
      "acme", email: "ben@acme.eu", roles: [.organiser, .participant])
    let narrow = try await house.identity.createKey(
      IdentityCreateKeyRequest(roles: [.participant]), options: house.options(both))
    #expect(narrow.key?.roles == [.participant])
    let options = house.options(narrow.secret)
    #expect(
      await House.code {
        try await house.identity.createKey(
          IdentityCreateKeyRequest(roles: [.organiser]), options: options)
      } == .permissionDenied)
    let same = try await house.identity.createKey(IdentityCreateKeyRequest(), options: options)
    #expect(same.key?.roles == [.participant])
    #expect(
      await House.code {
        try await house.identity.createKey(
          IdentityCreateKeyRequest(email: "ann@acme.eu"), options: options)
      } == .notFound)
    await house.stop()
  }

  @Test("A user sees and revokes the own keys only; an owner all of the tenant")
  func ownKeys() async throws {
    let house = try await House()
    let ann = try await house.tenant("acme", email: "ann@acme.eu", roles: [.owner])
    let ben = try await house.user("acme", email: "ben@acme.eu", roles: [.viewer])
    let rob = try await house.tenant("rival", email: "rob@rival.eu", roles: [.owner])
    func keys(_ key: String) async throws -> [IdentityKey] {
      try await house.identity.listKeys(IdentityListKeysRequest(), options: house.options(key)).keys
    }
    #expect(try await keys(ann).count == 2)
    #expect(try await keys(ben).map(\.email) == ["ben@acme.eu"])
    let annsKey = try #require(try await keys(ann).first { $0.email == "ann@acme.eu" })
    for stranger in [ben, rob] {
      #expect(
        await House.code {
          try await house.identity.revokeKey(
            IdentityRevokeKeyRequest(id: annsKey.id), options: house.options(stranger))
        } == .notFound)
    }
    await house.stop()
  }

  @Test("Lists go on page by page to their end, and a foreign token is refused")
  func pages() async throws {
    let house = try await House()
    let op = house.options(house.operatorKey)
    for name in ["t1", "t2", "t3", "t4"] {
      _ = try await house.identity.createTenant(
        IdentityCreateTenantRequest(name: name), options: op)
    }
    var (names, token): ([String], String) = ([], "")
    repeat {
      let page = try await house.identity.listTenants(
        IdentityListTenantsRequest(pageSize: 2, pageToken: token), options: op)
      names += page.tenants.map(\.name)
      token = page.nextPageToken
    } while !token.isEmpty
    #expect(names == ["operator", "t1", "t2", "t3", "t4"])
    for token in ["***", "bm8"] {
      #expect(
        await House.code {
          try await house.identity.listUsers(
            IdentityListUsersRequest(pageToken: token), options: op)
        } == .invalidArgument)
    }
    await house.stop()
  }

  @Test("What is there already is ALREADY_EXISTS; what is malformed names its field")
  func mistakes() async throws {
    let house = try await House()
    _ = try await house.tenant("acme", email: "ann@acme.eu", roles: [.owner])
    let op = house.options(house.operatorKey)
    let cases: [(IdentityCreateTenantRequest, StatusCode, String)] = [
      (IdentityCreateTenantRequest(name: "acme"), .alreadyExists, ""),
      (IdentityCreateTenantRequest(name: "A"), .invalidArgument, "name"),
      (IdentityCreateTenantRequest(name: "ab", country: "de"), .invalidArgument, "country"),
      (
        IdentityCreateTenantRequest(name: "ab", displayName: "a\nb"), .invalidArgument,
        "display_name"
      ),
    ]
    for (request, code, field) in cases {
      let failure = await House.failure {
        try await house.identity.createTenant(request, options: op)
      }
      #expect(failure?.code == code)
      #expect(failure?.details.fieldViolations.first?.field ?? "" == field)
    }
    #expect(
      await House.code {
        try await house.identity.createUser(
          IdentityCreateUserRequest(tenant: "acme", email: "ANN@acme.eu", roles: [.owner]),
          options: op)
      } == .alreadyExists)
    await house.stop()
  }
}
