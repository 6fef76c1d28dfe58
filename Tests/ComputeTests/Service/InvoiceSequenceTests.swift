import API
import ComputeBilling
import ComputeDomain
import RPC
import Testing

@testable import ComputeService

@Suite("Invoices one after the other")
struct InvoiceSequenceTests {
  private static let february: Int64 = 1_801_440_000_000

  @Test("what was taken back without a new invoice can be issued anew later, once")
  func reissueLater() async throws {
    let fixture = try await ServiceFixture.forInvoices(each: .pflop(300))
    try await fixture.train(.pflop(200))
    fixture.clock.set(ServiceFixture.december)
    let wrong = try await fixture.issue("2026-11")
    let note = try #require(try await fixture.credit(wrong.number).creditNote)
    #expect(try await fixture.credit(wrong.number).invoice == nil)
    try await fixture.train(.pflop(10))
    fixture.clock.set(ServiceFixture.january)
    let december = try await fixture.issue("2026-12")
    #expect(december.lines.map(\.pflop) == ["10"])
    let answers = try await withThrowingTaskGroup(
      of: ComputeCreditInvoiceResponse.self, returning: [ComputeCreditInvoiceResponse].self
    ) { group in
      for _ in 0..<8 { group.addTask { try await fixture.credit(wrong.number, reissue: true) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    let right = try #require(answers.first?.invoice)
    #expect(answers.allSatisfy { $0.invoice == right && $0.creditNote?.number == note.number })
    #expect([december.number, right.number] == ["AS2027-000001", "AS2027-000002"])
    #expect(right.corrects == wrong.number)
    #expect(right.lines == wrong.lines)
    #expect(try await fixture.issue("2026-11") == right)
    // And it can be taken back in its turn.
    let again = try await fixture.credit(right.number, reissue: true)
    #expect(again.invoice?.corrects == right.number)
    #expect(again.invoice?.lines == wrong.lines)
    #expect(try await fixture.core.listInvoices(.init(), .operator).invoices.count == 6)
    #expect(try await fixture.audit().isSound)
  }

  @Test("where the clock was set back by less than a day, an invoice is of the last one's day")
  func clockSetBack() async throws {
    let fixture = try await ServiceFixture.forInvoices(each: .pflop(300))
    try await fixture.train(.pflop(200))
    fixture.clock.set(ServiceFixture.december + 3 * UTCDay.milliseconds)
    let first = try await fixture.issue("2026-11")
    #expect(first.issueDate == "2026-12-04")
    fixture.clock.set(ServiceFixture.december + 3 * UTCDay.milliseconds - 1)
    try await fixture.pay(first.number)
    let answer = try await fixture.credit(first.number, reissue: true)
    let issued = [answer.creditNote, answer.invoice].compactMap { $0 }
    #expect(issued.map(\.number) == ["AS2026-000002", "AS2026-000003"])
    #expect(issued.map(\.issueDate) == ["2026-12-04", "2026-12-04"])
    #expect(try await fixture.audit().isSound)
  }

  @Test("a clock that was wrong by more is a series' end, and no other's")
  func clockWasWrong() async throws {
    let fixture = try await ServiceFixture.forInvoices(each: .pflop(300))
    try await fixture.train(.pflop(200))
    fixture.clock.set(ServiceFixture.january + 3 * UTCDay.milliseconds)
    let first = try await fixture.issue("2026-11")
    #expect([first.number, first.issueDate] == ["AS2027-000001", "2027-01-04"])
    // Another year has a series of its own.
    fixture.clock.set(ServiceFixture.december + 3 * UTCDay.milliseconds)
    let note = try await fixture.credit(first.number).creditNote
    #expect([note?.number, note?.issueDate] == ["AS2026-000001", "2026-12-04"])
    fixture.clock.set(ServiceFixture.january)
    let error = await #expect(throws: RPCError.self) {
      try await fixture.credit(first.number, reissue: true)
    }
    #expect(error?.code == .failedPrecondition)
    #expect(error?.message.contains("AS2027 is of 2027-01-04") == true)
    var seller = InvoiceSamples.seller
    seller.prefix = "ASB"
    _ = try await fixture.core.setSeller(seller, .operator)
    let anew = try await fixture.credit(first.number, reissue: true).invoice
    #expect([anew?.number, anew?.issueDate] == ["ASB2027-000001", "2027-01-01"])
    #expect(try await fixture.audit().isSound)
  }

  @Test(
    "a month waits until those before it are billed, if they have usage; the refusal says which")
  func order() async throws {
    let fixture = try await ServiceFixture.forInvoices(each: .pflop(300))
    try await fixture.train(.pflop(1))
    fixture.clock.set(ServiceFixture.december)
    try await fixture.train(.pflop(2))
    fixture.clock.set(Self.february)
    try await fixture.train(.pflop(3))
    fixture.clock.set(Self.february + 40 * UTCDay.milliseconds)
    for month in ["2026-12", "2027-01", "2027-02"] {
      let error = await #expect(throws: RPCError.self) { try await fixture.issue(month) }
      #expect(error?.code == .failedPrecondition)
      #expect(error?.message.contains("issue 2026-11 first") == true)
    }
    let november = try await fixture.issue("2026-11")
    #expect(november.number == "AS2027-000001")
    #expect(november.lines.map(\.pflop) == ["1"])
    let error = await #expect(throws: RPCError.self) { try await fixture.issue("2027-02") }
    #expect(error?.message.contains("issue 2026-12 first") == true)
    #expect(try await fixture.issue("2026-12").lines.map(\.pflop) == ["2"])
    // January has none, so that nothing of it is missing.
    #expect(try await fixture.issue("2027-02").lines.map(\.isLate) == [false])
  }

  @Test("late usage of a month that had an invoice, or that had been passed over, holds up nothing")
  func lateDoesNotHoldUp() async throws {
    let fixture = try await ServiceFixture.forInvoices(each: .pflop(300))
    let run = try await fixture.start().id
    try await fixture.report(run, .pflop(1), meteredAt: ServiceFixture.opening)
    fixture.clock.set(ServiceFixture.december)
    let later = try await fixture.start().id
    fixture.clock.set(ServiceFixture.january)
    _ = try await fixture.issue("2026-11")
    try await fixture.report(run, .pflop(3), meteredAt: ServiceFixture.december - 60_000)
    try await fixture.report(later, .pflop(4), meteredAt: ServiceFixture.december + 60_000)
    #expect(
      try await fixture.issue("2026-12").lines.map { "\($0.month) \($0.pflop) \($0.isLate)" }
        == ["2026-11 2 true", "2026-12 4 false"])
  }

  @Test("a draft leaves to earlier months what is theirs, and becomes the invoice")
  func draftOfLaterMonth() async throws {
    let fixture = try await ServiceFixture.forInvoices(each: .pflop(300))
    try await fixture.train(.pflop(1))
    fixture.clock.set(ServiceFixture.december)
    try await fixture.train(.pflop(2))
    fixture.clock.set(ServiceFixture.january)
    let early = try await fixture.draft("2026-12")
    #expect(early.lines.map(\.pflop) == ["2"])
    _ = try await fixture.issue("2026-11")
    let draft = try await fixture.draft("2026-12")
    #expect(draft.lines == early.lines)
    #expect(try await fixture.issue("2026-12", draft: draft.digest).lines == draft.lines)
  }

  @Test(
    "what is issued anew keeps the months of the zone in which it was issued",
    .needsTimeZones)
  func zoneOfThen() async throws {
    let fixture = try await ServiceFixture.forInvoices()
    // In UTC this is the last hour of November, in Berlin the first of December.
    fixture.clock.set(ServiceFixture.december - 1_800_000)
    try await fixture.train(.pflop(5))
    fixture.clock.set(ServiceFixture.december)
    let wrong = try await fixture.issue("2026-11")
    #expect(wrong.lines.map(\.month) == ["2026-11"])
    try await fixture.setProfile(zone: "Europe/Berlin")
    let right = try #require(try await fixture.credit(wrong.number, reissue: true).invoice)
    #expect(right.lines == wrong.lines)
    #expect(right.timeZone == wrong.timeZone)
    // The next one is of the zone of now, with the rest of its month.
    fixture.clock.set(ServiceFixture.december + 60_000)
    try await fixture.train(.pflop(6))
    fixture.clock.set(ServiceFixture.january)
    let next = try await fixture.issue("2026-12")
    #expect(next.timeZone == "Europe/Berlin")
    #expect(next.lines.map(\.pflop) == ["6"])
  }

  @Test(
    "an old document that does not say its zone is issued anew in the one that fits it",
    .needsTimeZones)
  func zoneOfFirstEncoding() async throws {
    let fixture = try await ServiceFixture.forInvoices()
    // As much as the document bills.
    try await fixture.train(GFLOP(42_100_001))
    fixture.clock.set(ServiceFixture.december)
    let old = try FirstEncoding.read(FirstEncoding.invoice)
    _ = try await fixture.draft("2026-11")
    try await fixture.core.database.write { tx in
      try tx.execute(
        """
        INSERT INTO invoices (position, number, series, count, tenant, kind, month, corrects,
          document, digest)
        VALUES (1, ?1, 'AS2026', 1, 'clinic', 'invoice', '2026-11', '', ?2, ?3)
        """, old.number, old.bytes, old.digest)
      try tx.execute(
        """
        INSERT INTO chain_ends (chain, count, last, digest)
        VALUES ('invoices/AS2026', 1, ?1, ?2)
        """, old.number, old.digest)
    }
    #expect(try await fixture.invoice(old.number).totalEur == "1.25")
    try await fixture.setProfile(zone: "Europe/Berlin")
    let answer = try await fixture.credit(old.number, reissue: true)
    #expect(answer.creditNote?.totalEur == "1.25")
    #expect(answer.invoice?.timeZone == "")
    #expect(answer.invoice?.lines.map(\.pflop) == ["42.100001"])
  }

  @Test(
    "a zone that goes west leaves the hours between two months to the next invoice",
    .needsTimeZones)
  func zoneGoesWest() async throws {
    let fixture = try await ServiceFixture.forInvoices()
    try await fixture.setProfile(zone: "Europe/Berlin")
    try await fixture.train(.pflop(5))
    fixture.clock.set(ServiceFixture.december - 1_800_000)
    _ = try await fixture.issue("2026-11")
    // Berlin's December, but in UTC still November, which is billed.
    try await fixture.train(.pflop(6))
    try await fixture.setProfile(zone: "UTC")
    fixture.clock.set(ServiceFixture.january)
    let next = try await fixture.issue("2026-12")
    #expect(next.lines.map { "\($0.month) \($0.pflop)" } == ["2026-11 6"])
  }

  @Test("a credit note and what replaces the invoice have numbers of the series of now")
  func seriesOfNow() async throws {
    let fixture = try await ServiceFixture.forInvoices()
    try await fixture.train(.pflop(5))
    fixture.clock.set(ServiceFixture.december)
    let wrong = try await fixture.issue("2026-11")
    var seller = InvoiceSamples.seller
    seller.prefix = "B"
    _ = try await fixture.core.setSeller(seller, .operator)
    let answer = try await fixture.credit(wrong.number, reissue: true)
    #expect(answer.creditNote?.number == "B2026-000001")
    #expect(answer.invoice?.number == "B2026-000002")
    #expect(try await fixture.audit().isSound)
  }
}
