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
    // Has the tables brought up to the journal, so that what a test changes stays changed.
    #expect(try await fixture.audit().isSound)
    return fixture
  }

  @Test("an untouched ledger is sound, also an empty one")
  func sound() async throws {
    #expect(try await ServiceFixture().audit().isSound)
    let result = try await used().audit()
    guard case .sound(let summary) = result else {
      Issue.record("\(result)")
      return
    }
    // The budget, two starts, a settlement and a report.
    #expect(summary.entries == 5)
    #expect(summary.tenants == 1)
  }

  @Test(
    "whoever changes a row is found, and the first entry that does not fit is named",
    arguments: [
      ("UPDATE balances SET gflop = gflop + 1 WHERE kind = 'used'", "balance of used"),
      ("DELETE FROM balances WHERE kind = 'used'", "balance of used"),
      ("UPDATE runs SET used_gflop = 1", "run run_"),
      ("UPDATE usage SET gflop = gflop + 1", "usage of run run_"),
      ("DELETE FROM usage", "usage of run run_"),
      ("UPDATE usage SET tenant = 'other'", "usage of run run_"),
      ("UPDATE usage SET use_case_id = 'uc_2'", "usage of run run_"),
      ("UPDATE usage SET participant_id = 'par_9'", "usage of run run_"),
      ("UPDATE usage SET run_id = 'run_x'", "usage of run run_x"),
      ("UPDATE usage SET quarter = quarter + 1", "usage of run run_"),
      ("UPDATE usage SET price_version = 'cheap'", "at price cheap"),
      ("UPDATE usage SET cut = 1", "after cut 1 "),
      ("UPDATE heads SET sequence = 6", "the head of tenant clinic says"),
      ("DELETE FROM journal WHERE first = 3", "entry 4 of tenant clinic"),
      ("UPDATE journal SET tenant = 'other' WHERE first = 1", "entry 1 of tenant other"),
    ])
  func tampered(sql: String, place: String) async throws {
    let fixture = try await used()
    try await fixture.core.database.write { tx in _ = try tx.execute(sql) }
    let result = try await fixture.audit()
    #expect(!result.isSound)
    #expect(result.description.contains(place), "\(result)")
  }

  @Test("one changed byte anywhere in the journal is found, and its entry named")
  func everyByte() async throws {
    let fixture = try await used()
    for first in 1...5 as ClosedRange<Int64> {
      let bytes = try await fixture.core.database.read { db in
        try db.queryOne("SELECT entries FROM journal WHERE first = ?1", first) {
          try $0.blob(0)
        }
      }
      let original = try #require(bytes)
      for index in stride(from: 0, to: original.count, by: 7) {
        var changed = original
        changed[index] ^= 1
        try await fixture.write(entries: changed, first: first)
        let result = try await fixture.audit()
        #expect(!result.isSound, "byte \(index) of entry \(first)")
        #expect(result.description.contains("entry \(first) of"), "\(result)")
      }
      try await fixture.write(entries: original, first: first)
    }
    #expect(try await fixture.audit().isSound)
  }

  @Test("entries cut off at the end are missed")
  func cutOff() async throws {
    let fixture = try await used()
    try await fixture.core.database.write { tx in
      try tx.execute("DELETE FROM journal WHERE first = 5")
    }
    let result = try await fixture.audit()
    #expect(!result.isSound)
    #expect(result.description.contains("balance of"), "\(result)")
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

extension ServiceFixture {
  fileprivate func write(entries: [UInt8], first: Int64) async throws {
    try await core.database.write { tx in
      _ = try tx.execute("UPDATE journal SET entries = ?2 WHERE first = ?1", first, entries)
    }
  }
}
