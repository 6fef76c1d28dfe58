import Crypto

/// What a short-lived token says: who, with which roles, by which key, until when.
///
/// A JSON Web Token signed with EdDSA (RFC 7519, RFC 8037). The Gateway reads its own tokens only,
/// so it takes exactly the JSON that it writes: one header, five claims, in this order. There is no
/// algorithm to choose and nothing else to interpret.
public struct TokenClaims: Sendable, Equatable {
  public static let maximumLifetimeSeconds: Int64 = 3_600
  public static let defaultLifetimeSeconds: Int64 = 300

  public var tenant: String
  /// The key that the token was got with: revoking it revokes the token.
  public var keyID: String
  public var roles: [Int32]
  /// Unix seconds.
  public var issuedAt: Int64
  /// Unix seconds.
  public var expiresAt: Int64

  public init(tenant: String, keyID: String, roles: [Int32], issuedAt: Int64, expiresAt: Int64) {
    self.tenant = tenant
    self.keyID = keyID
    self.roles = roles
    self.issuedAt = issuedAt
    self.expiresAt = expiresAt
  }

  private static let header = #"{"alg":"EdDSA","typ":"JWT"}"#
  private static let encodedHeader = Base64URL.encode(Array(header.utf8))

  /// Tenants, key ids and numbers have no character that JSON escapes.
  private var json: String {
    let roles = roles.map(String.init).joined(separator: ",")
    return #"{"aud":"\#(tenant)","jti":"\#(keyID)","roles":[\#(roles)],"#
      + #""iat":\#(issuedAt),"exp":\#(expiresAt)}"#
  }

  /// The signed token.
  ///
  /// The same key signs principals; no token can be taken for one, since the bytes that the fixed
  /// header begins with are no protobuf message.
  public func signed(by key: Ed25519.PrivateKey) -> String {
    let body = "\(TokenClaims.encodedHeader).\(Base64URL.encode(Array(json.utf8)))"
    return "\(body).\(Base64URL.encode(key.sign(Array(body.utf8))))"
  }

  /// The claims of a token under our own signature; nil for anything else. Times are not checked.
  public init?(_ token: String, key: Ed25519.PublicKey) {
    guard token.utf8.count <= APIKey.maximumCharacters else { return nil }
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == TokenClaims.encodedHeader,
      let signature = try? Base64URL.decode(String(parts[2])),
      key.isValid(signature, for: Array("\(parts[0]).\(parts[1])".utf8)),
      let payload = try? Base64URL.decode(String(parts[1]))
    else { return nil }
    self.init(json: String(decoding: payload, as: UTF8.self))
  }

  private init?(json: String) {
    let pattern =
      #/
      \{"aud":"([a-z0-9-]+)","jti":"([a-z0-9_]+)","roles":\[([0-9,]*)\],
      "iat":([0-9]+),"exp":([0-9]+)\}
      /#
    guard let match = json.wholeMatch(of: pattern),
      let issuedAt = Int64(match.4), let expiresAt = Int64(match.5)
    else { return nil }
    self.init(
      tenant: String(match.1), keyID: String(match.2),
      roles: match.3.split(separator: ",").compactMap { Int32($0) }, issuedAt: issuedAt,
      expiresAt: expiresAt)
  }

  /// Whether a text has the form of a token, rather than of a key.
  public static func looksLikeToken(_ text: String) -> Bool {
    text.hasPrefix(encodedHeader + ".")
  }
}
