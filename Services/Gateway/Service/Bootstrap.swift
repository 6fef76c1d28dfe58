import Crypto
import Foundation
import GatewayDomain
import Identity
import ServiceKit
import Storage

/// The first operator, without whom nobody could create a tenant.
enum Bootstrap {
  /// The tenant of the operators.
  static let tenant = "operator"
  private static let keyLifetimeMilliseconds: Int64 = 365 * 86_400_000

  /// What a second run finds done already is left as it is.
  enum Outcome: Equatable {
    case created
    case unchanged
  }

  /// Makes sure that the operators' tenant has this user, and that `keyFile` (mode 0600) holds a
  /// working operator key of that user.
  static func run(
    _ database: Database, email text: String, keyFile: String, clock: WallClock
  ) async throws -> Outcome {
    guard let email = Email.normalise(text) else {
      throw ServiceFailure("--operator-email: '\(text.prefix(100))' is no e-mail address")
    }
    let now = clock.now()
    let user = try await database.write { try ensureUser(email, now: now, $0) }
    if try await holdsWorkingKey(keyFile, of: user, database, now: now) { return .unchanged }
    let key = APIKey.make(tenant: tenant)
    _ = try await database.write { tx in
      try Directory.insert(
        key, user: user, roles: user.roles, note: "bootstrap", now: now,
        expireTime: now + keyLifetimeMilliseconds, tx)
    }
    try AtomicFile.write(key.text + "\n", to: keyFile, mode: 0o600)
    return .created
  }

  private static func ensureUser(_ email: String, now: Int64, _ tx: Transaction) throws
    -> UserRecord
  {
    if try Directory.tenant(tenant, tx) == nil {
      let record = TenantRecord(
        name: tenant, displayName: "Operators", country: "", vatID: "", createTime: now)
      try Directory.insert(record, tx)
    }
    if let user = try Directory.user(tenant: tenant, email: email, tx) {
      guard user.roles.contains(.operator) else {
        throw ServiceFailure("\(email) is a user of the tenant \(tenant), but no operator")
      }
      return user
    }
    return try Directory.insertUser(
      tenant: tenant, email: email, displayName: "Operator", roles: [.operator, .owner], now: now,
      random: SecureRandom.bytes, tx)
  }

  private static func holdsWorkingKey(
    _ path: String, of user: UserRecord, _ database: Database, now: Int64
  ) async throws -> Bool {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8),
      let key = APIKey(text.trimmingCharacters(in: .whitespacesAndNewlines))
    else { return false }
    let record = try await database.read { try Directory.key(id: key.id, $0) }
    guard let record else { return false }
    return constantTimeEquals(record.secretHash, key.hash) && record.userID == user.id
      && record.revokeTime == nil && now < record.expireTime && record.roles.contains(.operator)
  }
}
