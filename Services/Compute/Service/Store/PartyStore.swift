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
    let sql = """
      SELECT name, street, city, postal_code, p.country, p.vat_id, registration, email, reference,
        zone, checked_day, evidence, confirmed_by
      FROM billing_profiles p LEFT JOIN buyer_confirmations c ON c.id = p.confirmation
      WHERE p.tenant = ?1
      """
    return try db.queryOne(sql, tenant) { row in
      BillingProfile(
        buyer: try party(row), confirmation: try confirmation(row),
        reference: try row.text("reference"), zone: try row.text("zone"))
    }
  }

  /// Saves all but the confirmation, which stays as long as the country and the VAT id do.
  static func save(_ tx: Transaction, tenant: String, _ profile: BillingProfile) throws {
    try tx.execute(
      """
      INSERT INTO billing_profiles (tenant, reference, zone, \(columns))
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
      ON CONFLICT (tenant) DO UPDATE SET reference = ?2, zone = ?3, name = ?4, street = ?5,
        city = ?6, postal_code = ?7, country = ?8, vat_id = ?9, registration = ?10, email = ?11,
        confirmation = CASE
          WHEN billing_profiles.country = ?8 AND billing_profiles.vat_id = ?9
          THEN billing_profiles.confirmation END
      """,
      arguments: [tenant, profile.reference, profile.zone] + values(profile.buyer))
  }

  /// Keeps a confirmation for ever, and has it count for the buyer as its profile says now.
  static func confirm(
    _ tx: Transaction, tenant: String, _ buyer: Party, _ confirmation: BuyerConfirmation,
    at now: Int64
  ) throws {
    let next = "SELECT ifnull(max(id), 0) + 1 AS next FROM buyer_confirmations"
    let id = try tx.queryOne(next) { try $0.int64("next") } ?? 1
    try tx.execute(
      """
      INSERT INTO buyer_confirmations (id, tenant, country, vat_id, checked_day, evidence,
        confirmed_by, confirm_time)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      """,
      id, tenant, buyer.country, buyer.vatID, confirmation.checked.number,
      confirmation.evidence, confirmation.confirmedBy, now)
    try tx.execute(
      "UPDATE billing_profiles SET confirmation = ?2 WHERE tenant = ?1", tenant, id)
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
