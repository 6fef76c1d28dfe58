import Crypto

/// An API key as people hold it: `assay_<tenant>_<id>_<secret><checksum>`.
///
/// The id finds the row, the secret (256 bits, base 32) proves it; the database has its hash only.
/// The checksum tells a mistyped key from an unknown one before any database is asked.
public struct APIKey: Sendable, Equatable {
  public static let prefix = "assay"
  /// 256 bits.
  public static let secretByteCount = 32
  /// What those bytes are in base 32.
  public static let secretCharacterCount = 52
  /// A credential above this is refused unread; tokens are the longest.
  public static let maximumCharacters = 2_048

  public let tenant: String
  /// `key_` and 16 characters in the database; only those 16 in the key.
  public let id: String
  private let secret: String

  private init(tenant: String, id: String, secret: String) {
    self.tenant = tenant
    self.id = id
    self.secret = secret
  }

  /// A new key of a tenant.
  public static func make(tenant: String, random: RandomSource = SecureRandom.bytes) -> APIKey {
    APIKey(
      tenant: tenant, id: Identifier.make(prefix: "key", random: random),
      secret: Base32.encode(random(secretByteCount)))
  }

  /// The key of a credential; nil if it has not the form of one, or was mistyped.
  public init?(_ text: String) {
    guard text.utf8.count <= APIKey.maximumCharacters else { return nil }
    // Slugs have no underscore, nor has base 32: four parts, always.
    let parts = text.split(separator: "_", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 4, parts[0] == APIKey.prefix, !parts[1].isEmpty,
      Identifier.isValid("key_\(parts[2])", prefix: "key"),
      parts[3].utf8.count == APIKey.secretCharacterCount + KeyChecksum.characterCount
    else { return nil }
    let secret = String(parts[3].prefix(APIKey.secretCharacterCount))
    let body = parts[0...2].joined(separator: "_") + "_" + secret
    guard
      KeyChecksum.isValid(String(parts[3].suffix(KeyChecksum.characterCount)), for: body)
    else { return nil }
    self.init(tenant: parts[1], id: "key_\(parts[2])", secret: secret)
  }

  /// What its holder is given, once. A secret: never to be logged.
  public var text: String {
    let body = "\(APIKey.prefix)_\(tenant)_\(id.dropFirst(4))_\(secret)"
    return body + KeyChecksum.of(body)
  }

  /// What is stored. A plain hash is enough: 256 random bits cannot be guessed from it.
  public var hash: Digest { SHA256.hash(secret) }
}
