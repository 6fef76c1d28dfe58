import Crypto
import GatewayDomain
import Identity
import RPC
import Storage

/// The SQL over tenants, users and keys. Each function names the tenant that it is limited to.
enum Directory {
  // MARK: Tenants

  static func tenant(_ name: String, _ db: Reader) throws -> TenantRecord? {
    try db.queryOne("SELECT * FROM tenant WHERE name = ?1", name) { try TenantRecord($0) }
  }

  static func tenants(after name: String, limit: Int, _ db: Reader) throws -> [TenantRecord] {
    try db.query("SELECT * FROM tenant WHERE name > ?1 ORDER BY name LIMIT ?2", name, limit) {
      try TenantRecord($0)
    }
  }

  static func insert(_ tenant: TenantRecord, _ tx: Transaction) throws {
    try tx.execute(
      """
      INSERT INTO tenant (name, display_name, country, vat_id, create_time)
      VALUES (?1, ?2, ?3, ?4, ?5)
      """, tenant.name, tenant.displayName, tenant.country, tenant.vatID, tenant.createTime)
  }

  /// Mail domains that a tenant's owners vouch for, sorted.
  static func domains(of tenant: String, _ db: Reader) throws -> [String] {
    try db.query("SELECT domain FROM tenant_domain WHERE tenant = ?1 ORDER BY domain", tenant) {
      try $0.text("domain")
    }
  }

  /// Replaces a tenant's mail domains.
  ///
  /// - Throws: ALREADY_EXISTS for one that another tenant has.
  static func setDomains(_ domains: Set<String>, of tenant: String, _ tx: Transaction) throws {
    try tx.execute("DELETE FROM tenant_domain WHERE tenant = ?1", tenant)
    for domain in domains.sorted() {
      guard try !tx.exists("SELECT 1 FROM tenant_domain WHERE domain = ?1", domain) else {
        throw RPCError.alreadyExists("mail domain of another tenant", domain)
      }
      try tx.execute("INSERT INTO tenant_domain (domain, tenant) VALUES (?1, ?2)", domain, tenant)
    }
  }

  // MARK: Users

  static func user(tenant: String, email: String, _ db: Reader) throws -> UserRecord? {
    try db.queryOne("SELECT * FROM member WHERE tenant = ?1 AND email = ?2", tenant, email) {
      try UserRecord($0)
    }
  }

  static func user(tenant: String, id: String, _ db: Reader) throws -> UserRecord? {
    try db.queryOne("SELECT * FROM member WHERE tenant = ?1 AND id = ?2", tenant, id) {
      try UserRecord($0)
    }
  }

  static func users(tenant: String, after sequence: Int64, limit: Int, _ db: Reader) throws
    -> [UserRecord]
  {
    try db.query(
      "SELECT * FROM member WHERE tenant = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
      tenant, sequence, limit
    ) { try UserRecord($0) }
  }

  /// Adds a user and gives the row.
  static func insertUser(
    tenant: String, email: String, displayName: String, roles: Set<Role>, now: Int64,
    random: RandomSource, _ tx: Transaction
  ) throws -> UserRecord {
    let id = Identifier.make(prefix: "usr", random: random)
    try tx.execute(
      """
      INSERT INTO member (id, tenant, email, display_name, roles, create_time)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      """, id, tenant, email, displayName, RoleMask.encode(roles), now)
    guard let user = try user(tenant: tenant, id: id, tx) else {
      throw StorageError.corrupt("a user that was just added is not there")
    }
    return user
  }

  // MARK: Keys

  /// The key of an id, of whatever tenant: for authentication only.
  static func key(id: String, _ db: Reader) throws -> KeyRecord? {
    try db.queryOne("\(KeyRecord.columns) WHERE k.id = ?1", id) { try KeyRecord($0) }
  }

  static func key(tenant: String, id: String, _ db: Reader) throws -> KeyRecord? {
    try db.queryOne("\(KeyRecord.columns) WHERE m.tenant = ?1 AND k.id = ?2", tenant, id) {
      try KeyRecord($0)
    }
  }

  /// Keys of a tenant, or of one of its users.
  static func keys(
    tenant: String, user: String?, after sequence: Int64, limit: Int, _ db: Reader
  ) throws -> [KeyRecord] {
    try db.query(
      """
      \(KeyRecord.columns)
      WHERE m.tenant = ?1 AND k.sequence > ?2 AND (?3 IS NULL OR k.member_id = ?3)
      ORDER BY k.sequence LIMIT ?4
      """, tenant, sequence, user, limit
    ) { try KeyRecord($0) }
  }

  /// Adds a key of a user; only its hash is stored.
  static func insert(
    _ key: APIKey, user: UserRecord, roles: Set<Role>, note: String, now: Int64,
    expireTime: Int64, _ tx: Transaction
  ) throws -> KeyRecord {
    try tx.execute(
      """
      INSERT INTO api_key (id, member_id, secret_hash, roles, note, create_time, expire_time)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
      """, key.id, user.id, key.hash, RoleMask.encode(roles), note, now, expireTime)
    guard let record = try self.key(tenant: user.tenant, id: key.id, tx) else {
      throw StorageError.corrupt("a key that was just added is not there")
    }
    return record
  }

  /// Revokes a key; a second time changes nothing.
  static func revoke(id: String, now: Int64, _ tx: Transaction) throws {
    try tx.execute(
      "UPDATE api_key SET revoke_time = ?2 WHERE id = ?1 AND revoke_time IS NULL", id, now)
  }

  static func touch(id: String, now: Int64, _ tx: Transaction) throws {
    try tx.execute("UPDATE api_key SET last_use_time = ?2 WHERE id = ?1", id, now)
  }
}
