import ComputeBilling
import Storage

/// How a tenant is billed.
struct BillingProfile: Sendable, Equatable {
  var buyer: Party
  var reference: String
  /// A name of the time zone database; empty for UTC.
  var zone: String
}

/// Who sells, and who buys.
enum PartyStore {
  private static let columns =
    "name, street, city, postal_code, country, vat_id, registration, email"

  static func seller(_ db: Reader) throws -> Seller? {
    try db.queryOne("SELECT \(columns), iban, prefix, payment_days FROM seller") { row in
      Seller(
        party: try party(row), iban: try row.text("iban"), prefix: try row.text("prefix"),
        paymentDays: try row.int64("payment_days"))
    }
  }

  static func save(_ tx: Transaction, _ seller: Seller) throws {
    try tx.execute(
      """
      INSERT OR REPLACE INTO seller (id, iban, prefix, payment_days, \(columns))
      VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
      """,
      arguments: [seller.iban, seller.prefix, seller.paymentDays] + values(seller.party))
  }

  static func profile(_ db: Reader, tenant: String) throws -> BillingProfile? {
    let sql = "SELECT \(columns), reference, zone FROM billing_profiles WHERE tenant = ?1"
    return try db.queryOne(sql, tenant) { row in
      BillingProfile(
        buyer: try party(row), reference: try row.text("reference"), zone: try row.text("zone"))
    }
  }

  static func save(_ tx: Transaction, tenant: String, _ profile: BillingProfile) throws {
    try tx.execute(
      """
      INSERT OR REPLACE INTO billing_profiles (tenant, reference, zone, \(columns))
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
      """,
      arguments: [tenant, profile.reference, profile.zone] + values(profile.buyer))
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
