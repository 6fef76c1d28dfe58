import COpenSSL

/// Ed25519 signatures (RFC 8032), by which the gateway and the services vouch for principals.
public enum Ed25519 {
  /// Bytes of a private key's seed and of a public key.
  public static let keyByteCount = 32
  /// Bytes of a signature.
  public static let signatureByteCount = 64

  /// A key that signs. Its text form is PKCS #8 in PEM, as `openssl genpkey` writes it.
  public struct PrivateKey: Sendable {
    private let handle: KeyHandle

    /// A new key from the system's random source.
    public init() {
      var seed = SecureRandom.bytes(keyByteCount)
      defer { seed.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
      handle = KeyHandle(
        requireAllocated(
          EVP_PKEY_new_raw_private_key_ex(nil, "ED25519", nil, seed, seed.count),
          "EVP_PKEY_new_raw_private_key_ex"))
    }

    /// The key of a 32-byte seed, for known-answer tests.
    public init(seed: [UInt8]) throws(CryptoError) {
      try requireKeyLength(seed, "an Ed25519 private key")
      handle = KeyHandle(
        requireAllocated(
          EVP_PKEY_new_raw_private_key_ex(nil, "ED25519", nil, seed, seed.count),
          "EVP_PKEY_new_raw_private_key_ex"))
    }

    /// The key of an unencrypted PEM document.
    public init(pem: String) throws(CryptoError) {
      let key = PEM.read(pem) { PEM_read_bio_PrivateKey($0, nil, refusePassphrase, nil) }
      guard let key else {
        throw .malformedPEM("expected an unencrypted \"PRIVATE KEY\" document (PKCS #8)")
      }
      handle = KeyHandle(key)
      try handle.requireEd25519()
    }

    /// The key as PEM text. Write it to files of mode 0600 only.
    public var pem: String {
      PEM.write { PEM_write_bio_PKCS8PrivateKey($0, handle.pointer, nil, nil, 0, nil, nil) }
    }

    /// The key that others verify with.
    public var publicKey: PublicKey { PublicKey(handle) }

    /// The 64-byte signature of `message`.
    public func sign(_ message: [UInt8]) -> [UInt8] {
      let context = requireAllocated(EVP_MD_CTX_new(), "EVP_MD_CTX_new")
      defer { EVP_MD_CTX_free(context) }
      requireSuccess(
        EVP_DigestSignInit_ex(context, nil, nil, nil, nil, handle.pointer, nil),
        "EVP_DigestSignInit_ex")
      return [UInt8](unsafeUninitializedCapacity: signatureByteCount) { buffer, count in
        count = signatureByteCount
        requireSuccess(
          EVP_DigestSign(context, buffer.baseAddress, &count, message, message.count),
          "EVP_DigestSign")
      }
    }
  }

  /// A key that verifies. Its text form is SubjectPublicKeyInfo in PEM.
  public struct PublicKey: Sendable {
    private let handle: KeyHandle
    /// The 32 bytes of the key.
    public let bytes: [UInt8]

    fileprivate init(_ handle: KeyHandle) {
      self.handle = handle
      bytes = handle.publicBytes
    }

    /// The key of 32 bytes.
    public init(bytes: [UInt8]) throws(CryptoError) {
      try requireKeyLength(bytes, "an Ed25519 public key")
      self.init(
        KeyHandle(
          requireAllocated(
            EVP_PKEY_new_raw_public_key_ex(nil, "ED25519", nil, bytes, bytes.count),
            "EVP_PKEY_new_raw_public_key_ex")))
    }

    /// The key of a PEM document.
    public init(pem: String) throws(CryptoError) {
      let key = PEM.read(pem) { PEM_read_bio_PUBKEY($0, nil, refusePassphrase, nil) }
      guard let key else { throw .malformedPEM("expected a \"PUBLIC KEY\" document") }
      let handle = KeyHandle(key)
      try handle.requireEd25519()
      self.init(handle)
    }

    /// The key as PEM text.
    public var pem: String { PEM.write { PEM_write_bio_PUBKEY($0, handle.pointer) } }

    /// Whether `signature` was made over exactly `message` with the private half of this key.
    public func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
      guard signature.count == signatureByteCount else { return false }
      let context = requireAllocated(EVP_MD_CTX_new(), "EVP_MD_CTX_new")
      defer { EVP_MD_CTX_free(context) }
      requireSuccess(
        EVP_DigestVerifyInit_ex(context, nil, nil, nil, nil, handle.pointer, nil),
        "EVP_DigestVerifyInit_ex")
      let result = EVP_DigestVerify(context, signature, signature.count, message, message.count)
      // A refused signature leaves an entry in the thread's error queue, which would later be
      // read as the cause of some other failure, such as a TLS connection's.
      if result != 1 { ERR_clear_error() }
      return result == 1
    }
  }

  private static func requireKeyLength(_ bytes: [UInt8], _ what: String) throws(CryptoError) {
    guard bytes.count == keyByteCount else {
      throw .wrongLength(what: what, expected: keyByteCount, actual: bytes.count)
    }
  }
}

extension Ed25519.PublicKey: Hashable {
  public static func == (a: Self, b: Self) -> Bool { a.bytes == b.bytes }
  public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}

/// OpenSSL would ask for a passphrase on the terminal; a service must never do that.
private func refusePassphrase(
  _: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32, _: UnsafeMutableRawPointer?
) -> Int32 { -1 }

/// Owns one `EVP_PKEY`.
///
/// @unchecked Sendable: the key is not changed after creation, and signing and verifying keep
/// their state in a context of their own; OpenSSL documents such sharing as safe.
private final class KeyHandle: @unchecked Sendable {
  let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) { self.pointer = pointer }
  deinit { EVP_PKEY_free(pointer) }

  func requireEd25519() throws(CryptoError) {
    guard EVP_PKEY_is_a(pointer, "ED25519") == 1 else {
      let name = EVP_PKEY_get0_type_name(pointer).map { String(cString: $0) } ?? "an unknown type"
      throw .wrongKeyType("the document holds a key of \(name), expected ED25519")
    }
  }

  var publicBytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: Ed25519.keyByteCount) { buffer, count in
      count = Ed25519.keyByteCount
      requireSuccess(
        EVP_PKEY_get_raw_public_key(pointer, buffer.baseAddress, &count),
        "EVP_PKEY_get_raw_public_key")
    }
  }
}

/// PEM text through OpenSSL's memory BIOs.
private enum PEM {
  /// Longer than any Ed25519 key in PEM, with room for explanatory text before it.
  static let maximumByteCount = 65_536

  static func read(_ text: String, _ parse: (OpaquePointer) -> OpaquePointer?) -> OpaquePointer? {
    guard text.utf8.count <= maximumByteCount else { return nil }
    var text = text
    return text.withUTF8 { bytes in
      guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else { return nil }
      defer { BIO_free(bio) }
      let key = parse(bio)
      if key == nil { ERR_clear_error() }
      return key
    }
  }

  static func write(_ print: (OpaquePointer) -> Int32) -> String {
    let bio = requireAllocated(BIO_new(BIO_s_secmem()), "BIO_new")
    defer { BIO_free(bio) }
    requireSuccess(print(bio), "PEM_write_bio")
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = BIO_read(bio, &buffer, Int32(buffer.count))
    requireSuccess(count, "BIO_read")
    defer { buffer.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
    return String(decoding: buffer.prefix(Int(count)), as: UTF8.self)
  }
}
