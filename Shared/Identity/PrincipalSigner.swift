import API
import Codec
import Crypto

/// Signs principals with one issuer's key.
public struct PrincipalSigner: Sendable {
  public let issuer: String
  private let key: Ed25519.PrivateKey

  public init(issuer: String, key: Ed25519.PrivateKey) {
    self.issuer = issuer
    self.key = key
  }

  /// A serialized SignedPrincipal.
  public func sign(_ principal: Principal) -> [UInt8] {
    let bytes = principal.wire.serialized()
    return IdentitySignedPrincipal(principal: bytes, issuer: issuer, signature: key.sign(bytes))
      .serialized()
  }

  /// The service's own principal, for calls that no user makes.
  public func servicePrincipal(now: Int64) -> [UInt8] {
    sign(
      Principal(
        tenant: "", user: issuer, email: "", roles: [.service], issueTime: now,
        expireTime: now + Principal.maximumLifetimeMilliseconds, issuer: issuer))
  }
}
