import ComputeBilling
import ComputeDomain
import Foundation
import Storage
import Testing

@testable import ComputeService
@testable import Storage

@Suite("Ledgers of before")
struct MigrationTests {
  /// November was billed and paid; then came what is no usage, and an invoice for December that
  /// was refused, which cuts usage off all the same.
  static func billed() async throws -> ServiceFixture {
    let fixture = try await ServiceFixture.forInvoices()
    try await fixture.setPrice("later", 30, from: ServiceFixture.january)
    try await fixture.train(.pflop(100))
    fixture.clock.set(ServiceFixture.december)
    _ = try await fixture.issue("2026-11")
    try await fixture.pay("AS2026-000001")
    try await fixture.topUp(.pflop(5), to: "")
    fixture.clock.set(ServiceFixture.january)
    #expect(
      await status { _ = try await fixture.issue("2026-12") } == .failedPrecondition)
    #expect(try await fixture.audit().isSound)
    return fixture
  }

  @Test(
    "a database from before there were seals is sealed when it is opened, and once; it is sound",
    arguments: [5, 7, 8])
  func migrated(version: Int) async throws {
    let fixture = try await Self.billed()
    let path = try await fixture.copy(ofVersion: version)
    var ends: [[String: ChainEnd]] = []
    for _ in 0..<2 {
      let database = try ComputeCore.openDatabase(path: path)
      ends.append(try await database.read { try SealStore.ends($0) })
      let result = try await database.read { try LedgerAudit.run($0) }
      #expect(result.isSound, "\(result)")
      #expect(try await database.read { try !$0.exists("SELECT 1 FROM unsealed") })
      await database.close()
    }
    #expect(ends[0] == ends[1])
    // The copy has neither seller nor profile.
    let sealed = ends[0].filter { $0.value != .empty }
    #expect(sealed.mapValues(\.count) == ["prices": 2, "payments": 1, "invoices/AS2026": 1])
    let present = try await fixture.core.database.read { try SealStore.ends($0) }
    #expect(sealed.allSatisfy { present[$0.key] == $0.value })
  }
}

extension ServiceFixture {
  /// What the ledger would be, had it been written by the program that knew that many migrations.
  func copy(ofVersion version: Int) async throws -> String {
    let path = "\(folder)/version-\(version).sqlite"
    let old = try Database.open(
      path: path, migrations: Array(ComputeSchema.migrations.prefix(version)),
      options: Database.Options(applicationID: ComputeSchema.applicationID))
    var tables = [
      "journal", "heads", "ledger_position", "balances", "usage", "use_cases",
      "participants", "runs", "adjustments", "alerts", "invoices", "invoice_payments",
    ]
    if version >= 8 { tables += ["seals", "chain_ends"] }
    let columns = try await old.read { [tables] db in
      try (["prices"] + tables).map { table in
        try db.query("SELECT name FROM pragma_table_info('\(table)')") { try $0.text(0) }
          .joined(separator: ", ")
      }
    }
    await old.close()
    let connection = try Connection(Connection.Settings(path: path))
    defer { connection.close() }
    try connection.run("ATTACH DATABASE '\(self.path)' AS present")
    for (table, columns) in zip(["prices"] + tables, columns) {
      let others =
        switch table {
        // The price that every installation begins with is there.
        case "prices": " WHERE version NOT IN (SELECT version FROM prices)"
        case "seals", "chain_ends":
          " WHERE chain IN ('prices', 'payments') OR chain LIKE 'invoices/%'"
        default: ""
        }
      try connection.run(
        "INSERT INTO \(table) (\(columns)) SELECT \(columns) FROM present.\(table)\(others)")
    }
    try connection.run(
      "INSERT INTO usage_cuts SELECT tenant, max(sequence) FROM present.usage_cuts GROUP BY tenant")
    return path
  }
}
