import API
import ComputeBilling
import ComputeDomain
import Crypto
import Foundation
import RPC
import Storage
import Testing

@testable import ComputeService

// Serialized, for each test has the files of a service of its own open.
@Suite("Who sells and who buys, and who said so", .serialized)
struct PartyVersionTests {
  private let vatID = "FR40303265045"

  private func setBuyer(_ buyer: Party, on fixture: ServiceFixture) async throws {
    _ = try await fixture.core.setBillingProfile(
      ComputeBillingProfile(tenant: "clinic", buyer: ComputeParty(buyer)), .clinic(.billing))
  }

  private func confirmed() async throws -> (ServiceFixture, Party) {
    let fixture = try await ServiceFixture.forInvoices()
    try await fixture.train(.pflop(200))
    let buyer = Party(
      name: "Clinique", street: "2 Rue Haute", city: "Lyon", postalCode: "69001", country: "FR",
      vatID: vatID, registration: "RCS 1", email: "a@clinic.example")
    try await setBuyer(buyer, on: fixture)
    try await fixture.confirm(country: "FR", vatID: vatID)
    #expect(try await fixture.draft("2026-11").vatCategory == "AE")
    return (fixture, buyer)
  }

  @Test(
    "a confirmation is of one buyer: another name, address or registration takes it back",
    arguments: 0..<5)
  func anotherBuyer(field: Int) async throws {
    let fields: [WritableKeyPath<Party, String>] = [
      \.name, \.street, \.city, \.postalCode, \.registration,
    ]
    let (fixture, buyer) = try await confirmed()
    var other = buyer
    other[keyPath: fields[field]] = "Totally Else GmbH"
    try await setBuyer(other, on: fixture)
    #expect(try await fixture.profile().confirmation == nil)
    let draft = try await fixture.draft("2026-11")
    #expect([draft.vatCategory, draft.vatPercent] == ["S", "19"])
    #expect(draft.buyerConfirmation == nil)
    try await setBuyer(buyer, on: fixture)
    #expect(try await fixture.profile().confirmation == nil)
  }

  @Test("where invoices go is the buyer's own affair, and keeps the confirmation")
  func sameBuyer() async throws {
    let (fixture, buyer) = try await confirmed()
    var moved = buyer
    moved.email = "b@clinic.example"
    try await setBuyer(moved, on: fixture)
    #expect(try await fixture.profile().confirmation != nil)
  }

  @Test("what has changed since an operator looked is not confirmed")
  func overtaken() async throws {
    let (fixture, buyer) = try await confirmed()
    var other = buyer
    other.name = "Somebody else"
    let seen = try await fixture.profile().version
    try await setBuyer(other, on: fixture)
    let request = ComputeConfirmBuyerRequest(
      tenant: "clinic", country: "FR", vatId: vatID, evidence: "VIES 1", profileVersion: seen)
    #expect(
      await status { _ = try await fixture.core.confirmBuyer(request, .operator) }
        == .failedPrecondition)
    #expect(try await fixture.profile().confirmation == nil)
  }

  @Test("another tenant's confirmation counts for nobody, and verification names the profile")
  func foreignConfirmation() async throws {
    let (fixture, _) = try await confirmed()
    try await fixture.setProfile("hospital", country: "DE")
    try await fixture.confirm("hospital", country: "DE", evidence: "register of Berlin")
    #expect(try await fixture.audit().isSound)
    try await fixture.tamper(
      """
      UPDATE profile_versions SET confirmation =
        (SELECT id FROM buyer_confirmations WHERE tenant = 'hospital')
      WHERE id = (SELECT max(id) FROM profile_versions WHERE tenant = 'clinic')
      """)
    #expect(try await fixture.profile().confirmation == nil)
    #expect(try await fixture.draft("2026-11").vatCategory == "S")
    #expect(try await fixture.audit().description.contains("billing profile's version"))
  }

  @Test("every seller and profile is kept, with who set it and when; the same again adds none")
  func history() async throws {
    let (fixture, buyer) = try await confirmed()
    fixture.clock.advance(milliseconds: 5_000)
    var seller = InvoiceSamples.seller
    seller.iban = "GB82WEST12345698765432"
    let other = CallIdentity.of(
      tenant: "installation", user: "usr_2", email: "b@op", [.operator])
    for _ in 0..<2 { _ = try await fixture.core.setSeller(seller, other) }
    try await setBuyer(buyer, on: fixture)
    let rows = try await fixture.core.read { db in
      try db.query("SELECT iban, set_by, set_time FROM seller_versions ORDER BY id") {
        "\(try $0.text("iban")) \(try $0.text("set_by")) \(try $0.int64("set_time"))"
      }
    }
    let opening = ServiceFixture.opening
    #expect(
      rows == [
        "DE75512108001245126199 usr_op \(opening)",
        "GB82WEST12345698765432 usr_2 \(opening + 5_000)",
      ])
    let current = ComputeSeller(try await fixture.core.seller())
    #expect([current.iban, current.setBy] == [seller.iban, "usr_2"])
    #expect(current.setTime?.unixMilliseconds == opening + 5_000)
    // First as the fixture has it, then the buyer's own, then confirmed by the operator.
    let profile = try await fixture.profile()
    #expect(profile.version == 3)
    #expect(profile.setBy == "usr_op")
  }

  @Test(
    "a seller, profile or confirmation that was changed past the service is named",
    arguments: [
      ("UPDATE seller_versions SET iban = 'X'", "seller's version 1 is not what was set"),
      ("UPDATE seller_versions SET set_by = 'usr_x'", "seller's version 1 is not what was set"),
      ("DELETE FROM seller_versions", "seller's version 1 is missing"),
      ("UPDATE profile_versions SET name = 'X' WHERE id = 2", "profile's version 2 is not what"),
      ("UPDATE profile_versions SET set_time = 1 WHERE id = 2", "profile's version 2 is not what"),
      ("UPDATE profile_versions SET confirmation = NULL", "profile's version 3 is not what"),
      ("DELETE FROM profile_versions WHERE id = 3", "profile's version 3 is missing"),
      ("UPDATE buyer_confirmations SET evidence = 'X'", "confirmation 1 is not what was set"),
      (
        "INSERT INTO buyer_confirmations VALUES (2, 'clinic', 'CH', '', 1, 'X', 'usr_x', 1)",
        "confirmation 2 was not set through the service"
      ),
      ("DELETE FROM chain_ends WHERE chain = 'sellers'", "the chain sellers says that it has 0"),
    ])
  func audit(sql: String, place: String) async throws {
    let (fixture, _) = try await confirmed()
    #expect(try await fixture.audit().isSound)
    try await fixture.tamper(sql)
    let result = try await fixture.audit()
    #expect(result.description.contains(place), "\(result)")
  }

  @Test("the database refuses to change, replace or remove a version")
  func refused() async throws {
    let (fixture, _) = try await confirmed()
    for table in ["seller_versions", "profile_versions"] {
      for sql in [
        "UPDATE \(table) SET name = 'x'", "DELETE FROM \(table)",
        "INSERT OR REPLACE INTO \(table) SELECT * FROM \(table)",
      ] {
        await #expect(throws: StorageError.self, "\(sql)") {
          try await fixture.core.database.write { _ = try $0.execute(sql) }
        }
      }
    }
  }

  @Test("a file of before versions keeps seller, profiles and confirmations, and is sealed once")
  func migrated() async throws {
    let folder = NSTemporaryDirectory() + "compute-parties-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/compute.sqlite"
    let old = try Database.open(
      path: path, migrations: Array(ComputeSchema.migrations.prefix(8)),
      options: Database.Options(applicationID: ComputeSchema.applicationID))
    try await old.write { tx in
      try tx.execute(
        """
        INSERT INTO seller VALUES (1, 'Assay', '', 'Berlin', '', 'DE', 'DE1', 'HRB 1', '', '', 'AS',
          14)
        """)
      try tx.execute(
        "INSERT INTO buyer_confirmations VALUES (1, 'clinic', 'FR', 'FR1', 20000, 'V', 'u', 1)")
      for (tenant, vatID) in [("clinic", "FR1"), ("hospital", "FR2")] {
        // The hospital's points at the clinic's confirmation.
        try tx.execute(
          "INSERT INTO billing_profiles VALUES (?1, 'N', '', '', '', 'FR', ?2, '', '', 'R', '', 1)",
          tenant, vatID)
      }
    }
    await old.close()
    for _ in 0..<2 {
      let database = try ComputeCore.openDatabase(path: path)
      let (seller, clinic, hospital, counts) = try await database.read { db in
        (
          try PartyStore.seller(db), try PartyStore.profile(db, tenant: "clinic"),
          try PartyStore.profile(db, tenant: "hospital"),
          try SealStore.ends(db).mapValues(\.count)
        )
      }
      #expect(seller?.value.party.registration == "HRB 1")
      #expect(seller?.setBy == "")
      #expect(clinic?.value.confirmation?.evidence == "V")
      #expect(hospital?.value.reference == "R")
      #expect(hospital?.value.confirmation == nil)
      #expect([counts["sellers"], counts["profiles"], counts["confirmations"]] == [1, 2, 1])
      let result = try await database.read { try LedgerAudit.run($0) }
      #expect(result.isSound, "\(result)")
      await database.close()
    }
  }
}
