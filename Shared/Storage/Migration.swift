import Crypto

/// One step of a database's schema, embedded in the program.
///
/// Migrations are applied in order, each in a transaction of its own, and recorded with the hash
/// of their text. Once released, a migration is never edited: a later one changes what it did.
public struct Migration: Sendable {
  /// 1 for the first, then without gaps.
  public let version: Int
  /// A short name for people, such as `invites`.
  public let name: String
  /// One or more statements. Tables are `STRICT`; no `BEGIN` or `COMMIT`.
  public let sql: String

  public init(_ version: Int, _ name: String, _ sql: String) {
    self.version = version
    self.name = name
    self.sql = sql
  }

  /// What is recorded, to notice later that the text was edited.
  var digest: Digest { SHA256.hash(sql) }
}
