import COpenSSL

/// SHA-256 (FIPS 180-4) of something that is wholly in memory.
public enum SHA256 {
  /// The digest of `bytes`.
  public static func hash(_ bytes: [UInt8]) -> Digest {
    bytes.withUnsafeBytes { hash($0) }
  }

  /// The digest of the UTF-8 bytes of `text`.
  public static func hash(_ text: String) -> Digest {
    var text = text
    return text.withUTF8 { hash(UnsafeRawBufferPointer($0)) }
  }

  /// The digest of `bytes`.
  public static func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
    withUnsafeTemporaryAllocation(byteCount: Digest.byteCount, alignment: 8) { output in
      let result = EVP_Digest(
        bytes.baseAddress, bytes.count, output.baseAddress, nil, Algorithms.sha256.pointer, nil)
      requireSuccess(result, "EVP_Digest")
      return Digest(exactly: UnsafeRawBufferPointer(output))
    }
  }
}

/// SHA-256 of something that arrives in pieces.
public struct SHA256Hasher: ~Copyable, @unchecked Sendable {
  // @unchecked Sendable: the context has one owner, since the struct cannot be copied, and is
  // touched only by mutating methods, to which Swift gives exclusive access.
  private let context: OpaquePointer

  public init() {
    context = requireAllocated(EVP_MD_CTX_new(), "EVP_MD_CTX_new")
    start()
  }

  deinit { EVP_MD_CTX_free(context) }

  private func start() {
    let result = EVP_DigestInit_ex2(context, Algorithms.sha256.pointer, nil)
    requireSuccess(result, "EVP_DigestInit_ex2")
  }

  /// Appends `bytes` to what is hashed.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    let result = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    requireSuccess(result, "EVP_DigestUpdate")
  }

  /// Appends `bytes` to what is hashed.
  public mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// Appends the UTF-8 bytes of `text` to what is hashed.
  public mutating func update(_ text: String) {
    var text = text
    text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
  }

  /// Returns the digest of all that was appended, and starts anew.
  public mutating func finalize() -> Digest {
    let digest = withUnsafeTemporaryAllocation(byteCount: Digest.byteCount, alignment: 8) {
      output in
      let result = EVP_DigestFinal_ex(
        context, output.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
      requireSuccess(result, "EVP_DigestFinal_ex")
      return Digest(exactly: UnsafeRawBufferPointer(output))
    }
    start()
    return digest
  }
}
