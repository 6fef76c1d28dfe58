import Crypto
import Testing

@Suite("SHA-256, HMAC and the hash chain")
struct HashTests {
  @Test("SHA-256 gives the values of FIPS 180-4")
  func knownDigests() {
    #expect(
      SHA256.hash("abc").hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      SHA256.hash([UInt8]()).hex
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  @Test("hashing in pieces equals hashing at once, and a hasher starts anew after finalize")
  func incremental() {
    let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var hasher = SHA256Hasher()
    for start in stride(from: 0, to: bytes.count, by: 777) {
      hasher.update(Array(bytes[start..<min(start + 777, bytes.count)]))
    }
    #expect(hasher.finalize() == SHA256.hash(bytes))
    hasher.update("abc")
    #expect(hasher.finalize() == SHA256.hash("abc"))
  }

  @Test("a digest survives its bytes and its hexadecimal text, and refuses other lengths")
  func digestRoundTrips() {
    let digest = SHA256.hash("x")
    #expect(Digest(bytes: digest.bytes) == digest)
    #expect(Digest(hex: digest.hex.uppercased()) == digest)
    #expect(Digest(bytes: [1, 2]) == nil)
    #expect(Digest(hex: String(repeating: "g", count: 64)) == nil)
    #expect(Digest(hex: digest.hex + "00") == nil)
    #expect(Digest.zero < digest)
  }

  @Test(
    "HMAC gives the values of RFC 4231",
    arguments: [
      (
        [UInt8](repeating: 0x0b, count: 20), "Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
      ),
      (
        Array("Jefe".utf8), "what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
      ),
      (
        [UInt8](repeating: 0xaa, count: 131),
        "Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
      ),
    ])
  func knownTags(key: [UInt8], message: String, expected: String) {
    let authenticator = HMACSHA256(key: key)
    let tag = authenticator.authenticate(Array(message.utf8))
    #expect(tag.hex == expected)
    #expect(authenticator.isValid(tag.bytes, for: Array(message.utf8)))
    #expect(!authenticator.isValid(tag.bytes, for: Array((message + "!").utf8)))
  }

  @Test("an empty key and an empty message are authenticated too")
  func emptyKey() {
    #expect(
      HMACSHA256(key: []).authenticate([]).hex
        == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
  }

  @Test("constant-time comparison agrees with ==")
  func comparison() {
    #expect(constantTimeEquals([1, 2, 3], [1, 2, 3]))
    #expect(!constantTimeEquals([1, 2, 3], [1, 2, 4]))
    #expect(!constantTimeEquals([1, 2, 3], [1, 2]))
    #expect(constantTimeEquals("", ""))
    #expect(constantTimeEquals(SHA256.hash("a"), SHA256.hash("a")))
    #expect(!constantTimeEquals(SHA256.hash("a"), SHA256.hash("b")))
  }

  @Test("the hash chain's encoding is the documented one")
  func chainEncoding() {
    var hasher = SHA256Hasher()
    hasher.update([UInt8](repeating: 0, count: 32))
    hasher.update([2, 0, 0, 0, 0, 0, 0, 0, 2] + Array("ab".utf8))
    hasher.update([1, 0, 0, 0, 0, 0, 0, 0, 8] + [255, 255, 255, 255, 255, 255, 255, 254])
    hasher.update([0, 0, 0, 0, 0, 0, 0, 0, 0])
    let expected = hasher.finalize()
    #expect(HashChain.next(after: HashChain.genesis, fields: ["ab", -2, .null]) == expected)
  }

  @Test("fields that only look alike give different links")
  func chainIsUnambiguous() {
    func link(_ fields: [HashChain.Field]) -> Digest {
      HashChain.next(after: HashChain.genesis, fields: fields)
    }
    #expect(link(["ab", "c"]) != link(["a", "bc"]))
    #expect(link([.text("1")]) != link([.bytes(Array("1".utf8))]))
    #expect(link([.null]) != link([.text("")]))
    #expect(link([]) != HashChain.genesis)
  }
}
