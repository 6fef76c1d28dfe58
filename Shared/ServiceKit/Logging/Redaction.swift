import Foundation

/// Takes secrets out of log lines, for the day on which somebody logs one by mistake.
///
/// API keys (`assay_<tenant>_<id>_<secret>`), tokens (`eyJ….….…`) and private keys in PEM are
/// recognised by their shape, and fields by their name.
enum Redaction {
  static let replacement = "[redacted]"

  private static let secretNames: Set<String> = [
    "authorization", "credential", "key", "password", "private_key", "secret", "token",
  ]
  /// Characters of the last part of an API key above which it is taken for one.
  private static let minimumSecretCharacters = 24

  static func isSecret(field name: String) -> Bool { secretNames.contains(name.lowercased()) }

  static func clean(_ text: String) -> String {
    guard text.utf8.count >= minimumSecretCharacters else { return text }
    if text.contains("PRIVATE KEY") { return replacement }
    guard text.contains("assay_") || text.contains("eyJ") else { return text }
    var result = ""
    var word = ""
    for character in text {
      if isWordCharacter(character) {
        word.append(character)
      } else {
        result += clean(word: word)
        result.append(character)
        word = ""
      }
    }
    return result + clean(word: word)
  }

  private static func isWordCharacter(_ character: Character) -> Bool {
    character.isASCII
      && (character.isLetter || character.isNumber || character == "_" || character == "-"
        || character == ".")
  }

  private static func clean(word: String) -> String {
    if let start = word.range(of: "assay_")?.lowerBound {
      let parts = word[start...].split(separator: "_", omittingEmptySubsequences: false)
      let isKey = parts.count >= 4 && (parts.last?.count ?? 0) >= minimumSecretCharacters
      if isKey { return replacement }
    }
    if let start = word.range(of: "eyJ")?.lowerBound,
      word[start...].split(separator: ".").count >= 3
    {
      return replacement
    }
    return word
  }
}
