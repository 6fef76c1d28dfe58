import COpenSSL

/// Whether `a` and `b` are equal, in a time that depends on their lengths only.
///
/// Every comparison of something that a caller must not be able to guess byte by byte goes
/// through here: key hashes, tags, checksums of secrets.
public func constantTimeEquals(_ a: [UInt8], _ b: [UInt8]) -> Bool {
  guard a.count == b.count else { return false }
  return CRYPTO_memcmp(a, b, a.count) == 0
}

/// Whether the UTF-8 bytes of `a` and `b` are equal, in a time that depends on their lengths only.
public func constantTimeEquals(_ a: String, _ b: String) -> Bool {
  constantTimeEquals(Array(a.utf8), Array(b.utf8))
}

/// Whether `a` and `b` are equal, in constant time.
public func constantTimeEquals(_ a: Digest, _ b: Digest) -> Bool {
  Digest.constantTimeEquals(a, b)
}
