import ComputeDomain
import Foundation
import Testing

@testable import ComputeService

@Suite("Backup and verification, as programs")
struct VerifyCommandTests {
  /// A database with a run on it, closed.
  private func used() async throws -> ServiceFixture {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    try await fixture.train(.pflop(30))
    #expect(try await fixture.audit().isSound)
    return fixture
  }

  @Test("a backup of a sound ledger is told so; one of an unsound ledger fails, and says what")
  func backup() async throws {
    let fixture = try await used()
    let copy = "\(fixture.folder)/copy.sqlite"
    let sound = try ProgramRun("assay-compute", ["backup", copy, "--data", fixture.folder])
    #expect(sound.code == 0, "\(sound.said)")
    #expect(sound.said.contains("copy.sqlite: sound: 3 entries of 1 tenant,"), "\(sound.said)")
    let verified = try ProgramRun("assay", ["ledger", "verify", copy])
    #expect(verified.code == 0, "\(verified.said)")
    #expect(verified.said.contains("1 price, 0 invoices, 0 payments"), "\(verified.said)")

    try await fixture.tamper("UPDATE usage SET quarter = quarter + 1")
    let bad = "\(fixture.folder)/bad.sqlite"
    let unsound = try ProgramRun("assay-compute", ["backup", bad, "--data", fixture.folder])
    #expect(unsound.code == 1, "\(unsound.said)")
    #expect(unsound.said.contains("bad.sqlite is a copy of a ledger that is unsound"))
    #expect(unsound.said.contains("the usage of run run_"), "\(unsound.said)")
    // What there is was copied all the same.
    #expect(FileManager.default.fileExists(atPath: bad))
    #expect(try ProgramRun("assay-compute", ["restore", bad, "--data", fixture.folder]).code == 1)
  }

  @Test("a database without an entry, or of something else, is not called sound")
  func nothing() async throws {
    let fixture = try ServiceFixture()
    _ = try await fixture.audit()
    let empty = try ProgramRun("assay", ["ledger", "verify", fixture.path])
    #expect(empty.code == 1)
    #expect(empty.said.contains("there is nothing to verify"), "\(empty.said)")

    let other = "\(fixture.folder)/other.sqlite"
    // What SQLite calls a database that holds nothing, of no application.
    try Data("SQLite format 3\0".utf8 + [UInt8](repeating: 0, count: 4_080))
      .write(to: URL(fileURLWithPath: other))
    let refused = try ProgramRun("assay", ["ledger", "verify", other])
    #expect(refused.code == 1, "\(refused.said)")
    #expect(refused.said.contains("other.sqlite"), "\(refused.said)")
  }
}
