import Storage

/// The tables of `identity.sqlite`. Times are unix milliseconds; sets of roles are bit masks.
public enum IdentitySchema {
  /// "AIDN".
  public static let applicationID: Int32 = 0x4149_444E
  public static let file = "identity.sqlite"

  public static let migrations = [
    Migration(
      1, "tenants, members, keys",
      """
      CREATE TABLE tenant (
        name TEXT PRIMARY KEY,
        display_name TEXT NOT NULL,
        country TEXT NOT NULL,
        vat_id TEXT NOT NULL,
        create_time INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE member (
        sequence INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        tenant TEXT NOT NULL REFERENCES tenant (name),
        email TEXT NOT NULL,
        display_name TEXT NOT NULL,
        roles INTEGER NOT NULL,
        create_time INTEGER NOT NULL,
        UNIQUE (tenant, email)
      ) STRICT;

      CREATE TABLE api_key (
        sequence INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        member_id TEXT NOT NULL REFERENCES member (id),
        secret_hash BLOB NOT NULL,
        roles INTEGER NOT NULL,
        note TEXT NOT NULL,
        create_time INTEGER NOT NULL,
        expire_time INTEGER NOT NULL,
        revoke_time INTEGER,
        last_use_time INTEGER
      ) STRICT;

      CREATE INDEX api_key_member ON api_key (member_id);
      """),
    Migration(
      2, "mail domains",
      """
      CREATE TABLE tenant_domain (
        domain TEXT PRIMARY KEY,
        tenant TEXT NOT NULL REFERENCES tenant (name)
      ) STRICT;

      CREATE INDEX tenant_domain_tenant ON tenant_domain (tenant);
      """),
  ]

  /// Opens the database of a data directory.
  public static func open(_ directory: String, access: Database.Access = .exclusive) throws
    -> Database
  {
    try Database.open(
      path: "\(directory)/\(file)", migrations: migrations,
      options: Database.Options(applicationID: applicationID, access: access))
  }
}
