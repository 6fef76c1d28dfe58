import API
import Testing

@testable import Identity

@Suite("Names")
struct NameTests {
  @Test(
    "Tenant names are slugs",
    arguments: ["ab", "acme", "acme-2", "a1", "a" + String(repeating: "b", count: 39)])
  func tenants(_ name: String) {
    #expect(TenantName.isValid(name))
  }

  @Test(
    "Other names of tenants are refused",
    arguments: [
      "", "a", "1a", "-a", "Acme", "a_b", "a.b", "a b", "äb",
      "a" + String(repeating: "b", count: 40),
    ])
  func notTenants(_ name: String) {
    #expect(!TenantName.isValid(name))
  }

  @Test("E-mail addresses are compared in lower case")
  func lowerCase() {
    #expect(Email.normalise("Ann.Lee@ACME.eu") == "ann.lee@acme.eu")
  }

  @Test(
    "What is no e-mail address is refused",
    arguments: [
      "", "a", "a@", "@b.eu", "a@b", "a@@b.eu", "a@b@c.eu", "a b@c.eu", "a@b..eu", "a\n@b.eu",
      "<a@b.eu>", "a,b@c.eu",
    ])
  func notEmails(_ text: String) {
    #expect(Email.normalise(text) == nil)
  }

  @Test("An e-mail address has at most 254 bytes")
  func length() {
    let domain = String(repeating: "d.", count: 120) + "eu"
    #expect(Email.normalise(String(repeating: "a", count: 11) + "@" + domain) != nil)
    #expect(Email.normalise(String(repeating: "a", count: 13) + "@" + domain) == nil)
  }

  @Test("Roles have the numbers of the schema and are found by name")
  func roles() {
    for role in Role.allCases {
      #expect(Role(role.wire) == role)
      #expect(Role(name: role.name) == role)
    }
    #expect(Role(IdentityRole.unspecified) == nil)
    #expect(Role(name: "root") == nil)
  }
}
