import Crypto
import Identity
import RPC

/// The checks of what comes in identity requests.
enum RequestChecks {
  static let maximumDisplayNameCharacters = 200
  static let maximumNoteCharacters = 500
  static let maximumVATCharacters = 32
  static let maximumDomains = 50
  static let defaultPageSize = 50
  static let maximumPageSize = 500
  static let defaultKeyLifetimeSeconds: Int64 = 365 * 86_400
  static let maximumKeyLifetimeSeconds: Int64 = 10 * 365 * 86_400

  static func tenantName(_ text: String, field: String) throws -> String {
    guard TenantName.isValid(text) else {
      throw RPCError.invalidField(
        field, "expected a letter a-z, then 1 to 39 of a-z, 0-9 and hyphens")
    }
    return text
  }

  static func email(_ text: String, field: String) throws -> String {
    guard let email = Email.normalise(text) else {
      throw RPCError.invalidField(
        field, "expected an address such as name@example.org, \(Email.maximumBytes) bytes at most")
    }
    return email
  }

  /// Mail domains, in lower case.
  static func domains(_ texts: [String]) throws -> Set<String> {
    guard texts.count <= maximumDomains else {
      throw RPCError.invalidField("email_domains", "expected at most \(maximumDomains)")
    }
    return Set(
      try texts.map { text in
        guard let domain = Email.normaliseDomain(text) else {
          throw RPCError.invalidField("email_domains", "expected domains such as example.org")
        }
        return domain
      })
  }

  /// A text of one line.
  static func line(_ text: String, field: String, maximum: Int) throws -> String {
    guard text.count <= maximum, text.utf8.count <= 4 * maximum else {
      throw RPCError.invalidField(field, "expected at most \(maximum) characters")
    }
    guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
      throw RPCError.invalidField(field, "expected no control characters")
    }
    return text
  }

  /// ISO 3166-1 alpha-2, or nothing.
  static func country(_ text: String) throws -> String {
    let isCode = text.utf8.count == 2 && text.utf8.allSatisfy { (65...90).contains($0) }
    guard text.isEmpty || isCode else {
      throw RPCError.invalidField("country", "expected two capital letters, such as DE")
    }
    return text
  }

  static func pageSize(_ size: Int32) throws -> Int {
    guard (0...Int32(maximumPageSize)).contains(size) else {
      throw RPCError.invalidField(
        "page_size", "expected 0 to \(maximumPageSize); 0 means \(defaultPageSize)")
    }
    return size == 0 ? defaultPageSize : Int(size)
  }

  static func lifetime(_ seconds: Int64, default value: Int64, maximum: Int64) throws -> Int64 {
    guard (0...maximum).contains(seconds) else {
      throw RPCError.invalidField(
        "lifetime_seconds", "expected 0 to \(maximum); 0 means \(value)")
    }
    return seconds == 0 ? value : seconds
  }
}

/// Where a list goes on; opaque to callers.
enum PageToken {
  static func encode(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }

  /// The text of a token; nothing for the first page.
  static func decode(_ token: String) throws -> String {
    guard token.utf8.count <= 256, let bytes = try? Base64URL.decode(token) else {
      throw invalid
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The sequence number of a token; 0 for the first page.
  static func decodeSequence(_ token: String) throws -> Int64 {
    if token.isEmpty { return 0 }
    guard let sequence = Int64(try decode(token)), sequence >= 0 else { throw invalid }
    return sequence
  }

  private static let invalid = RPCError.invalidField(
    "page_token", "expected the next_page_token of an earlier answer")
}
