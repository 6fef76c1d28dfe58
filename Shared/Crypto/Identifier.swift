/// Identifiers of things: a prefix that says the kind, and 80 random bits.
///
/// `uc_7v3m0c2k9xq4hn8t` is a use case. The prefix is for people (a wrong kind of identifier is
/// seen at once), the random part keeps identifiers from being counted or guessed.
public enum Identifier {
  /// Random bytes of an identifier.
  public static let randomByteCount = 10
  /// Characters that those bytes are written in.
  public static let randomCharacterCount = 16

  /// A new identifier, such as `uc_…` for the prefix `uc`.
  public static func make(
    prefix: String, random: RandomSource = SecureRandom.bytes
  ) -> String {
    "\(prefix)_\(Base32.encode(random(randomByteCount)))"
  }

  /// Whether `text` has the form that `make` gives for `prefix`.
  public static func isValid(_ text: String, prefix: String) -> Bool {
    let utf8 = text.utf8
    guard utf8.count == prefix.utf8.count + 1 + randomCharacterCount else { return false }
    guard text.hasPrefix(prefix + "_") else { return false }
    return utf8.suffix(randomCharacterCount).allSatisfy { Base32.alphabet.contains($0) }
  }
}

/// A short checksum that ends an API key, so that a mistyped key is told from an unknown one.
///
/// 30 bits of SHA-256: no secret and no protection, only a check before the database is asked.
public enum KeyChecksum {
  /// Characters of a checksum.
  public static let characterCount = 6

  /// The checksum of `text`.
  public static func of(_ text: String) -> String {
    String(Base32.encode(Array(SHA256.hash(text).bytes.prefix(4))).prefix(characterCount))
  }

  /// Whether `checksum` is the one of `text`, compared in constant time.
  public static func isValid(_ checksum: String, for text: String) -> Bool {
    constantTimeEquals(checksum, of(text))
  }
}
