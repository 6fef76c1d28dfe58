import API
import Crypto
import Identity
import Storage

/// A set of roles as the database keeps it.
enum RoleMask {
  static func encode(_ roles: Set<Role>) -> Int64 {
    roles.reduce(0) { $0 | (1 << Int64($1.rawValue)) }
  }

  static func decode(_ mask: Int64) -> Set<Role> {
    Set(Role.allCases.filter { mask & (1 << Int64($0.rawValue)) != 0 })
  }
}

extension Set<Role> {
  var wire: [IdentityRole] { sorted { $0.rawValue < $1.rawValue }.map(\.wire) }

  var names: String {
    sorted { $0.rawValue < $1.rawValue }.map(\.name).joined(separator: ", ")
  }
}

/// An organisation.
struct TenantRecord: Sendable {
  let name: String
  let displayName: String
  let country: String
  let vatID: String
  let createTime: Int64

  init(name: String, displayName: String, country: String, vatID: String, createTime: Int64) {
    self.name = name
    self.displayName = displayName
    self.country = country
    self.vatID = vatID
    self.createTime = createTime
  }

  init(_ row: Row) throws {
    name = try row.text("name")
    displayName = try row.text("display_name")
    country = try row.text("country")
    vatID = try row.text("vat_id")
    createTime = try row.int64("create_time")
  }

  /// - Parameter domains: the tenant's mail domains.
  func wire(_ domains: [String]) -> IdentityTenant {
    IdentityTenant(
      name: name, displayName: displayName, country: country, vatId: vatID,
      createTime: Google_Protobuf_Timestamp(unixMilliseconds: createTime),
      emailDomains: domains)
  }
}

/// A person in a tenant.
struct UserRecord: Sendable {
  let sequence: Int64
  let id: String
  let tenant: String
  let email: String
  let displayName: String
  let roles: Set<Role>
  let createTime: Int64

  init(_ row: Row) throws {
    sequence = try row.int64("sequence")
    id = try row.text("id")
    tenant = try row.text("tenant")
    email = try row.text("email")
    displayName = try row.text("display_name")
    roles = RoleMask.decode(try row.int64("roles"))
    createTime = try row.int64("create_time")
  }

  var wire: IdentityUser {
    IdentityUser(
      id: id, tenant: tenant, email: email, displayName: displayName, roles: roles.wire,
      createTime: Google_Protobuf_Timestamp(unixMilliseconds: createTime))
  }
}

/// A key with its user; never with its secret.
struct KeyRecord: Sendable {
  let sequence: Int64
  let id: String
  let tenant: String
  let userID: String
  let email: String
  let secretHash: Digest
  /// What the key may do: the key's own roles, as far as its user still has them.
  let roles: Set<Role>
  let note: String
  let createTime: Int64
  let expireTime: Int64
  let revokeTime: Int64?
  let lastUseTime: Int64?

  /// Reads a row of `KeyRecord.columns`.
  init(_ row: Row) throws {
    sequence = try row.int64("sequence")
    id = try row.text("id")
    tenant = try row.text("tenant")
    userID = try row.text("member_id")
    email = try row.text("email")
    secretHash = try row.digest("secret_hash")
    roles = RoleMask.decode(try row.int64("roles") & row.int64("member_roles"))
    note = try row.text("note")
    createTime = try row.int64("create_time")
    expireTime = try row.int64("expire_time")
    revokeTime = try row.optionalInt64("revoke_time")
    lastUseTime = try row.optionalInt64("last_use_time")
  }

  static let columns = """
    SELECT k.sequence AS sequence, k.id AS id, m.tenant AS tenant, k.member_id AS member_id,
      m.email AS email, k.secret_hash AS secret_hash, k.roles AS roles, m.roles AS member_roles,
      k.note AS note, k.create_time AS create_time, k.expire_time AS expire_time,
      k.revoke_time AS revoke_time, k.last_use_time AS last_use_time
    FROM api_key k JOIN member m ON m.id = k.member_id
    """

  var wire: IdentityKey {
    IdentityKey(
      id: id, tenant: tenant, userId: userID, email: email, roles: roles.wire, note: note,
      createTime: Google_Protobuf_Timestamp(unixMilliseconds: createTime),
      expireTime: Google_Protobuf_Timestamp(unixMilliseconds: expireTime),
      revokeTime: revokeTime.map(Google_Protobuf_Timestamp.init(unixMilliseconds:)),
      lastUseTime: lastUseTime.map(Google_Protobuf_Timestamp.init(unixMilliseconds:)))
  }
}
