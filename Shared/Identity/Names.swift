/// E-mail addresses, as far as identity needs them.
public enum Email {
  /// Longest address (RFC 5321, 4.5.3.1.3, less the angle brackets).
  public static let maximumBytes = 254

  /// The address in lower case; nil for what is none: one "@", something before it, a dotted name
  /// after it, no spaces, no control characters.
  public static func normalise(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    guard bytes.count <= maximumBytes, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
      !text.contains(where: { "<>()[],;:\\\"".contains($0) })
    else { return nil }
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, parts[0].utf8.count <= 64 else { return nil }
    let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
    guard labels.count >= 2, labels.allSatisfy({ !$0.isEmpty }) else { return nil }
    return text.lowercased()
  }
}

extension Email {
  /// The domain of a normalised address.
  public static func domain(of email: String) -> String {
    email.split(separator: "@").last.map(String.init) ?? ""
  }

  /// A mail domain in lower case; nil for what is none.
  public static func normaliseDomain(_ text: String) -> String? {
    normalise("x@" + text).map(domain(of:))
  }
}

/// A tenant's slug, its id everywhere.
public enum TenantName {
  /// A letter, then 1 to 39 lower-case letters, digits or hyphens.
  public static func isValid(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard (2...40).contains(bytes.count), isLetter(bytes[0]) else { return false }
    return bytes.allSatisfy {
      isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        || $0 == UInt8(ascii: "-")
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }
}
