/// The rule by which each entry of an append-only log binds all entries before it.
///
/// `next = SHA256(previous ‖ field ‖ field ‖ …)`, each field being a tag byte, the length of its
/// bytes as a big-endian u64, and the bytes. Tag and length make the encoding unambiguous: no two
/// lists of fields give the same bytes. Whoever has the rows can recompute the chain offline; a
/// changed, dropped or reordered row shows at the first digest that differs.
public enum HashChain {
  /// One value of an entry.
  public enum Field: Sendable, Hashable {
    /// Tag 0: no value, no bytes.
    case null
    /// Tag 1: eight bytes, two's complement, big-endian.
    case integer(Int64)
    /// Tag 2: UTF-8.
    case text(String)
    /// Tag 3: as they are.
    case bytes([UInt8])
    /// Tag 3 too: a digest is its 32 bytes.
    case digest(Digest)
  }

  /// What the first entry has as its predecessor.
  public static let genesis = Digest.zero

  /// The digest of the entry with `fields` that follows the one with the digest `previous`.
  public static func next(after previous: Digest, fields: [Field]) -> Digest {
    var hasher = SHA256Hasher()
    hasher.update(previous.bytes)
    for field in fields { hasher.update(field.encoded) }
    return hasher.finalize()
  }
}

extension HashChain.Field {
  /// Tag, length, bytes.
  fileprivate var encoded: [UInt8] {
    switch self {
    case .null: Self.encode(tag: 0, [])
    case .integer(let value): Self.encode(tag: 1, Self.bigEndian(UInt64(bitPattern: value)))
    case .text(let text): Self.encode(tag: 2, Array(text.utf8))
    case .bytes(let bytes): Self.encode(tag: 3, bytes)
    case .digest(let digest): Self.encode(tag: 3, digest.bytes)
    }
  }

  private static func encode(tag: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    [tag] + bigEndian(UInt64(bytes.count)) + bytes
  }

  private static func bigEndian(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * UInt64($0))) }
  }
}

extension HashChain.Field: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
  public init(stringLiteral value: String) { self = .text(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
}
