import ComputeBilling
import ComputeDomain
import Storage

/// How a tenant is billed.
struct BillingProfile: Sendable, Equatable {
  var buyer: Party
  /// `nil` until an operator has confirmed the buyer's country and VAT id.
  var confirmation: BuyerConfirmation?
  var reference: String
  /// A name of the time zone database; empty for UTC.
  var zone: String
}

/// The last version of something, who set it and when; nobody and 0 for what was set before that
/// was kept.
struct Versioned<Value: Sendable>: Sendable {
  let value: Value
  let version: Int64
  let setBy: String
  let setTime: Int64
}

/// Who sells, and who buys: each change is a version of its own, kept for ever.
enum PartyStore {
  private static let columns =
    "name, street, city, postal_code, country, vat_id, registration, email"

  static func seller(_ db: Reader) throws -> Versioned<Seller>? {
    let sql = "SELECT * FROM seller_versions ORDER BY id DESC LIMIT 1"
    return try db.queryOne(sql) { row in
      try version(
        row,
        Seller(
          party: try party(row), iban: try row.text("iban"), prefix: try row.text("prefix"),
          paymentDays: try row.int64("payment_days")))
    }
  }

  /// Adds a version, unless it is what there is.
  static func save(_ tx: Transaction, _ seller: Seller, by user: String, at now: Int64) throws {
    guard try self.seller(tx)?.value != seller else { return }
    let id = try NumberedTable.sellers.nextID(tx)
    try tx.execute(
      """
      INSERT INTO seller_versions (id, iban, prefix, payment_days, set_by, set_time, \(columns))
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
      """,
      arguments: [id, seller.iban, seller.prefix, seller.paymentDays, user, now]
        + values(seller.party))
    try SealStore.seal(tx, .sellers, key: String(id))
  }

  /// A confirmation counts for whom it is of, whatever the profile says.
  private static let profileSQL = """
    SELECT p.*, c.checked_day, c.evidence, c.confirmed_by
    FROM profile_versions p LEFT JOIN buyer_confirmations c
      ON c.id = p.confirmation AND c.tenant = p.tenant AND c.country = p.country
        AND c.vat_id = p.vat_id
    WHERE p.tenant = ?1 ORDER BY p.id DESC LIMIT 1
    """

  static func profile(_ db: Reader, tenant: String) throws -> Versioned<BillingProfile>? {
    try db.queryOne(profileSQL, tenant) { row in
      try version(
        row,
        BillingProfile(
          buyer: try party(row), confirmation: try confirmation(row),
          reference: try row.text("reference"), zone: try row.text("zone")))
    }
  }

  /// Saves all but the confirmation, which stays as long as the buyer is the same.
  static func save(
    _ tx: Transaction, tenant: String, _ profile: BillingProfile, by user: String, at now: Int64
  ) throws {
    let last = try self.profile(tx, tenant: tenant)?.value
    var profile = profile
    profile.confirmation = nil
    var confirmation: Int64?
    if let last, let confirmed = last.confirmation, last.buyer.isSameBuyer(as: profile.buyer) {
      profile.confirmation = confirmed
      confirmation = try lastConfirmation(tx, tenant: tenant)
    }
    guard last != profile else { return }
    try insert(tx, tenant: tenant, profile, confirmation: confirmation, by: user, at: now)
  }

  private static func lastConfirmation(_ db: Reader, tenant: String) throws -> Int64? {
    let sql = "SELECT confirmation FROM profile_versions WHERE tenant = ?1 ORDER BY id DESC LIMIT 1"
    return try db.queryOne(sql, tenant) { try $0.optionalInt64("confirmation") } ?? nil
  }

  private static func insert(
    _ tx: Transaction, tenant: String, _ profile: BillingProfile, confirmation: Int64?,
    by user: String, at now: Int64
  ) throws {
    let id = try NumberedTable.profiles.nextID(tx)
    try tx.execute(
      """
      INSERT INTO profile_versions (id, tenant, reference, zone, confirmation, set_by, set_time,
        \(columns))
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
      """,
      arguments: [id, tenant, profile.reference, profile.zone, confirmation, user, now]
        + values(profile.buyer))
    try SealStore.seal(tx, .profiles, key: String(id))
  }

  /// Keeps a confirmation for ever, and has it count for the buyer as `profile` says.
  static func confirm(
    _ tx: Transaction, tenant: String, _ profile: BillingProfile,
    _ confirmation: BuyerConfirmation, at now: Int64
  ) throws {
    let id = try NumberedTable.confirmations.nextID(tx)
    let buyer = profile.buyer
    try tx.execute(
      """
      INSERT INTO buyer_confirmations (id, tenant, country, vat_id, checked_day, evidence,
        confirmed_by, confirm_time)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      """,
      id, tenant, buyer.country, buyer.vatID, confirmation.checked.number,
      confirmation.evidence, confirmation.confirmedBy, now)
    try SealStore.seal(tx, .confirmations, key: String(id))
    try insert(
      tx, tenant: tenant, profile, confirmation: id, by: confirmation.confirmedBy, at: now)
  }

  // MARK: - Rows

  private static func version<Value>(_ row: Row, _ value: Value) throws -> Versioned<Value> {
    Versioned(
      value: value, version: try row.int64("id"), setBy: try row.text("set_by"),
      setTime: try row.int64("set_time"))
  }

  private static func confirmation(_ row: Row) throws -> BuyerConfirmation? {
    guard let checked = try row.optionalInt64("checked_day") else { return nil }
    return BuyerConfirmation(
      checked: UTCDay(number: checked), evidence: try row.text("evidence"),
      confirmedBy: try row.text("confirmed_by"))
  }

  private static func party(_ row: Row) throws -> Party {
    Party(
      name: try row.text("name"), street: try row.text("street"), city: try row.text("city"),
      postalCode: try row.text("postal_code"), country: try row.text("country"),
      vatID: try row.text("vat_id"), registration: try row.text("registration"),
      email: try row.text("email"))
  }

  private static func values(_ party: Party) -> [(any SQLBindable)?] {
    [
      party.name, party.street, party.city, party.postalCode, party.country, party.vatID,
      party.registration, party.email,
    ]
  }
}

extension PartyStore {
  /// Takes what a file of before versions says, as set by nobody at no time, and seals it; nothing
  /// once that was done.
  static func adoptOldRows(_ tx: Transaction) throws {
    guard try tx.exists("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'seller'")
    else { return }
    try tx.execute(
      """
      INSERT INTO seller_versions (id, iban, prefix, payment_days, set_by, set_time, \(columns))
      SELECT 1, iban, prefix, payment_days, '', 0, \(columns) FROM seller
      """)
    try tx.execute(
      """
      INSERT INTO profile_versions (id, tenant, reference, zone, confirmation, set_by, set_time,
        \(columns))
      SELECT row_number() OVER (ORDER BY tenant), tenant, reference, zone, confirmation, '', 0,
        \(columns) FROM billing_profiles
      """)
    for (table, rows) in [
      (SealedTable.sellers, NumberedTable.sellers), (.confirmations, .confirmations),
      (.profiles, .profiles),
    ] {
      let keys = try tx.query(rows.sql, String?.none) { try $0.text("key") }
      for key in keys { try SealStore.seal(tx, table, key: key) }
    }
    try tx.execute("DROP TABLE billing_profiles")
    try tx.execute("DROP TABLE seller")
  }
}
