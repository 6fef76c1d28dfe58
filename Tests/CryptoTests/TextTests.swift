import Crypto
import Testing

@Suite("Identifiers, encodings and clocks")
struct TextTests {
  @Test("base32 survives the round trip for every length")
  func base32RoundTrip() throws {
    for count in 0..<40 {
      let bytes = SecureRandom.bytes(count)
      #expect(try Base32.decode(Base32.encode(bytes)) == bytes)
      #expect(try Base32.decode(Base32.encode(bytes).uppercased()) == bytes)
    }
  }

  @Test("base32 has Crockford's alphabet and reads look-alikes")
  func base32Alphabet() throws {
    #expect(Base32.encode([0xff, 0xff, 0xff, 0xff, 0xff]) == "zzzzzzzz")
    #expect(Base32.encode([0, 0, 0, 0, 1]) == "00000001")
    #expect(try Base32.decode("oooooooI") == [0, 0, 0, 0, 1])
  }

  @Test("base64url gives the values of RFC 4648 without padding")
  func base64() throws {
    let known = [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
    for (text, encoded) in known {
      #expect(Base64URL.encode(Array(text.utf8)) == encoded)
      #expect(try Base64URL.decode(encoded) == Array(text.utf8))
    }
    #expect(Base64URL.encode([0xfb, 0xff]) == "-_8")
  }

  @Test("text that no bytes encode to is refused", arguments: ["Z", "Zm9", "Zg==", "Zm 9", "Zm+v"])
  func badBase64(text: String) {
    #expect(throws: CryptoError.self) { try Base64URL.decode(text) }
  }

  @Test("base32 with a foreign character, a lone character or set left-over bits is refused")
  func badBase32() {
    for text in ["u0", "0", "0z", "00-0"] {
      #expect(throws: CryptoError.self) { try Base32.decode(text) }
    }
  }

  @Test("an identifier is its prefix and 16 characters of the random source")
  func identifiers() {
    #expect(
      Identifier.make(prefix: "uc") { .init(repeating: 0, count: $0) } == "uc_0000000000000000")
    let identifier = Identifier.make(prefix: "uc")
    #expect(Identifier.isValid(identifier, prefix: "uc"))
    #expect(!Identifier.isValid(identifier, prefix: "run"))
    #expect(!Identifier.isValid(identifier.uppercased(), prefix: "UC"))
    #expect(!Identifier.isValid(identifier + "0", prefix: "uc"))
    #expect(Set((0..<1_000).map { _ in Identifier.make(prefix: "x") }).count == 1_000)
  }

  @Test("a mistyped key does not have the checksum of the right one")
  func checksums() {
    let checksum = KeyChecksum.of("assay_acme_k1_secret")
    #expect(checksum.utf8.count == KeyChecksum.characterCount)
    #expect(KeyChecksum.isValid(checksum, for: "assay_acme_k1_secret"))
    #expect(!KeyChecksum.isValid(checksum, for: "assay_acme_k1_sercet"))
  }

  @Test("a manual clock moves only when told to")
  func manualClock() {
    let manual = ManualWallClock(1_000)
    let clock = manual.clock
    #expect(clock.now() == 1_000)
    manual.advance(milliseconds: 5)
    #expect(clock.now() == 1_005)
    manual.set(7)
    #expect(clock.now() == 7)
    #expect(WallClock.system.now() > 1_700_000_000_000)
  }
}
