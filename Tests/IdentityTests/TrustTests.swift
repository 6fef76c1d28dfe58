import API
import Crypto
import Foundation
import Testing

@testable import Identity

/// Beside `KeyringTests`: the limits of what a good key may say.
@Suite("The limits of trust")
struct TrustTests {
  private let now: Int64 = 1_800_000_000_000
  private let gateway: PrincipalSigner
  private let catalog: PrincipalSigner
  private let keyring: Keyring

  init() {
    let (gatewayKey, catalogKey) = (Ed25519.PrivateKey(), Ed25519.PrivateKey())
    gateway = PrincipalSigner(issuer: "gateway", key: gatewayKey)
    catalog = PrincipalSigner(issuer: "catalog", key: catalogKey)
    keyring = Keyring(keys: ["gateway": gatewayKey.publicKey, "catalog": catalogKey.publicKey])
  }

  private func user(issued: Int64) -> Principal {
    Principal(
      tenant: "acme", user: "usr_1", email: "ann@acme.eu", roles: [.owner],
      issueTime: now + issued, expireTime: now + issued + 300_000)
  }

  @Test("A service signs no other service, no user, and no user's role beside its own")
  func service() {
    for (user, roles) in [
      ("evaluation", Set([Role.service])), ("catalog", [.service, .operator]), ("catalog", []),
      ("catalog", [.owner]),
    ] {
      let signed = catalog.sign(
        Principal(
          tenant: "", user: user, email: "", roles: roles, issueTime: now, expireTime: now + 1_000,
          issuer: "catalog"))
      #expect(throws: IdentityError.notForIssuer) { try keyring.verify(signed, now: now) }
    }
  }

  @Test("Clocks may differ by 30 seconds, not more")
  func skew() throws {
    _ = try keyring.verify(gateway.sign(user(issued: 30_000)), now: now)
    let early = gateway.sign(user(issued: 30_001))
    #expect(throws: IdentityError.notYetValid) { try keyring.verify(early, now: now) }
  }

  @Test("Times at the ends of the wire's range are refused, and nothing traps")
  func extremeTimes() {
    let message = IdentityPrincipal(
      tenant: "acme", user: "usr_1", email: "", roles: [.owner],
      issueTime: Google_Protobuf_Timestamp(seconds: .min, nanos: 0),
      expireTime: Google_Protobuf_Timestamp(seconds: .max, nanos: 0))
    let bytes = message.serialized()
    let signed = IdentitySignedPrincipal(
      principal: bytes, issuer: "gateway", signature: extremeKey.sign(bytes)
    ).serialized()
    let keyring = Keyring(keys: ["gateway": extremeKey.publicKey])
    #expect(throws: IdentityError.lifetimeTooLong) { try keyring.verify(signed, now: now) }
  }

  private let extremeKey = Ed25519.PrivateKey()

  @Test("A keyring reads the public keys of a directory, and names a file that is none")
  func directory() throws {
    let folder = NSTemporaryDirectory() + "keyring-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let key = Ed25519.PrivateKey()
    try key.publicKey.pem.write(toFile: folder + "/gateway.pem", atomically: true, encoding: .utf8)
    try "x".write(toFile: folder + "/notes.txt", atomically: true, encoding: .utf8)
    let keyring = try Keyring(directory: folder)
    #expect(keyring.issuers == ["gateway"])
    let signer = PrincipalSigner(issuer: "gateway", key: key)
    _ = try keyring.verify(signer.sign(user(issued: 0)), now: now)

    try "x".write(toFile: folder + "/broken.pem", atomically: true, encoding: .utf8)
    let error = #expect(throws: IdentityError.self) { try Keyring(directory: folder) }
    #expect(error?.description.contains("broken.pem") == true)
  }
}
