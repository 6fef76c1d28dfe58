import ComputeDomain
import Crypto
import Storage

/// How far the journal is, and how far the tables that are made of it.
struct JournalPosition: Equatable {
  /// The number of the last group.
  var last: Int64 = 0
  /// The group up to which balances, runs and usage are brought.
  var flushed: Int64 = 0
}

/// The ledger's entries on the disk: one row for each commit and tenant.
enum JournalStore {
  /// Writes the entries that a chain has gathered, and its end.
  static func insert(
    _ tx: Transaction, id: Int64, tenant: String, _ chain: inout ChainWriter
  ) throws {
    try tx.execute(
      "INSERT INTO journal (id, tenant, first, count, entries) VALUES (?1, ?2, ?3, ?4, ?5)",
      id, tenant, chain.first, chain.count, chain.gathered())
    try saveHead(tx, tenant: tenant, chain.head)
  }

  static func head(_ db: Reader, tenant: String) throws -> LedgerHead {
    try db.queryOne("SELECT sequence, digest FROM heads WHERE tenant = ?1", tenant) { row in
      LedgerHead(sequence: try row.int64("sequence"), digest: try row.digest("digest"))
    } ?? .empty
  }

  static func heads(_ db: Reader) throws -> [String: LedgerHead] {
    var heads: [String: LedgerHead] = [:]
    try db.forEach("SELECT tenant, sequence, digest FROM heads") { row in
      heads[try row.text("tenant")] = LedgerHead(
        sequence: try row.int64("sequence"), digest: try row.digest("digest"))
    }
    return heads
  }

  private static func saveHead(_ tx: Transaction, tenant: String, _ head: LedgerHead) throws {
    try tx.execute(
      """
      INSERT INTO heads (tenant, sequence, digest) VALUES (?1, ?2, ?3)
      ON CONFLICT (tenant) DO UPDATE SET sequence = excluded.sequence, digest = excluded.digest
      """, tenant, head.sequence, head.digest)
  }

  static func position(_ db: Reader) throws -> JournalPosition {
    let flushed = try db.queryOne("SELECT flushed FROM ledger_position WHERE id = 1") {
      try $0.int64("flushed")
    }
    let last = try db.queryOne("SELECT max(id) AS last FROM journal") {
      try $0.optionalInt64("last")
    }
    return JournalPosition(last: (last ?? nil) ?? 0, flushed: flushed ?? 0)
  }

  static func savePosition(_ tx: Transaction, _ position: JournalPosition) throws {
    try tx.execute(
      """
      INSERT INTO ledger_position (id, flushed) VALUES (1, ?1)
      ON CONFLICT (id) DO UPDATE SET flushed = excluded.flushed
      """, position.flushed)
  }

  /// Hands every entry of the groups after `group` to `body`, in order, keeping none.
  static func forEach(
    _ db: Reader, after group: Int64 = 0, through last: Int64 = .max,
    _ body: (_ group: Int64, StoredEntry) throws -> Void
  ) throws {
    let sql = """
      SELECT id, tenant, first, count, entries FROM journal WHERE id > ?1 AND id <= ?2 ORDER BY id
      """
    try db.forEach(sql, group, last) { row in
      let id = try row.int64("id")
      try decode(row) { try body(id, $0) }
    }
  }

  /// A page of a tenant's entries, from a sequence on: whole groups, until there are `limit`.
  static func page(
    _ db: Reader, tenant: String, from sequence: Int64, limit: Int
  ) throws -> [StoredEntry] {
    let sql = """
      SELECT tenant, first, count, entries FROM journal
      WHERE tenant = ?1 AND first + count > ?2 AND first >= ?3 ORDER BY first LIMIT ?4
      """
    // A group begins less than its greatest size before the sequence that it holds.
    let earliest = try db.queryOne(
      "SELECT max(first) AS first FROM journal WHERE tenant = ?1 AND first <= ?2", tenant, sequence
    ) { try $0.optionalInt64("first") }
    var entries: [StoredEntry] = []
    try db.forEach(sql, tenant, sequence, (earliest ?? nil) ?? 0, limit) { row in
      guard entries.count < limit else { return }
      try decode(row) { if $0.sequence >= sequence { entries.append($0) } }
    }
    return entries
  }

  private static func decode(_ row: Row, _ body: (StoredEntry) throws -> Void) throws {
    let tenant = try row.text("tenant")
    let first = try row.int64("first")
    let count = try row.int64("count")
    var reader = ByteReader(try row.blob("entries")[...])
    for sequence in first..<first + max(0, count) {
      guard let entry = try? StoredEntry(tenant, sequence, &reader) else {
        throw JournalDamage(tenant: tenant, sequence: sequence)
      }
      try body(entry)
    }
    guard reader.isAtEnd else { throw JournalDamage(tenant: tenant, sequence: first + count) }
  }
}

/// An entry as it is stored: bytes, and the digest that they should have.
struct StoredEntry {
  let tenant: String
  /// Where it stands; its bytes should say the same.
  let sequence: Int64
  let bytes: ArraySlice<UInt8>
  let digest: Digest

  init(
    _ tenant: String, _ sequence: Int64, _ reader: inout ByteReader
  ) throws(EntryDamage) {
    self.tenant = tenant
    self.sequence = sequence
    bytes = try reader.block()
    guard let digest = Digest(bytes: Array(try reader.take(Digest.byteCount))) else {
      throw EntryDamage()
    }
    self.digest = digest
  }

  /// What the bytes say.
  func content() throws -> EntryDraft {
    do throws(EntryDamage) {
      let (sequence, content) = try EntryCoding.decode(bytes)
      guard sequence == self.sequence else { throw EntryDamage() }
      return content
    } catch {
      throw JournalDamage(tenant: tenant, sequence: sequence)
    }
  }
}

/// Where the journal is no journal.
struct JournalDamage: Error, CustomStringConvertible {
  let tenant: String
  let sequence: Int64

  var description: String {
    "entry \(sequence) of tenant \(tenant): its bytes are not those of an entry"
  }
}
