import API
import ComputeBilling
import ComputeDomain
import RPC
import Storage
import Testing

@testable import ComputeService

// Serialized, for each test has the files of a service of its own open.
@Suite("Verification of prices, invoices and payments", .serialized)
struct BillingAuditTests {
  /// Two prices besides the standard one; two invoices, of which the first was paid.
  private func billed() async throws -> ServiceFixture {
    let fixture = try await ServiceFixture.forInvoices(each: .pflop(3_000))
    try await fixture.setPrice(
      "volume", 20, tiers: [PriceTier(above: .pflop(1_000), nanoEuroPerGFLOP: 10)])
    try await fixture.setPrice("later", 30, from: ServiceFixture.january)
    try await fixture.train(.pflop(1_500))
    fixture.clock.set(ServiceFixture.december)
    _ = try await fixture.issue("2026-11")
    try await fixture.pay("AS2026-000001")
    try await fixture.train(.pflop(100))
    _ = try await fixture.core.creditInvoice(
      ComputeCreditInvoiceRequest(number: "AS2026-000001", reason: "wrong"))
    #expect(try await fixture.audit().isSound)
    return fixture
  }

  @Test(
    "a price that was changed, added or taken away past the service is named",
    arguments: [
      (
        "UPDATE prices SET tiers = '1000000000:9' WHERE version = 'volume'",
        "price volume is not what was set"
      ),
      (
        "UPDATE prices SET tiers = 'none' WHERE version = 'volume'",
        "price volume is not what was set"
      ),
      ("UPDATE prices SET nano_euro_per_gflop = 1 WHERE version = 'later'", "price later is not"),
      ("UPDATE prices SET tenant = 'clinic' WHERE version = 'later'", "price later is not"),
      ("UPDATE prices SET valid_from = 1 WHERE version = 'later'", "price later is not"),
      ("UPDATE prices SET set_by = 'usr_x' WHERE version = 'later'", "price later is not"),
      ("UPDATE prices SET set_time = 1 WHERE version = 'later'", "price later is not"),
      ("DELETE FROM prices WHERE version = 'volume'", "price volume is missing"),
      (
        "INSERT INTO prices (version, valid_from, nano_euro_per_gflop) VALUES ('x', 5, 1)",
        "price x was not set through the service"
      ),
      (
        "DELETE FROM seals WHERE chain = 'prices' AND key = 'volume'",
        "the seal before that of price later is missing"
      ),
      (
        """
        DELETE FROM seals WHERE key = 'later'; DELETE FROM prices WHERE version = 'later'
        """, "the chain prices says that it has 3, the last \"later\""
      ),
      ("DELETE FROM chain_ends WHERE chain = 'prices'", "the chain prices says that it has 0"),
    ])
  func prices(sql: String, place: String) async throws {
    try await expect(place, after: sql)
  }

  @Test(
    "an invoice's column that does not say what its document says is named; so is a missing tail",
    arguments: [
      ("UPDATE invoices SET tenant = 'other' WHERE position = 1", "the tenant of invoice AS2026-"),
      ("UPDATE invoices SET kind = 'invoice' WHERE position = 2", "the kind of invoice AS2026-"),
      ("UPDATE invoices SET month = '2026-10' WHERE position = 1", "the month of invoice AS2026-"),
      ("UPDATE invoices SET corrects = '' WHERE position = 2", "the corrects of invoice AS2026-"),
      ("UPDATE invoices SET number = 'X' WHERE position = 2", "the number of invoice X"),
      ("UPDATE invoices SET series = 'X' WHERE position = 1", "the series of invoice AS2026-"),
      ("UPDATE invoices SET count = 3 WHERE position = 2", "gap before invoice AS2026-000002"),
      ("UPDATE invoices SET position = 3 WHERE position = 2", "gap before invoice AS2026-000002"),
      (
        "UPDATE invoices SET document = CAST(document || x'00' AS BLOB) WHERE position = 1",
        "invoice AS2026-000001 does not fit its digest"
      ),
      (
        "DELETE FROM invoices WHERE position = 2",
        "the chain invoices/AS2026 says that it has 2, the last \"AS2026-000002\"; there are 1"
      ),
      (
        "DELETE FROM chain_ends WHERE chain = 'invoices/AS2026'",
        "the chain invoices/AS2026 says that it has 0"
      ),
      (
        "INSERT INTO chain_ends SELECT 'invoices/X', 1, 'X-1', digest FROM chain_ends LIMIT 1",
        "the chain invoices/X says that it has 1"
      ),
    ])
  func invoices(sql: String, place: String) async throws {
    try await expect(place, after: sql)
  }

  @Test(
    "a payment that was changed, added or taken away past the service is named",
    arguments: [
      (
        "UPDATE invoice_payments SET paid_day = paid_day + 1",
        "payment of invoice AS2026-000001 is not what was set"
      ),
      ("UPDATE invoice_payments SET set_by = 'usr_x'", "payment of invoice AS2026-000001 is not"),
      ("DELETE FROM invoice_payments", "payment of invoice AS2026-000001 is missing"),
      (
        "INSERT INTO invoice_payments VALUES ('AS2026-000002', 1, 'usr_x', 1)",
        "payment of invoice AS2026-000002 was not set through the service"
      ),
    ])
  func payments(sql: String, place: String) async throws {
    try await expect(place, after: sql)
  }

  @Test(
    "usage that was moved across an invoice's cut is named, and so is a cut that was never made",
    arguments: [
      ("UPDATE usage SET cut = 0 WHERE cut > 0", "after cut 0 is"),
      ("UPDATE usage SET cut = cut + 1 WHERE cut > 0", "after cut 4 is"),
      ("DELETE FROM usage_cuts", "after cut 3 is"),
      ("DELETE FROM usage_cuts; DELETE FROM usage WHERE cut > 0", "after cut 0 is"),
      ("INSERT INTO usage_cuts VALUES ('clinic', 100)", "cut off at entry 100; there are 5"),
      ("INSERT INTO usage_cuts VALUES ('other', 1)", "tenant other is cut off at entry 1"),
    ])
  func cuts(sql: String, place: String) async throws {
    try await expect(place, after: sql)
  }

  private func expect(_ place: String, after sql: String) async throws {
    let fixture = try await billed()
    try await fixture.tamper(sql)
    let result = try await LedgerAudit.run(path: fixture.path)
    #expect(!result.isSound)
    #expect(result.description.contains(place), "\(result)")
  }

  private static let unsealed = """
    UPDATE prices SET nano_euro_per_gflop = 1 WHERE version = 'volume'; DELETE FROM seals;
    DELETE FROM chain_ends WHERE chain IN ('prices', 'payments')
    """

  @Test("what was sealed is not sealed again: without its chain's end the service does not start")
  func sealedOnce() async throws {
    let fixture = try await billed()
    try await fixture.tamper(Self.unsealed)
    fixture.core.database.closeSync()
    #expect(try Self.refusal(fixture).contains("the end of the chain prices is missing"))
    #expect(try await !LedgerAudit.run(path: fixture.path).isSound)
  }

  @Test("nor does it where a chain is sealed and marked as not sealed yet")
  func markedAgain() async throws {
    let fixture = try await billed()
    try await fixture.tamper("INSERT INTO unsealed VALUES ('payments')")
    fixture.core.database.closeSync()
    #expect(try Self.refusal(fixture).contains("the chain payments is sealed, and marked"))
  }

  private static func refusal(_ fixture: ServiceFixture) throws -> String {
    let error = #expect(throws: StorageError.self) {
      try ComputeCore.openDatabase(path: fixture.path).closeSync()
    }
    return "\(try #require(error))"
  }

  @Test("a price that was changed and sealed anew is not the one that entries name")
  func resealed() async throws {
    let fixture = try await billed()
    try await fixture.tamper(
      Self.unsealed + "; INSERT INTO unsealed VALUES ('prices'), ('payments')")
    let core = try fixture.reopened()
    let result = try await core.read { try LedgerAudit.run($0) }
    #expect(
      result.description.contains("price volume is not the one that entries of tenant clinic name"),
      "\(result)")
    core.database.closeSync()
  }

  @Test("the database refuses to change, replace or remove what was set, issued or paid")
  func refused() async throws {
    let fixture = try await billed()
    for sql in [
      "UPDATE invoices SET tenant = 'x'", "DELETE FROM invoices",
      "INSERT OR REPLACE INTO invoices SELECT * FROM invoices WHERE position = 2",
      """
      INSERT OR REPLACE INTO invoices SELECT position + 1, number, series, count + 1, tenant, kind,
        month, corrects, document, digest FROM invoices WHERE position = 2
      """,
      """
      INSERT OR REPLACE INTO invoices SELECT position + 1, 'AS2026-000003', series, count + 1,
        tenant, kind, month, corrects, document, digest FROM invoices WHERE position = 2
      """,
      """
      INSERT INTO invoices SELECT position + 2, 'AS2026-000003', series, count + 1, tenant, kind,
        month, '', document, digest FROM invoices WHERE position = 2
      """,
      "UPDATE invoice_payments SET paid_day = 1", "DELETE FROM invoice_payments",
      "INSERT OR REPLACE INTO invoice_payments SELECT number, 1, 'x', 1 FROM invoice_payments",
      "DELETE FROM prices", "UPDATE prices SET nano_euro_per_gflop = 1",
      "INSERT OR REPLACE INTO prices SELECT * FROM prices",
      "DELETE FROM seals", "UPDATE seals SET digest = x'00'",
      "INSERT OR REPLACE INTO seals SELECT * FROM seals",
      "DELETE FROM chain_ends", "UPDATE chain_ends SET count = count - 1",
      "UPDATE chain_ends SET digest = x'00'",
      "INSERT OR REPLACE INTO chain_ends SELECT * FROM chain_ends",
      "DELETE FROM usage_cuts", "UPDATE usage_cuts SET sequence = 0",
      "INSERT INTO unsealed VALUES ('prices')",
    ] {
      await #expect(throws: StorageError.self, "\(sql)") {
        try await fixture.core.database.write { _ = try $0.execute(sql) }
      }
    }
    #expect(try await fixture.audit().isSound)
  }

  @Test("nobody is shown an invoice by a column that its document contradicts")
  func strayColumn() async throws {
    let fixture = try await billed()
    try await fixture.tamper("UPDATE invoices SET tenant = 'elsewhere' WHERE position = 1")
    await #expect(throws: StorageError.self) {
      try await fixture.core.database.read {
        _ = try InvoiceStore.page($0, tenant: "elsewhere", before: .max, limit: 10)
      }
    }
  }

  @Test("a number that was cut off is not given again")
  func noNumberTwice() async throws {
    let fixture = try await billed()
    let record = try await fixture.core.invoice("AS2026-000001", .operator)
    try await fixture.tamper("DELETE FROM invoices WHERE position = 2")
    await #expect(throws: StorageError.self) {
      try await fixture.core.database.write {
        _ = try InvoiceStore.issue(
          $0,
          InvoiceDraft(
            crediting: record.invoice, by: record.invoice.content.seller, reason: "again"),
          on: record.invoice.issued)
      }
    }
  }

  @Test("two databases with the same entries and other prices have other digests")
  func digest() async throws {
    var results: [AuditResult] = []
    for rate in [20, 21] as [Int64] {
      let fixture = try ServiceFixture()
      try await fixture.sync()
      try await fixture.setPrice("later", rate, from: ServiceFixture.december)
      results.append(try await fixture.audit())
    }
    guard case .sound(let one) = results[0], case .sound(let other) = results[1] else {
      Issue.record("\(results)")
      return
    }
    #expect(one.digest == other.digest)
    #expect(one.records?.prices == 2)
    #expect(one.records?.digest != other.records?.digest)
  }
}

extension ServiceFixture {
  func pay(_ number: String) async throws {
    _ = try await core.setInvoicePaid(ComputeSetInvoicePaidRequest(number: number), .operator)
  }

  /// Does what somebody with the file can do, who has got rid of the triggers.
  func tamper(_ sql: String) async throws {
    try await core.database.write { tx in
      let triggers = try tx.query("SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
        try $0.text(0)
      }
      for trigger in triggers { try tx.execute("DROP TRIGGER \(trigger)") }
      for statement in sql.split(separator: ";") { try tx.execute(String(statement)) }
    }
  }
}
