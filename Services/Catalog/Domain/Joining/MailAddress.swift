/// An e-mail address in the one form in which it is stored and compared: lower-case.
///
/// A practical part of RFC 5321: dot-atom before the at sign, a host name with a dot or
/// `localhost`-like single label after it; no quoted or commented forms.
public struct MailAddress: Hashable, Sendable, CustomStringConvertible {
  public let text: String

  public var description: String { text }

  /// Parses an address; nil if it is none. White space at the ends does not count.
  public init?(_ given: String) {
    let text = TextRules.trimmed(given).lowercased()
    guard text.utf8.count <= 254 else { return nil }
    let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    guard Self.isLocalPart(parts[0]), Self.isHostName(parts[1]) else { return nil }
    self.text = text
  }

  private static func isLocalPart(_ part: Substring.UTF8View) -> Bool {
    guard (1...64).contains(part.count), part.first != UInt8(ascii: "-") else { return false }
    return part.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      .allSatisfy { atom in !atom.isEmpty && atom.allSatisfy(isAtomCharacter) }
  }

  private static func isHostName(_ part: Substring.UTF8View) -> Bool {
    let labels = part.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return labels.allSatisfy { label in
      (1...63).contains(label.count) && label.allSatisfy { isAlphanumeric($0) || $0 == hyphen }
        && label.first != hyphen && label.last != hyphen
    }
  }

  private static let hyphen = UInt8(ascii: "-")
  private static let atomSymbols = Array("!#$%&'*+/=?^_`{|}~-".utf8)

  private static func isAtomCharacter(_ byte: UInt8) -> Bool {
    isAlphanumeric(byte) || atomSymbols.contains(byte)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
  }

  /// Parses a list, each address once, in order. Throws `invalid` naming every one at fault.
  public static func parse(
    list: [String], field: String = "emails"
  ) throws(CatalogError) -> [MailAddress] {
    guard list.count <= CatalogLimits.maximumInvites else {
      throw .invalid(
        field, "\(list.count) addresses; at most \(CatalogLimits.maximumInvites) are allowed")
    }
    var faults: [FieldFault] = []
    var seen: Set<MailAddress> = []
    var addresses: [MailAddress] = []
    for (index, text) in list.enumerated() {
      guard let address = MailAddress(text) else {
        faults.append(
          FieldFault("\(field)[\(index)]", "\"\(text.prefix(80))\" is no e-mail address"))
        continue
      }
      if seen.insert(address).inserted { addresses.append(address) }
    }
    guard faults.isEmpty else { throw .invalid(faults) }
    return addresses
  }
}
