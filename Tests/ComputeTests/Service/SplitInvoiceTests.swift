import API
import ComputeBilling
import ComputeDomain
import RPC
import Testing

@testable import ComputeService

// Serialized, for each test has the files of a service of its own open.
@Suite("Usage outside the scope of VAT has a document of its own", .serialized)
struct SplitInvoiceTests {
  /// A confirmed buyer of a country that joins the Union in December, with an invoice for November,
  /// late usage of November and usage of December, and a run of November that has not reported.
  private func joining() async throws -> (ServiceFixture, silentRun: String) {
    let rates = try VATRates.union.changed(by: "UA 2026-12-01 20")
    let fixture = try ServiceFixture(settings: ComputeSettings(vatRates: rates))
    _ = try await fixture.core.setSeller(InvoiceSamples.seller, .operator)
    try await fixture.setProfile(country: "UA")
    try await fixture.confirm(country: "UA", evidence: "register of Kyiv")
    try await fixture.sync(each: .pflop(1_000))
    let run = try await fixture.start().id
    let silent = try await fixture.start().id
    try await fixture.report(run, .pflop(100), meteredAt: ServiceFixture.opening)
    fixture.clock.set(ServiceFixture.december)
    #expect(try await fixture.issue("2026-11").vatCategory == "O")
    try await fixture.report(run, .pflop(200), meteredAt: ServiceFixture.december - 60_000)
    try await fixture.report(run, .pflop(300), meteredAt: ServiceFixture.december + 60_000)
    fixture.clock.set(ServiceFixture.january)
    return (fixture, silent)
  }

  @Test("late usage from before the buyer's country joined the Union is issued before the rest")
  func split() async throws {
    let (fixture, _) = try await joining()
    let draft = try await fixture.draft("2026-12")
    #expect(draft.lines.map { "\($0.month) \($0.pflop)" } == ["2026-12 100"])
    #expect(draft.outsideScope?.lines.map { "\($0.month) \($0.pflop)" } == ["2026-11 100"])
    let invoice = try await fixture.issue("2026-12", draft: draft.digest)
    let outside = try #require(invoice.outsideScope)
    #expect([outside.number, invoice.number] == ["AS2027-000001", "AS2027-000002"])
    #expect([outside.vatCategory, outside.netEur, outside.taxEur] == ["O", "2.50", "0.00"])
    #expect([invoice.vatCategory, invoice.netEur, invoice.taxEur] == ["S", "2.50", "0.50"])
    #expect(try await fixture.issue("2026-12").number == invoice.number)
    // BR-S-02 wants the seller's VAT id on the one, BR-O-02 none on the other.
    let documents = try await [invoice, outside].asyncMap {
      try await fixture.core.invoice($0.number, .operator).invoice.ubl
    }
    #expect(documents.map { $0.contains("DE123456789") } == [true, false])
    #expect(try await fixture.audit().isSound)
    // Nothing is billed twice, or left over.
    fixture.clock.advance(milliseconds: 31 * UTCDay.milliseconds)
    let error = await #expect(throws: RPCError.self) { try await fixture.issue("2027-01") }
    #expect(error?.message.contains("nothing to pay") == true)
  }

  @Test("a draft that was looked at is that of both")
  func digest() async throws {
    let (fixture, silentRun) = try await joining()
    let draft = try await fixture.draft("2026-12")
    try await fixture.report(silentRun, .pflop(1), meteredAt: ServiceFixture.december - 60_000)
    #expect(try await fixture.draft("2026-12").lines == draft.lines)
    #expect(
      await status { _ = try await fixture.issue("2026-12", draft: draft.digest) }
        == .failedPrecondition)
  }

  @Test("each of the two is taken back and issued anew for itself")
  func renewed() async throws {
    let (fixture, _) = try await joining()
    let invoice = try await fixture.issue("2026-12")
    let outside = try #require(invoice.outsideScope)
    for wrong in [invoice, outside] {
      let right = try #require(try await fixture.credit(wrong.number, reissue: true).invoice)
      #expect(right.lines == wrong.lines)
      #expect([right.vatCategory, right.totalEur] == [wrong.vatCategory, wrong.totalEur])
    }
    #expect(try await fixture.audit().isSound)
  }
}

extension Array {
  fileprivate func asyncMap<T>(_ body: (Element) async throws -> T) async rethrows -> [T] {
    var results: [T] = []
    for element in self { results.append(try await body(element)) }
    return results
  }
}
