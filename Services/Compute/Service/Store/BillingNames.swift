import Storage

/// What bills show beside the ids of a tenant's use cases and their participants.
struct BillingNames {
  private(set) var title: [String: String] = [:]
  /// By use case, then participant; also those that left.
  private(set) var participant: [String: [String: (name: String, tenant: String)]] = [:]

  init(_ db: Reader, tenant: String) throws {
    let sql = """
      SELECT u.id AS use_case, u.title AS title, p.id AS id, p.name AS name, p.tenant AS tenant
      FROM use_cases u LEFT JOIN participants p ON p.use_case_id = u.id WHERE u.tenant = ?1
      """
    try db.forEach(sql, tenant) { row in
      let useCase = try row.text("use_case")
      title[useCase] = try row.text("title")
      guard let id = try row.optionalText("id") else { return }
      participant[useCase, default: [:]][id] = (try row.text("name"), try row.text("tenant"))
    }
  }
}
