import API
import Crypto
import Testing

@testable import Identity

@Suite("Principals and who may sign them")
struct KeyringTests {
  private static let now: Int64 = 1_800_000_000_000
  private let gateway = PrincipalSigner(issuer: "gateway", key: Ed25519.PrivateKey())
  private let catalogKey = Ed25519.PrivateKey()
  private let gatewayKey = Ed25519.PrivateKey()

  private func keyring() -> Keyring {
    Keyring(keys: ["gateway": gatewayKey.publicKey, "catalog": catalogKey.publicKey])
  }

  private func user(
    roles: Set<Role> = [.organiser], lifetime: Int64 = 60_000, issue: Int64 = now,
    tenant: String = "clinic"
  ) -> Principal {
    Principal(
      tenant: tenant, user: "usr_1", email: "ada@clinic.example", roles: roles, keyID: "key_1",
      issueTime: issue, expireTime: issue + lifetime)
  }

  private func signed(_ principal: Principal, by issuer: String) -> [UInt8] {
    let key = issuer == "catalog" ? catalogKey : gatewayKey
    return PrincipalSigner(issuer: issuer, key: key).sign(principal)
  }

  private func failure(_ bytes: [UInt8], now: Int64 = now) -> IdentityError? {
    do {
      _ = try keyring().verify(bytes, now: now)
      return nil
    } catch {
      return error
    }
  }

  @Test("what the gateway signs is read back whole")
  func roundTrip() throws {
    let principal = user()
    #expect(try keyring().verify(signed(principal, by: "gateway"), now: Self.now) == principal)
  }

  @Test("another key under the gateway's name is refused")
  func forged() {
    #expect(failure(gateway.sign(user())) == .wrongSignature)
  }

  @Test("one changed byte anywhere is refused, and never crashes")
  func tampered() {
    let bytes = signed(user(), by: "gateway")
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 1
      #expect(failure(changed) != nil, "byte \(index)")
    }
  }

  @Test("a service's key signs only itself, the gateway's only users")
  func issuers() {
    #expect(failure(signed(user(), by: "catalog")) == .notForIssuer)
    let other = Principal(
      tenant: "", user: "worker", email: "", roles: [.service], issueTime: Self.now,
      expireTime: Self.now + 1_000)
    #expect(failure(signed(other, by: "catalog")) == .notForIssuer)
    #expect(failure(signed(user(roles: [.service]), by: "gateway")) == .notForIssuer)
    let own = PrincipalSigner(issuer: "catalog", key: catalogKey).servicePrincipal(now: Self.now)
    #expect(failure(own) == nil)
  }

  @Test("an unknown issuer, nothing, and noise are refused")
  func malformed() {
    let stranger = PrincipalSigner(issuer: "stranger", key: Ed25519.PrivateKey()).sign(user())
    #expect(failure(stranger) == .unknownIssuer)
    #expect(failure([]) == .missing)
    #expect(failure([0xFF, 0xFF, 0xFF]) == .malformed)
  }

  @Test("times: expired, from the future, living too long; also for one that was seen before")
  func times() throws {
    let bytes = signed(user(), by: "gateway")
    let keyring = keyring()
    _ = try keyring.verify(bytes, now: Self.now)
    #expect(throws: IdentityError.expired) {
      try keyring.verify(bytes, now: Self.now + 60_000 + Principal.maximumSkewMilliseconds)
    }
    #expect(failure(bytes, now: Self.now - 31_000) == .notYetValid)
    let long = user(lifetime: Principal.maximumLifetimeMilliseconds + 1)
    #expect(failure(signed(long, by: "gateway")) == .lifetimeTooLong)
  }

  @Test(
    "e-mail addresses",
    arguments: [
      ("Ada@Clinic.Example", "ada@clinic.example"), ("a@b", nil), ("@b.c", nil), ("a@@b.c", nil),
      ("a b@c.d", nil), ("a@b..c", nil), ("a@b.c\n", nil), ("", nil),
    ] as [(String, String?)])
  func emails(text: String, expected: String?) {
    #expect(Email.normalise(text) == expected)
  }

  @Test(
    "tenant slugs",
    arguments: [
      ("clinic", true), ("a1-b", true), ("a", false), ("1a", false), ("A1", false),
      ("under_score", false), (String(repeating: "a", count: 41), false),
    ])
  func slugs(text: String, isValid: Bool) {
    #expect(TenantName.isValid(text) == isValid)
  }
}
