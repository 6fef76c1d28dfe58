import Crypto
import GatewayDomain
import Testing

/// Beside `CredentialTests`: what an attacker or an odd clock would try.
@Suite("Edges of credentials and quotas")
struct EdgeTests {
  private let key = Ed25519.PrivateKey()
  private let claims = TokenClaims(
    tenant: "acme", keyID: "key_0123456789abcdef", roles: [2, 4], issuedAt: 100, expiresAt: 400)

  @Test("A token cannot choose its algorithm, even under a good signature")
  func algorithm() {
    let payload = claims.signed(by: key).split(separator: ".")[1]
    let header = Base64URL.encode(Array(#"{"alg":"none","typ":"JWT"}"#.utf8))
    #expect(TokenClaims("\(header).\(payload).", key: key.publicKey) == nil)
    let body = "\(header).\(payload)"
    let signature = Base64URL.encode(key.sign(Array(body.utf8)))
    #expect(TokenClaims("\(body).\(signature)", key: key.publicKey) == nil)
  }

  @Test("A text over the limit is refused unread")
  func tooLong() {
    #expect(APIKey(String(repeating: "a_", count: 2_000)) == nil)
  }

  @Test("Over any length of time no more passes than rate times time and one burst")
  func bound() {
    var bucket = TokenBucket(ratePerSecond: 7, burst: 3, now: 0)
    var taken = 0
    for now in stride(from: Int64(0), through: 60_000, by: 13) {
      while bucket.take(1, now: now) == nil { taken += 1 }
    }
    #expect((7 * 60 - 1...7 * 60 + 3).contains(taken), "\(taken)")
  }

  @Test("A rate of nothing is without limit, and the largest amounts trap nothing")
  func extremes() {
    var unlimited = TokenBucket(ratePerSecond: 0, now: 0)
    #expect(unlimited.take(.max, now: 0) == nil)
    var bucket = TokenBucket(ratePerSecond: TokenBucket.maximumRate, now: .min / 2)
    #expect(bucket.take(.max, now: .max / 2) == nil)
    #expect(bucket.take(.max, now: .max / 2) != nil)
  }
}
