import ComputeDomain
import Foundation
import RPC
import Testing

@testable import ComputeService

@Suite("Verification of the stored ledger")
struct LedgerAuditTests {
  private func used() async throws -> ServiceFixture {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    try await fixture.train(.pflop(30))
    let run = try await fixture.start(.vendor(2)).id
    try await fixture.report(run, .pflop(4), .vendor(2))
    return fixture
  }

  @Test("an untouched ledger is sound, also an empty one")
  func sound() async throws {
    #expect(try await ServiceFixture().audit().isSound)
    let result = try await used().audit()
    guard case .sound(let entries, _) = result else {
      Issue.record("\(result)")
      return
    }
    // The budget, two starts, a settlement and a report.
    #expect(entries == 5)
  }

  @Test(
    "whoever changes a row is found, and the first entry that does not fit is named",
    arguments: [
      ("UPDATE postings SET gflop = gflop * 2 WHERE sequence = 3", "entry 3"),
      ("UPDATE entries SET actor = 'usr_x' WHERE sequence = 2", "entry 2"),
      ("UPDATE entries SET time = time + 1 WHERE sequence = 4", "entry 4"),
      ("DELETE FROM postings WHERE sequence = 5 AND position = 0", "entry 5"),
      ("UPDATE prices SET nano_euro_per_gflop = 1", "entry 3"),
      ("UPDATE entries SET cause = 'unheard-of' WHERE sequence = 3", "entry 3"),
      ("UPDATE balances SET gflop = gflop + 1 WHERE kind = 'used'", "balance of used"),
      ("DELETE FROM balances WHERE kind = 'used'", "balance of used"),
      ("UPDATE runs SET used_gflop = 1", "run run_"),
      ("UPDATE head SET sequence = 6", "the head says"),
    ])
  func tampered(sql: String, place: String) async throws {
    let fixture = try await used()
    try await fixture.core.database.write { tx in _ = try tx.execute(sql) }
    let result = try await fixture.audit()
    #expect(!result.isSound)
    #expect(result.description.contains(place), "\(result)")
  }

  @Test("entries cut off at the end are missed")
  func cutOff() async throws {
    let fixture = try await used()
    try await fixture.core.database.write { tx in
      try tx.execute("DELETE FROM postings WHERE sequence = 5")
      try tx.execute("DELETE FROM entries WHERE sequence = 5")
    }
    #expect(try await fixture.audit().description.contains("the head says"))
  }

  @Test("the file is verified beside the running service, and so is its backup")
  func offline() async throws {
    let fixture = try await used()
    #expect(try await LedgerAudit.run(path: fixture.path).isSound)
    let backup = "\(fixture.folder)/backup.sqlite"
    try await fixture.core.database.backup(to: backup)
    #expect(try await LedgerAudit.run(path: backup) == fixture.audit())
  }
}
