import COpenSSL

/// HMAC with SHA-256 (RFC 2104) under one key.
///
/// The key is expanded once; each message then starts from a copy of that state.
public struct HMACSHA256: Sendable {
  private let keyed: KeyedContext

  /// An authenticator under `key`, which may have any length.
  public init(key: [UInt8]) {
    keyed = KeyedContext(key: key)
  }

  /// The tag of `bytes`.
  public func authenticate(_ bytes: [UInt8]) -> Digest {
    let context = requireAllocated(EVP_MAC_CTX_dup(keyed.pointer), "EVP_MAC_CTX_dup")
    defer { EVP_MAC_CTX_free(context) }
    requireSuccess(EVP_MAC_update(context, bytes, bytes.count), "EVP_MAC_update")
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Digest.byteCount) { output in
      var count = 0
      let result = EVP_MAC_final(context, output.baseAddress, &count, output.count)
      requireSuccess(result, "EVP_MAC_final")
      return Digest(exactly: UnsafeRawBufferPointer(output))
    }
  }

  /// Whether `tag` is the tag of `bytes`, compared in constant time.
  public func isValid(_ tag: [UInt8], for bytes: [UInt8]) -> Bool {
    constantTimeEquals(tag, authenticate(bytes).bytes)
  }
}

/// An HMAC state that has taken in the key and no message yet.
///
/// @unchecked Sendable: after `init` the state is only ever duplicated, which reads it.
private final class KeyedContext: @unchecked Sendable {
  let pointer: OpaquePointer

  init(key: [UInt8]) {
    pointer = requireAllocated(EVP_MAC_CTX_new(Algorithms.hmac.pointer), "EVP_MAC_CTX_new")
    var digestName = Array("SHA256".utf8CString)
    // An empty Swift array may have no address, and OpenSSL reads a null key as "keep the old one".
    var key = key
    let count = key.count
    if key.isEmpty { key.append(0) }
    digestName.withUnsafeMutableBufferPointer { name in
      let parameters = [
        OSSL_PARAM_construct_utf8_string("digest", name.baseAddress, 0),
        OSSL_PARAM_construct_end(),
      ]
      requireSuccess(EVP_MAC_init(pointer, key, count, parameters), "EVP_MAC_init")
    }
    key.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
  }

  deinit { EVP_MAC_CTX_free(pointer) }
}
