/// The name of a team on the leaderboard: `[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}`.
public struct ParticipantName: Hashable, Sendable, CustomStringConvertible {
  public let text: String

  public var description: String { text }

  /// What two names of one use case may not have in common.
  public var key: String { text.lowercased() }

  /// Parses a name; without one it is the tenant's slug.
  public init(_ given: String, tenant: String) throws(CatalogError) {
    let trimmed = TextRules.trimmed(given)
    let text = trimmed.isEmpty ? tenant : trimmed
    let bytes = Array(text.utf8)
    guard (1...63).contains(bytes.count), let first = bytes.first,
      Self.isAlphanumeric(first),
      bytes.allSatisfy({ Self.isAlphanumeric($0) || Self.symbols.contains($0) })
    else {
      throw .invalid(
        "participant_name",
        "\"\(text.prefix(80))\": expected 1 to 63 letters, digits, spaces, dots, underscores or "
          + "hyphens, the first a letter or digit")
    }
    self.text = text
  }

  private static let symbols = Array(" ._-".utf8)

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}
