import ComputeDomain
import Crypto
import Storage

/// A table whose rows are chained in the order in which they came: whoever changes, adds, removes
/// or reorders one past the service is found out by an audit.
enum SealedTable: String, CaseIterable {
  case prices
  case payments
  case sellers
  case profiles
  case confirmations
  case paymentCorrections = "payment-corrections"

  /// Those that a migration's text names, which never changes.
  static let ofFirstSeals = [prices, payments]

  /// What a row is called.
  var noun: String {
    switch self {
    case .prices: "price"
    case .payments: "payment of invoice"
    case .sellers: "seller's version"
    case .profiles: "billing profile's version"
    case .confirmations: "confirmation"
    case .paymentCorrections: "correction of a payment"
    }
  }

  /// The rows that there are, each with its `key`, in the order in which they were set.
  fileprivate var sql: String {
    switch self {
    case .prices:
      """
      SELECT * FROM (SELECT version AS key, tenant, valid_from, nano_euro_per_gflop, tiers, set_by,
        set_time FROM prices) WHERE ?1 IS NULL OR key = ?1 ORDER BY set_time, key
      """
    case .payments:
      """
      SELECT * FROM (SELECT number AS key, paid_day, set_by, set_time FROM invoice_payments)
      WHERE ?1 IS NULL OR key = ?1 ORDER BY set_time, key
      """
    case .sellers: NumberedTable.sellers.sql
    case .profiles: NumberedTable.profiles.sql
    case .confirmations: NumberedTable.confirmations.sql
    case .paymentCorrections: NumberedTable.paymentCorrections.sql
    }
  }

  /// What the seal of a row covers: each column as it is stored.
  fileprivate func content(_ row: Row) throws -> [UInt8] {
    var writer = ByteWriter()
    writer.text(rawValue)
    writer.text(try row.text("key"))
    switch self {
    case .prices:
      writer.text(try row.text("tenant"))
      writer.integer(try row.int64("valid_from"))
      writer.integer(try row.int64("nano_euro_per_gflop"))
      writer.text(try row.text("tiers"))
      try writeCause(row, to: &writer)
    case .payments:
      writer.integer(try row.int64("paid_day"))
      try writeCause(row, to: &writer)
    case .sellers: try NumberedTable.sellers.write(row, to: &writer)
    case .profiles: try NumberedTable.profiles.write(row, to: &writer)
    case .confirmations: try NumberedTable.confirmations.write(row, to: &writer)
    case .paymentCorrections: try NumberedTable.paymentCorrections.write(row, to: &writer)
    }
    return writer.bytes
  }

  private func writeCause(_ row: Row, to writer: inout ByteWriter) throws {
    writer.text(try row.text("set_by"))
    writer.integer(try row.int64("set_time"))
  }
}

/// The last of a chain.
struct ChainEnd: Equatable {
  var count: Int64
  var last: String
  var digest: Digest

  static let empty = ChainEnd(count: 0, last: "", digest: .zero)
}

/// The chains of what is no entry of the ledger.
///
/// `digest = SHA256(digest before ‖ content)`, the first after 32 zero bytes; the content is that
/// of `SealedTable.content`. Invoices have their digests with them, and only an end here for each
/// series.
enum SealStore {
  /// Stands for the cuts of usage among what is left to seal.
  static let cuts = "usage_cuts"

  /// Seals what migrations have left: rows that were there before there were seals, and the price
  /// that every installation begins with.
  ///
  /// - Throws: where the end of a chain is missing that was sealed before, for to seal it again
  ///   would make sound what somebody has changed.
  static func sealWhatIsThere(_ tx: Transaction) throws {
    let left = Set(try tx.query("SELECT chain FROM unsealed") { try $0.text("chain") })
    for table in SealedTable.allCases {
      let isSealed = try end(tx, table.rawValue) != nil
      guard isSealed != left.contains(table.rawValue) else {
        throw StorageError.corrupt(
          isSealed
            ? "the chain \(table.rawValue) is sealed, and marked as not sealed yet"
            : "the end of the chain \(table.rawValue) is missing: the file was changed past the "
              + "service; restore a backup")
      }
      if !isSealed { try sealAll(tx, table) }
    }
    if left.contains(cuts) { try InvoiceStore.restoreCuts(tx) }
    try tx.execute("DELETE FROM unsealed")
  }

  private static func sealAll(_ tx: Transaction, _ table: SealedTable) throws {
    let keys = try tx.query(table.sql, String?.none) { try $0.text("key") }
    for key in keys { try seal(tx, table, key: key) }
    if keys.isEmpty { try save(tx, .empty, of: table.rawValue) }
  }

  /// Seals a row that was just inserted.
  static func seal(_ tx: Transaction, _ table: SealedTable, key: String) throws {
    let content = try tx.queryOne(table.sql, key) { try table.content($0) }
    guard let content else { throw StorageError.corrupt("there is no \(table.noun) \(key)") }
    var end = try end(tx, table.rawValue) ?? .empty
    end = ChainEnd(
      count: end.count + 1, last: key, digest: SHA256.hash(end.digest.bytes + content))
    try tx.execute(
      "INSERT INTO seals (chain, position, key, digest) VALUES (?1, ?2, ?3, ?4)",
      table.rawValue, end.count, key, end.digest)
    try save(tx, end, of: table.rawValue)
  }

  static func end(_ db: Reader, _ chain: String) throws -> ChainEnd? {
    try db.queryOne("SELECT count, last, digest FROM chain_ends WHERE chain = ?1", chain, row: end)
  }

  /// Every chain's end, by its name.
  static func ends(_ db: Reader) throws -> [String: ChainEnd] {
    var ends: [String: ChainEnd] = [:]
    try db.forEach("SELECT chain, count, last, digest FROM chain_ends") { row in
      ends[try row.text("chain")] = try end(row)
    }
    return ends
  }

  private static func end(_ row: Row) throws -> ChainEnd {
    ChainEnd(
      count: try row.int64("count"), last: try row.text("last"),
      digest: try row.digest("digest"))
  }

  static func save(_ tx: Transaction, _ end: ChainEnd, of chain: String) throws {
    // Not an upsert: that is an INSERT of what is there, which the database refuses.
    let changed = try tx.execute(
      "UPDATE chain_ends SET count = ?2, last = ?3, digest = ?4 WHERE chain = ?1",
      chain, end.count, end.last, end.digest)
    guard changed == 0 else { return }
    try tx.execute(
      "INSERT INTO chain_ends (chain, count, last, digest) VALUES (?1, ?2, ?3, ?4)",
      chain, end.count, end.last, end.digest)
  }

  // MARK: - Audit

  /// What is wrong with the first row that does not fit its table's chain; `nil` if all do.
  static func mismatch(_ db: Reader, _ table: SealedTable) throws -> String? {
    var contents: [String: [UInt8]] = [:]
    try db.forEach(table.sql, String?.none) { row in
      contents[try row.text("key")] = try table.content(row)
    }
    var found = ChainEnd.empty
    var reason: String?
    try db.forEach(
      "SELECT position, key, digest FROM seals WHERE chain = ?1 ORDER BY position", table.rawValue
    ) { row in
      guard reason == nil else { return }
      let key = try row.text("key")
      let digest = try row.digest("digest")
      guard try row.int64("position") == found.count + 1 else {
        reason = "the seal before that of \(table.noun) \(key) is missing"
        return
      }
      guard let content = contents.removeValue(forKey: key) else {
        reason = "\(table.noun) \(key) is missing"
        return
      }
      guard SHA256.hash(found.digest.bytes + content) == digest else {
        reason = "\(table.noun) \(key) is not what was set: it does not fit its digest"
        return
      }
      found = ChainEnd(count: found.count + 1, last: key, digest: digest)
    }
    if let reason { return reason }
    if let stranger = contents.keys.min() {
      return "\(table.noun) \(stranger) was not set through the service: it has no seal"
    }
    return mismatch(of: table.rawValue, stored: try end(db, table.rawValue), found: found)
  }

  /// Whether a chain ends where it says.
  static func mismatch(of chain: String, stored: ChainEnd?, found: ChainEnd) -> String? {
    let stored = stored ?? .empty
    guard stored != found else { return nil }
    return "the chain \(chain) says that it has \(stored.count), the last \"\(stored.last)\"; "
      + "there are \(found.count), the last \"\(found.last)\": the end was cut off or added to"
  }
}
