import ComputeDomain
import Foundation
import Storage
import Testing

@testable import ComputeService

@Suite("Going back to a backup, as a program")
struct RestoreCommandTests {
  /// November is to be billed.
  private func used() async throws -> ServiceFixture {
    let fixture = try await ServiceFixture.forInvoices()
    try await fixture.train(.pflop(30))
    fixture.clock.set(ServiceFixture.december)
    #expect(try await fixture.audit().isSound)
    return fixture
  }

  private func restore(
    _ file: String, over fixture: ServiceFixture, _ more: String...
  ) throws -> ProgramRun {
    fixture.core.database.closeSync()
    return try ProgramRun("assay-compute", ["restore", file, "--data", fixture.folder] + more)
  }

  private func numbers(_ fixture: ServiceFixture) async throws -> [String] {
    try await LedgerFiles.read(fixture.path) { db in
      try db.query("SELECT number FROM invoices ORDER BY position") { try $0.text(0) }
    }
  }

  @Test("what lacks an issued invoice does not take its ledger's place, unless forced")
  func older() async throws {
    let fixture = try await used()
    let backup = "\(fixture.folder)/backup.sqlite"
    try await fixture.core.database.backup(to: backup)
    _ = try await fixture.issue("2026-11")
    try await fixture.train(.pflop(1))
    try await fixture.setPrice("later", 30, from: ServiceFixture.january)
    #expect(try await fixture.audit().isSound)
    let refused = try restore(backup, over: fixture)
    #expect(refused.code == 1)
    for place in [
      "entries 4 to 5 of clinic", "1 of invoices/AS2026, a number that would be given again",
      "2 of prices", "--force",
    ] { #expect(refused.said.contains(place), "\(refused.said)") }
    #expect(try await numbers(fixture) == ["AS2026-000001"])
    let forced = try restore(backup, over: fixture, "--force")
    #expect(forced.code == 0, "\(forced.said)")
    #expect(try await numbers(fixture) == [])
  }

  @Test("what goes on from where a ledger is takes its place; what went on otherwise does not")
  func newer() async throws {
    let (fixture, other) = (try await used(), try await used())
    let backup = "\(fixture.folder)/backup.sqlite"
    try await fixture.core.database.backup(to: backup)
    _ = try await fixture.issue("2026-11")
    try await fixture.train(.pflop(1))
    #expect(try await fixture.audit().isSound)
    let newer = "\(fixture.folder)/newer.sqlite"
    try await fixture.core.database.backup(to: newer)
    #expect(try restore(newer, over: fixture).code == 0)
    #expect(try restore(backup, over: fixture, "--force").code == 0)
    #expect(try restore(newer, over: fixture).code == 0)
    #expect(try await numbers(fixture) == ["AS2026-000001"])
    // As many entries, of other runs.
    let stranger = try restore(newer, over: other)
    #expect(stranger.code == 1)
    #expect(stranger.said.contains("the entries of clinic, for it has others"), "\(stranger.said)")
  }

  @Test("a sound ledger without an entry does not take the place of one that has some")
  func empty() async throws {
    let (fixture, empty) = (try await used(), try ServiceFixture())
    empty.core.database.closeSync()
    let refused = try restore(empty.path, over: fixture)
    #expect(refused.code == 1)
    #expect(refused.said.contains("entries 1 to 3 of clinic"), "\(refused.said)")
    // The other way round nothing is lost.
    #expect(try restore(fixture.path, over: empty).code == 0)
  }

  @Test("what cannot be compared is not replaced, unless forced")
  func damaged() async throws {
    let (fixture, broken) = (try await used(), try ServiceFixture())
    broken.core.database.closeSync()
    try await fixture.core.database.backup(to: "\(fixture.folder)/backup.sqlite")
    try Data("no database at all, but of some length".utf8)
      .write(to: URL(fileURLWithPath: broken.path))
    let refused = try restore("\(fixture.folder)/backup.sqlite", over: broken)
    #expect(refused.code == 1)
    #expect(refused.said.contains("cannot be told"), "\(refused.said)")
  }

  @Test(
    "a backup of an older program is verified, and restored as the present one keeps it",
    arguments: [5, 7, 8])
  func outdated(version: Int) async throws {
    let fixture = try await MigrationTests.billed()
    let old = try await fixture.copy(ofVersion: version)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: old))
    let verified = try ProgramRun("assay", ["ledger", "verify", old])
    #expect(verified.code == 0, "\(verified.said)")
    #expect(verified.said.contains("2 prices, 1 invoice, 1 payment"), "\(verified.said)")
    let empty = try ServiceFixture()
    let restored = try restore(old, over: empty)
    #expect(restored.code == 0, "\(restored.said)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: old)) == bytes)
    let core = try empty.reopened()
    #expect(try await core.read { try LedgerAudit.run($0) }.isSound)
    await core.database.close()
    let left = try FileManager.default.contentsOfDirectory(atPath: empty.folder)
    #expect(left.allSatisfy { $0.hasPrefix("compute.sqlite") }, "\(left)")
    // Of what it was made of it lacks the seller and the profile, and nothing else.
    let refused = try restore(old, over: fixture)
    #expect(refused.code == 1)
    #expect(!refused.said.contains("invoices"), "\(refused.said)")
    #expect(!refused.said.contains("entries"), "\(refused.said)")
    #expect(refused.said.contains("sellers"), "\(refused.said)")
    #expect(try restore(old, over: fixture, "--force").code == 0)
  }

  @Test("an older backup that was tampered with is found out as a new one is")
  func outdatedAndUnsound() async throws {
    let fixture = try await MigrationTests.billed()
    let old = try await fixture.copy(ofVersion: 5)
    let database = try Database.open(
      path: old, migrations: Array(ComputeSchema.migrations.prefix(5)),
      options: Database.Options(applicationID: ComputeSchema.applicationID))
    try await database.write { _ = try $0.execute("UPDATE usage SET gflop = gflop + 1") }
    await database.close()
    let refused = try restore(old, over: fixture, "--force")
    #expect(refused.code == 1)
    #expect(refused.said.contains("the usage of run run_"), "\(refused.said)")
  }
}
