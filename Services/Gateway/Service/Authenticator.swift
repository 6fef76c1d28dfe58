import Crypto
import GatewayDomain
import Identity
import RPC
import ServiceKit
import Storage

/// Turns a credential into a signed principal.
final class Authenticator: Sendable {
  /// How often the time of a key's last use is written.
  static let lastUseIntervalMilliseconds: Int64 = 60_000

  private let database: Database
  private let signer: PrincipalSigner
  private let tokenKey: Ed25519.PrivateKey
  private let clock: WallClock
  private let log: Logger
  private let cache = CredentialCache()

  /// - Parameter tokenKey: signs tokens, and verifies them.
  init(
    database: Database, signer: PrincipalSigner, tokenKey: Ed25519.PrivateKey, clock: WallClock,
    log: Logger
  ) {
    self.database = database
    self.signer = signer
    self.tokenKey = tokenKey
    self.clock = clock
    self.log = log
  }

  /// What a credential proves, before the database is asked.
  private enum Proof {
    case key(APIKey)
    case token(TokenClaims)

    var keyID: String {
      switch self {
      case .key(let key): key.id
      case .token(let claims): claims.keyID
      }
    }

    var tenant: String {
      switch self {
      case .key(let key): key.tenant
      case .token(let claims): claims.tenant
      }
    }
  }

  /// The caller of a credential.
  ///
  /// An unknown key and a wrong secret take the same path and give the same bytes: one look-up, one
  /// comparison of hashes. Only who has shown the secret is told that the key has ended.
  ///
  /// - Throws: UNAUTHENTICATED.
  func authenticate(_ credential: String) async throws -> Authenticated {
    guard !credential.isEmpty else {
      throw RPCError.unauthenticated("a key or token is needed, and the call brings none")
    }
    guard credential.utf8.count <= APIKey.maximumCharacters else { throw Authenticator.malformed }
    let hash = SHA256.hash(credential)
    let now = clock.now()
    if let known = cache.find(hash, now: now) { return known }
    let proof = try proof(of: credential)
    let generation = cache.generation
    let record = try await database.read { try Directory.key(id: proof.keyID, $0) }
    let key = try check(record, proof, now: now)
    let authenticated = sign(key, proof, now: now)
    cache.insert(
      authenticated, for: hash, now: now, validUntil: Authenticator.end(of: proof, key),
      generation: generation)
    noteUse(of: key, now: now)
    return authenticated
  }

  /// To be called once the revocation is committed.
  func forget(keyID: String) { cache.forget(keyID: keyID) }

  /// A token for the holder of a key.
  ///
  /// - Returns: the token, and unix milliseconds of its end, which is never after the key's own.
  func issueToken(for principal: Principal, lifetimeSeconds: Int64, keyExpireTime: Int64) -> (
    token: String, expireTime: Int64
  ) {
    let now = clock.now() / 1_000
    let expires = min(now + lifetimeSeconds, keyExpireTime / 1_000)
    let claims = TokenClaims(
      tenant: principal.tenant, keyID: principal.keyID,
      roles: principal.roles.map(\.rawValue).sorted(), issuedAt: now, expiresAt: expires)
    return (claims.signed(by: tokenKey), expires * 1_000)
  }

  // MARK: Steps

  private static let malformed = RPCError.unauthenticated(
    "the credential is neither an API key nor a token of this gateway: check for typing errors")
  private static let wrong = RPCError.unauthenticated("the key is unknown or its secret is wrong")

  private func proof(of credential: String) throws -> Proof {
    if TokenClaims.looksLikeToken(credential) {
      guard let claims = TokenClaims(credential, key: tokenKey.publicKey) else {
        throw Authenticator.malformed
      }
      return .token(claims)
    }
    guard let key = APIKey(credential) else { throw Authenticator.malformed }
    return .key(key)
  }

  private func check(_ record: KeyRecord?, _ proof: Proof, now: Int64) throws -> KeyRecord {
    switch proof {
    case .key(let key):
      let isRight = constantTimeEquals(record?.secretHash ?? .zero, key.hash)
      guard isRight, let record, record.tenant == key.tenant else { throw Authenticator.wrong }
    case .token(let claims):
      guard record?.tenant == claims.tenant else { throw Authenticator.wrong }
      let now = now / 1_000
      let skew = Principal.maximumSkewMilliseconds / 1_000
      guard claims.issuedAt <= now + skew, now < claims.expiresAt else {
        throw RPCError.unauthenticated("the token has expired: get a new one with the key")
      }
    }
    guard let record else { throw Authenticator.wrong }
    guard record.revokeTime == nil else {
      throw RPCError.unauthenticated("the key \(record.id) was revoked")
    }
    guard now < record.expireTime else {
      throw RPCError.unauthenticated("the key \(record.id) has expired: ask for a new one")
    }
    return record
  }

  private func sign(_ key: KeyRecord, _ proof: Proof, now: Int64) -> Authenticated {
    var roles = key.roles
    if case .token(let claims) = proof {
      roles.formIntersection(claims.roles.compactMap(Role.init(rawValue:)))
    }
    let end = Authenticator.end(of: proof, key)
    let principal = Principal(
      tenant: key.tenant, user: key.userID, email: key.email, roles: roles, keyID: key.id,
      issueTime: now, expireTime: min(end, now + Principal.maximumLifetimeMilliseconds),
      issuer: signer.issuer)
    return Authenticated(principal: principal, signed: signer.sign(principal))
  }

  /// When the credential ends, in unix milliseconds.
  private static func end(of proof: Proof, _ key: KeyRecord) -> Int64 {
    if case .token(let claims) = proof { return min(claims.expiresAt * 1_000, key.expireTime) }
    return key.expireTime
  }

  /// Written beside the call, which does not wait for it.
  private func noteUse(of key: KeyRecord, now: Int64) {
    let last = key.lastUseTime ?? .min
    guard last < now - Authenticator.lastUseIntervalMilliseconds else { return }
    Task { [database, log] in
      do {
        try await database.write { try Directory.touch(id: key.id, now: now, $0) }
      } catch {
        log.warning(
          "last use of a key not written", ["key_id": .text(key.id), "error": "\(error)"])
      }
    }
  }
}
