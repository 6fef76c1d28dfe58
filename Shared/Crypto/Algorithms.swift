import COpenSSL

/// The algorithms that OpenSSL's providers gave, fetched once for the life of the process.
///
/// A fetch takes a lock and a search by name; OpenSSL 3 does it on every call when it is handed
/// a name or one of the old constants such as `EVP_sha256()`.
enum Algorithms {
  static let sha256 = Fetched(EVP_MD_fetch(nil, "SHA256", nil), "SHA256")
  static let hmac = Fetched(EVP_MAC_fetch(nil, "HMAC", nil), "HMAC")

  /// A pointer to a fetched algorithm.
  ///
  /// Sendable is right: the object is immutable once fetched, OpenSSL counts its references
  /// atomically, and it is never freed.
  struct Fetched: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer?, _ name: String) {
      guard let pointer else {
        // An OpenSSL without its default provider cannot run anything of this product.
        fatalError("OpenSSL offers no \(name); check the system's openssl.cnf")
      }
      self.pointer = pointer
    }
  }
}

/// Ends the process when OpenSSL could not allocate, the only way that these calls fail.
func requireSuccess(_ result: Int32, _ call: StaticString) {
  // fatalError: the arguments are ours and valid, so what is left is that memory has run out.
  if result <= 0 { fatalError("OpenSSL's \(call) failed: out of memory") }
}

/// Unwraps what OpenSSL allocated, ending the process when memory has run out.
func requireAllocated(_ pointer: OpaquePointer?, _ call: StaticString) -> OpaquePointer {
  // fatalError: an allocation of a few hundred bytes has failed, nothing can go on from there.
  guard let pointer else { fatalError("OpenSSL's \(call) failed: out of memory") }
  return pointer
}
