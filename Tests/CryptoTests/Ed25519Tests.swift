import Crypto
import Testing

@Suite("Ed25519")
struct Ed25519Tests {
  @Test("the second vector of RFC 8032 signs and verifies")
  func knownSignature() throws {
    let seed = try #require(
      Digest(hex: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
    let key = try Ed25519.PrivateKey(seed: seed.bytes)
    #expect(
      Digest(bytes: key.publicKey.bytes)?.hex
        == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    let signature = key.sign([0x72])
    #expect(
      Digest(bytes: Array(signature.prefix(32)))?.hex
        == "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da")
    #expect(key.publicKey.isValid(signature, for: [0x72]))
  }

  @Test("a changed message, a changed signature and another key are refused")
  func refusals() {
    let key = Ed25519.PrivateKey()
    var signature = key.sign(Array("principal".utf8))
    #expect(!key.publicKey.isValid(signature, for: Array("principle".utf8)))
    #expect(
      !Ed25519.PrivateKey().publicKey.isValid(signature, for: Array("principal".utf8)))
    signature[40] ^= 1
    #expect(!key.publicKey.isValid(signature, for: Array("principal".utf8)))
    #expect(!key.publicKey.isValid([], for: Array("principal".utf8)))
  }

  @Test("an empty message can be signed")
  func emptyMessage() {
    let key = Ed25519.PrivateKey()
    #expect(key.publicKey.isValid(key.sign([]), for: []))
  }

  @Test("keys survive their PEM text")
  func pemRoundTrip() throws {
    let key = Ed25519.PrivateKey()
    let copy = try Ed25519.PrivateKey(pem: key.pem)
    let publicCopy = try Ed25519.PublicKey(pem: key.publicKey.pem)
    #expect(key.pem.hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
    #expect(publicCopy == key.publicKey)
    #expect(try Ed25519.PublicKey(bytes: key.publicKey.bytes) == key.publicKey)
    #expect(publicCopy.isValid(copy.sign([1]), for: [1]))
  }

  @Test("what is no Ed25519 PEM document is refused with a reason, not with a prompt")
  func badDocuments() {
    let malformed = ["", "hello", Ed25519.PrivateKey().publicKey.pem, encryptedKey]
    for text in malformed {
      #expect(throws: CryptoError.self) { try Ed25519.PrivateKey(pem: text) }
    }
    #expect(throws: CryptoError.wrongKeyType("the document holds a key of EC, expected ED25519")) {
      try Ed25519.PublicKey(pem: ellipticCurveKey)
    }
    #expect(
      throws: CryptoError.wrongLength(what: "an Ed25519 public key", expected: 32, actual: 3)
    ) {
      try Ed25519.PublicKey(bytes: [1, 2, 3])
    }
  }

  @Test("many tasks may use one key at a time")
  func sharedKey() async {
    let key = Ed25519.PrivateKey()
    await withTaskGroup(of: Bool.self) { group in
      for number in UInt8(0)..<32 {
        group.addTask { key.publicKey.isValid(key.sign([number]), for: [number]) }
      }
      for await isValid in group { #expect(isValid) }
    }
  }
}

/// A P-256 public key.
private let ellipticCurveKey = """
  -----BEGIN PUBLIC KEY-----
  MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQP1Gr2Nd31RmmQUR/xA17l74Nt09
  aaDKq81XB9FabYaztzdHlzwpCO0ATKB528S8nyR91Th0eIaZaw1kPw6bWw==
  -----END PUBLIC KEY-----
  """

/// A private key under a passphrase.
private let encryptedKey = """
  -----BEGIN ENCRYPTED PRIVATE KEY-----
  MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhIZWeE8SuZVQICCAAw
  DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEMpt9a5rg/GC+RMor/5BkHwEQADx
  zUOoYPSE5pLhrWhsYCz0PpqmBgJEDJIfKxsweyCxFujquHsQh7Z4WeFz7YjtLjsy
  5mhcqKsgWqj8QX012LE=
  -----END ENCRYPTED PRIVATE KEY-----
  """
