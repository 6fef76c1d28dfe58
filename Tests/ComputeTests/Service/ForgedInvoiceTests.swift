import API
import ComputeBilling
import ComputeDomain
import Storage
import Testing

@testable import ComputeService

@Suite("Invoices that were made anew past the service, digests and all")
struct ForgedInvoiceTests {
  /// November at two prices, and what came in for it late, in December.
  private func billed() async throws -> ServiceFixture {
    let fixture = try await ServiceFixture.forInvoices()
    try await fixture.setPrice("later", 30, from: ServiceFixture.opening + 3_600_000)
    let run = try await fixture.start().id
    try await fixture.report(run, .pflop(4))
    fixture.clock.advance(milliseconds: 7_200_000)
    try await fixture.report(run, .pflop(9))
    fixture.clock.set(ServiceFixture.december)
    _ = try await fixture.issue("2026-11")
    try await fixture.report(run, .pflop(11), meteredAt: ServiceFixture.december - 1)
    fixture.clock.set(ServiceFixture.january)
    _ = try await fixture.issue("2026-12")
    #expect(try await fixture.audit().isSound)
    return fixture
  }

  /// Puts another document in the last one's place, with the digests that it would have.
  private func forge(
    _ fixture: ServiceFixture, issued day: UTCDay? = nil, from: Coverage? = nil,
    through: Coverage? = nil, quantity: (UsageLine) -> GFLOP = { $0.quantity }
  ) async throws -> String {
    let last = try await fixture.core.invoice("AS2027-000001", .operator).invoice
    let content = last.content
    let lines = try content.lines.map { line in
      try UsageLine(
        month: line.month, useCase: line.useCase, useCaseTitle: line.useCaseTitle,
        participant: line.participant, participantName: line.participantName,
        priceVersion: line.priceVersion, nanoEuroPerGFLOP: line.nanoEuroPerGFLOP,
        quantity: quantity(line.usage))
    }
    let draft = try InvoiceDraft(
      tenant: content.tenant, month: content.month, zone: content.zone ?? "",
      seller: content.seller, buyer: content.buyer, lines: lines, from: from ?? content.from,
      through: through ?? content.through)
    let forged = Invoice(
      number: last.number, issued: day ?? last.issued, content: draft, previous: last.previous)
    try await fixture.tamper("")
    try await fixture.core.database.write { tx in
      try tx.execute(
        "UPDATE invoices SET document = ?2, digest = ?3 WHERE number = ?1", forged.number,
        forged.bytes, forged.digest)
      try tx.execute(
        "UPDATE chain_ends SET digest = ?2 WHERE last = ?1", forged.number, forged.digest)
    }
    return try await LedgerAudit.run(path: fixture.path).description
  }

  @Test("one that says the same is sound, so that the others are found for what they say")
  func same() async throws {
    #expect(try await forge(billed()).hasPrefix("sound: "))
  }

  @Test("another quantity is named, with the price and what was used")
  func quantity() async throws {
    let said = try await forge(billed()) { _ in .pflop(1) }
    #expect(
      said.contains("AS2027-000001 bills 1000000 GFLOP at price later, 2000000 were used"),
      "\(said)")
  }

  @Test("usage that two invoices are for, or none, is named")
  func coverage() async throws {
    let place = "invoice AS2027-000001 is not for what follows the one before it"
    let twice = try await forge(billed(), from: Coverage.none)
    #expect(twice.contains(place), "\(twice)")
    let ended = try await forge(
      billed(), through: Coverage(end: ServiceFixture.december, cut: 4))
    #expect(ended.contains(place), "\(ended)")
  }

  @Test("a day of another year than its series' is named")
  func day() async throws {
    let said = try await forge(
      billed(), issued: UTCDay(containing: ServiceFixture.december - 1))
    #expect(said.contains("AS2027-000001 is of 2026-11-30, of which its series"), "\(said)")
  }
}
