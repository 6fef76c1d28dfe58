import API
import ComputeBilling
import ComputeDomain
import Foundation
import RPC
import Storage
import Testing

@testable import ComputeService

@Suite("What a buyer says of itself counts once an operator has confirmed it")
struct BuyerConfirmationTests {
  private let vatID = "FR40303265045"

  private func french() async throws -> ServiceFixture {
    let fixture = try await ServiceFixture.forInvoices()
    try await fixture.train(.pflop(200))
    try await fixture.setProfile(country: "FR", vatID: vatID)
    return fixture
  }

  @Test("no reverse charge before, reverse charge after; the invoice keeps the evidence")
  func confirming() async throws {
    let fixture = try await french()
    let before = try await fixture.draft("2026-11")
    #expect([before.vatCategory, before.vatPercent, before.taxEur] == ["S", "19", "0.95"])
    #expect(before.buyerConfirmation == nil)
    let profile = try await fixture.confirm(country: "FR", vatID: vatID, date: "2026-10-30")
    let confirmation = try #require(profile.confirmation)
    #expect(confirmation.checkedDate == "2026-10-30")
    #expect(confirmation.evidence == "VIES WAPIAAAAZr3kPq1x")
    #expect(confirmation.confirmedBy == "usr_op")
    fixture.clock.set(ServiceFixture.december)
    let invoice = try await fixture.issue("2026-11")
    #expect([invoice.vatCategory, invoice.taxEur] == ["AE", "0.00"])
    #expect(invoice.buyerConfirmation == confirmation)
  }

  @Test("a country outside the Union does not spare VAT either, before it is confirmed")
  func outside() async throws {
    let fixture = try await french()
    try await fixture.setProfile(country: "CH")
    #expect(try await fixture.draft("2026-11").vatCategory == "S")
    try await fixture.confirm(country: "CH", evidence: "register of Zug, CHE-123.456.789")
    #expect(try await fixture.draft("2026-11").vatCategory == "O")
  }

  @Test("another country or VAT id takes the confirmation back, the same again does not return it")
  func changing() async throws {
    let fixture = try await french()
    for (country, id) in [("FR", "FR99999999999"), ("BE", ""), ("FR", "")] {
      try await fixture.setProfile(country: "FR", vatID: vatID)
      try await fixture.confirm(country: "FR", vatID: vatID)
      #expect(try await fixture.profile().confirmation != nil)
      // What else the tenant changes is its own affair.
      try await fixture.setProfile(country: "FR", vatID: vatID, zone: "UTC")
      #expect(try await fixture.profile().confirmation != nil)
      try await fixture.setProfile(country: country, vatID: id)
      #expect(try await fixture.profile().confirmation == nil)
      try await fixture.setProfile(country: "FR", vatID: vatID)
      #expect(try await fixture.profile().confirmation == nil)
      #expect(try await fixture.draft("2026-11").vatCategory == "S")
    }
  }

  @Test("a tenant cannot confirm itself by what it sends as its profile")
  func selfMade() async throws {
    let fixture = try await french()
    let buyer = Party(name: "Clinic", country: "FR", vatID: vatID)
    let profile = ComputeBillingProfile(
      tenant: "clinic", buyer: ComputeParty(buyer),
      confirmation: ComputeBuyerConfirmation(
        checkedDate: "2026-11-01", evidence: "trust me", confirmedBy: "usr_op"))
    let answer = try await fixture.core.setBillingProfile(profile, .clinic(.owner))
    #expect(answer.confirmation == nil)
    #expect(try await fixture.draft("2026-11").vatCategory == "S")
  }

  @Test("what is confirmed is what was checked: a profile that says otherwise by now is refused")
  func overtaken() async throws {
    let fixture = try await french()
    for (country, id) in [("FR", ""), ("DE", vatID), ("FR", "FR40303265046")] {
      #expect(
        await status { try await fixture.confirm(country: country, vatID: id) }
          == .failedPrecondition)
    }
    #expect(
      await status { try await fixture.confirm(country: "FR", vatID: vatID, evidence: "") }
        == .invalidArgument)
    for date in ["2026-11-02", "yesterday"] {
      #expect(
        await status { try await fixture.confirm(country: "FR", vatID: vatID, date: date) }
          == .invalidArgument)
    }
    #expect(
      await status { try await fixture.confirm("nobody", country: "FR", vatID: vatID) }
        == .notFound)
    #expect(try await fixture.profile().confirmation == nil)
  }

  @Test("every confirmation is kept, once however often it is said, and none can be changed")
  func history() async throws {
    let fixture = try await french()
    for evidence in ["first", "first", "second"] {
      try await fixture.confirm(country: "FR", vatID: vatID, evidence: evidence)
    }
    let kept = try await fixture.core.read { db in
      try db.query("SELECT evidence FROM buyer_confirmations ORDER BY id") {
        try $0.text("evidence")
      }
    }
    #expect(kept == ["first", "second"])
    for sql in [
      "UPDATE buyer_confirmations SET evidence = 'x'", "DELETE FROM buyer_confirmations",
      """
      INSERT OR REPLACE INTO buyer_confirmations
      SELECT id, tenant, country, vat_id, checked_day, 'x', confirmed_by, confirm_time
      FROM buyer_confirmations
      """,
    ] {
      await #expect(throws: (any Error).self) {
        try await fixture.core.database.write { try $0.execute(sql) }
      }
    }
  }

  @Test("a database of before has nobody confirmed, and its profiles otherwise as they were")
  func migration() async throws {
    let folder = NSTemporaryDirectory() + "compute-migration-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/compute.sqlite"
    let old = try Database.open(
      path: path, migrations: ComputeSchema.migrations.filter { $0.version < 7 },
      options: Database.Options(applicationID: ComputeSchema.applicationID))
    try await old.write { [vatID] tx in
      try tx.execute(
        """
        INSERT INTO billing_profiles (tenant, name, street, city, postal_code, country, vat_id,
          registration, email, reference, zone)
        VALUES ('clinic', 'Clinic', '', '', '', 'FR', ?1, '', '', 'PO 7', '')
        """, vatID)
    }
    await old.close()
    let database = try ComputeCore.openDatabase(path: path)
    let core = ComputeCore(database: database)
    let profile = try await core.billingProfile("", .clinic(.billing))
    #expect(profile.confirmation == nil)
    #expect(profile.buyer?.vatId == vatID)
    #expect(profile.buyerReference == "PO 7")
    await database.close()
  }

  @Test("the file of --vat-rates is read, and refused with its line")
  func ratesFile() throws {
    let file = NSTemporaryDirectory() + "vat-rates-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: file) }
    #expect(try ComputeProgram.vatRates(nil) == .union)
    #expect(throws: (any Error).self) { try ComputeProgram.vatRates(file) }
    try "DE 2027-01-01 20\n".write(toFile: file, atomically: true, encoding: .utf8)
    let day = try #require(UTCDay(text: "2027-01-01"))
    #expect(try ComputeProgram.vatRates(file).basisPoints("DE", on: day) == 2_000)
    try "DE 20\n".write(toFile: file, atomically: true, encoding: .utf8)
    let error = #expect(throws: (any Error).self) { try ComputeProgram.vatRates(file) }
    #expect(error.map { "\($0)" }?.contains("line 1") == true)
  }
}
