import ComputeBilling
import ComputeDomain
import Storage

/// Every version of the price.
enum PriceStore {
  /// A tariff, and when it was set.
  struct Record: Sendable {
    let tariff: Tariff
    let setTime: Int64
  }

  /// What a tenant is, was or will be billed at.
  static func list(_ db: Reader, for tenant: String) throws -> TariffList {
    TariffList(try records(db, of: tenant).map(\.tariff), for: tenant)
  }

  private static let columns =
    "p.version, p.tenant, p.valid_from, p.nano_euro_per_gflop, p.tiers, p.set_time"

  /// Everybody's prices and a tenant's own; every tenant's for `nil`. By the moment from which they
  /// hold; those of one moment in the order in which they were set.
  static func records(_ db: Reader, of tenant: String?) throws -> [Record] {
    let sql = """
      SELECT \(columns) FROM prices p
      LEFT JOIN seals s ON s.chain = 'prices' AND s.key = p.version
      WHERE ?1 IS NULL OR p.tenant IN ('', ?1) ORDER BY p.valid_from, s.position
      """
    return try db.query(sql, tenant, row: record)
  }

  static func find(_ db: Reader, version: String) throws -> Record? {
    try db.queryOne("SELECT \(columns) FROM prices p WHERE p.version = ?1", version, row: record)
  }

  /// The price of a tenant, or everybody's, that was set last of those in force at a moment.
  static func inForce(_ db: Reader, tenant: String, at time: Int64) throws -> Record? {
    let sql = """
      SELECT \(columns) FROM prices p
      LEFT JOIN seals s ON s.chain = 'prices' AND s.key = p.version
      WHERE p.tenant = ?1 AND p.valid_from <= ?2 ORDER BY p.valid_from DESC, s.position DESC LIMIT 1
      """
    return try db.queryOne(sql, tenant, time, row: record)
  }

  static func insert(_ tx: Transaction, _ tariff: Tariff, by user: String, at now: Int64) throws {
    let tiers = tariff.tiers.map { "\($0.above.value):\($0.nanoEuroPerGFLOP)" }
    try tx.execute(
      """
      INSERT INTO prices (version, tenant, valid_from, nano_euro_per_gflop, tiers, set_by, set_time)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
      """,
      tariff.price.version, tariff.tenant, tariff.price.validFrom, tariff.price.nanoEuroPerGFLOP,
      tiers.joined(separator: ","), user, now)
    try SealStore.seal(tx, .prices, key: tariff.price.version)
  }

  private static func record(_ row: Row) throws -> Record {
    let price = Price(
      version: try row.text("version"), validFrom: try row.int64("valid_from"),
      nanoEuroPerGFLOP: try row.int64("nano_euro_per_gflop"))
    let tiers = try row.text("tiers").split(separator: ",").map { text in
      let parts = text.split(separator: ":").map { Int64($0) }
      guard parts.count == 2, let above = parts[0], let rate = parts[1] else {
        throw StorageError.corrupt("the tiers of price \(price.version)")
      }
      return PriceTier(above: GFLOP(above), nanoEuroPerGFLOP: rate)
    }
    return Record(
      tariff: try Tariff(price, tenant: try row.text("tenant"), tiers: tiers),
      setTime: try row.int64("set_time"))
  }
}
