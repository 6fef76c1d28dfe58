import API
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

  private static let anotherRun = """
    SELECT 'run_x', use_case_id, participant_id, started_by, note, gflop_per_second, start_time,
      state, state_words, counter_gflop, used_gflop, held_gflop, late_gflop, last_report_time,
      metered_time, end_time FROM runs LIMIT 1
    """

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
      ("UPDATE runs SET used_gflop = 1", "the used_gflop of run run_"),
      ("UPDATE runs SET held_gflop = held_gflop + 1", "the held_gflop of run run_"),
      ("UPDATE runs SET counter_gflop = 90000000", "the counter_gflop of run run_"),
      ("UPDATE runs SET late_gflop = 77", "the late_gflop of run run_"),
      ("UPDATE runs SET state = 'expired'", "the state of run run_"),
      ("UPDATE runs SET state_words = 'x'", "the state_words of run run_"),
      ("UPDATE runs SET metered_time = 1", "the metered_time of run run_"),
      ("UPDATE runs SET end_time = 1", "the end_time of run run_"),
      ("UPDATE runs SET last_report_time = 1", "the last_report_time of run run_"),
      ("UPDATE runs SET participant_id = 'par_9'", "the participant_id of run run_"),
      ("UPDATE runs SET started_by = 'x'", "the started_by of run run_"),
      ("UPDATE runs SET start_time = 1", "the start_time of run run_"),
      ("DELETE FROM runs WHERE state = 'finished'", " is missing"),
      ("UPDATE runs SET id = 'run_x' WHERE state = 'finished'", " is missing"),
      ("INSERT INTO runs \(anotherRun)", "run run_x has no entry"),
      ("UPDATE use_cases SET topped_up_gflop = 5", "use case uc_1 was topped up by 5 GFLOP"),
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

  @Test("a sign of life has no entry, and is no mismatch; what was topped up has one")
  func signOfLife() async throws {
    let fixture = try await used()
    let run = try await fixture.start().id
    try await fixture.report(run, .pflop(1))
    fixture.clock.advance(milliseconds: 1_000)
    try await fixture.report(run, .pflop(1))
    try await fixture.topUp(.pflop(7), to: "")
    try await fixture.topUp(.pflop(8), to: "par_1")
    #expect(try await fixture.audit().isSound)
    let (heard, added) = try await fixture.core.database.read { db in
      (
        try db.queryOne("SELECT last_report_time FROM runs WHERE id = ?1", run) {
          try $0.int64(0)
        }, try db.queryOne("SELECT topped_up_gflop FROM use_cases") { try $0.int64(0) }
      )
    }
    #expect(heard == fixture.clock.clock.now())
    #expect(added == GFLOP.pflop(15).value)
  }

  @Test("a run that was started after the tables were written has a row that is compared, too")
  func startedSince() async throws {
    let fixture = try await used()
    try await fixture.sync(id: "uc_2")
    #expect(try await fixture.audit().isSound)
    let run = try await fixture.start().id
    for change in [
      "use_case_id = 'uc_2'", "participant_id = 'par_2'", "started_by = 'x'", "start_time = 1",
    ] {
      // What throws is undone, so that each change is the only one.
      let found = await #expect(throws: Undone.self) {
        try await fixture.core.database.write { tx in
          try tx.execute("UPDATE runs SET \(change) WHERE id = ?1", run)
          throw Undone(result: try LedgerAudit.run(tx))
        }
      }
      let place = "the \(change.prefix { $0 != " " }) of run \(run)"
      #expect(found?.result.description.contains(place) == true, "\(found as Any)")
    }
    #expect(try await fixture.core.database.read { try LedgerAudit.run($0) }.isSound)
  }

  private struct Undone: Error {
    let result: AuditResult
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
