import API
import ComputeBilling
import ComputeDomain
import Identity
import RPC
import Testing

@testable import ComputeService

@Suite("Invoices through the service")
struct InvoiceServiceTests {
  private let november = "2026-11"

  @Test("a month is drafted, issued, due, overdue and paid")
  func life() async throws {
    let fixture = try await ServiceFixture.forInvoices()
    for number in 1...10 { try await fixture.train(.pflop(200), .vendor(number)) }
    let draft = try await fixture.draft(november)
    #expect(draft.state == .draft)
    #expect(draft.lines.count == 10)
    #expect([draft.netEur, draft.taxEur, draft.totalEur] == ["50.00", "9.50", "59.50"])
    #expect(await status { _ = try await fixture.issue(november) } == .failedPrecondition)
    fixture.clock.set(ServiceFixture.december)
    let invoice = try await fixture.issue(november, draft: draft.digest)
    #expect(invoice.number == "AS2026-000001")
    #expect(invoice.issueDate == "2026-12-01")
    #expect(invoice.dueDate == "2026-12-15")
    #expect(invoice.state == .issued)
    #expect(try await fixture.issue(november) == invoice)
    fixture.clock.advance(milliseconds: 15 * UTCDay.milliseconds)
    #expect(try await fixture.invoice(invoice.number).state == .overdue)
    let paid = try await fixture.core.setInvoicePaid(
      ComputeSetInvoicePaidRequest(number: invoice.number, paidDate: "2026-12-10"),
      .operator)
    #expect(paid.state == .paid)
    #expect(paid.digest == invoice.digest)
    #expect(try await fixture.audit().isSound)
  }

  @Test("usage that comes in late is on the next invoice, marked with its month, and once")
  func lateUsage() async throws {
    let fixture = try await ServiceFixture.forInvoices()
    try await fixture.train(.pflop(100))
    let run = try await fixture.start().id
    fixture.clock.set(ServiceFixture.december)
    let first = try await fixture.issue(november)
    #expect(first.lines.map(\.pflop) == ["100"])
    // What was used in November, and told in December; then what was used in December.
    try await fixture.report(run, .pflop(7), meteredAt: ServiceFixture.december - 60_000)
    try await fixture.train(.pflop(30))
    fixture.clock.set(ServiceFixture.january)
    let second = try await fixture.issue("2026-12")
    #expect(second.lines.map(\.month) == ["2026-11", "2026-12"])
    #expect(second.lines.map(\.isLate) == [true, false])
    #expect(second.lines.map(\.pflop) == ["7", "30"])
    #expect(second.previousDigest == first.digest)
    #expect(try await fixture.invoice(first.number).lines == first.lines)
    #expect(await status { _ = try await fixture.issue("2026-10") } == .failedPrecondition)
  }

  @Test("usage of the next month that came in before the issue waits for its own invoice")
  func earlyUsage() async throws {
    let fixture = try await ServiceFixture.forInvoices()
    try await fixture.train(.pflop(100))
    fixture.clock.set(ServiceFixture.december + 3_600_000)
    try await fixture.train(.pflop(20))
    #expect(try await fixture.issue(november).lines.map(\.pflop) == ["100"])
    fixture.clock.set(ServiceFixture.january)
    #expect(try await fixture.issue("2026-12").lines.map(\.pflop) == ["20"])
  }

  @Test("every GFLOP is on exactly one invoice, whenever it came in and invoices were issued")
  func partition() async throws {
    print("ComputeTests seed: ASSAY_TEST_SEED=\(BookModelTests.seed)")
    var generator = SplitMix64(state: BookModelTests.seed)
    let fixture = try await ServiceFixture.forInvoices(each: .pflop(100_000))
    let run = try await fixture.start().id
    var total = GFLOP.zero
    var billed: Int64 = 0
    var month = try #require(UTCMonth(text: november))
    for _ in 0..<6 {
      let times = month.milliseconds
      for step in Int64(0)..<12 {
        fixture.clock.set(times.lowerBound + step * 2 * UTCDay.milliseconds)
        total = try total + GFLOP(.random(in: 1...1_000_000_000, using: &generator))
        let days = Int64.random(in: 0...40, using: &generator)
        let late = fixture.clock.clock.now() - days * UTCDay.milliseconds
        try await fixture.report(run, total, meteredAt: late)
      }
      let days = Int64.random(in: 0...2, using: &generator)
      fixture.clock.set(times.upperBound + days * UTCDay.milliseconds)
      billed += try await fixture.issue(month.text).lines.map(\.gflop).reduce(0, +)
      month = month.next
    }
    fixture.clock.set(month.milliseconds.upperBound)
    billed += (try? await fixture.issue(month.text).lines.map(\.gflop).reduce(0, +)) ?? 0
    #expect(billed == total.value, "ASSAY_TEST_SEED=\(BookModelTests.seed)")
    #expect(try await fixture.audit().isSound)
  }

  @Test("a credit note takes an invoice back once; the same usage is issued anew")
  func credit() async throws {
    let fixture = try await ServiceFixture.forInvoices(each: .pflop(300))
    try await fixture.train(.pflop(200))
    fixture.clock.set(ServiceFixture.december)
    let wrong = try await fixture.issue(november)
    try await fixture.train(.pflop(10))
    try await fixture.setProfile(country: "FR", vatID: "FR40303265045")
    try await fixture.confirm(country: "FR", vatID: "FR40303265045")
    let request = ComputeCreditInvoiceRequest(
      number: wrong.number, reason: "the buyer is in France", reissue: true)
    let answer = try await fixture.core.creditInvoice(request)
    let note = try #require(answer.creditNote)
    let right = try #require(answer.invoice)
    #expect([note.number, right.number] == ["AS2026-000002", "AS2026-000003"])
    #expect([note.totalEur, right.totalEur] == ["5.95", "5.00"])
    #expect(right.vatCategory == "AE")
    #expect(right.lines.map(\.gflop) == wrong.lines.map(\.gflop))
    #expect(right.lines.map(\.eur) == wrong.lines.map(\.eur))
    #expect([note.corrects, right.corrects] == [wrong.number, wrong.number])
    #expect(try await fixture.core.creditInvoice(request) == answer)
    #expect(try await fixture.invoice(wrong.number).state == .credited)
    let unpayable = ComputeSetInvoicePaidRequest(number: wrong.number)
    #expect(
      await status { _ = try await fixture.core.setInvoicePaid(unpayable, .operator) }
        == .failedPrecondition)
    fixture.clock.set(ServiceFixture.january)
    #expect(try await fixture.issue("2026-12").lines.map(\.pflop) == ["10"])
    #expect(try await fixture.audit().isSound)
  }

  @Test("numbers have no gap when many issue at once, and each tenant's month has one")
  func concurrentIssue() async throws {
    let fixture = try await ServiceFixture.forInvoices()
    let tenants = (1...8).map { "payer-\($0)" }
    for tenant in tenants {
      try await fixture.sync(id: "uc-\(tenant)", tenant: tenant)
      try await fixture.setProfile(tenant)
      try await fixture.train(.pflop(10), useCase: "uc-\(tenant)")
    }
    fixture.clock.set(ServiceFixture.december)
    let issued = try await withThrowingTaskGroup(of: ComputeInvoice.self) { group in
      for tenant in tenants + tenants + tenants {
        group.addTask { try await fixture.issue("2026-11", tenant: tenant) }
      }
      return try await group.reduce(into: [ComputeInvoice]()) { $0.append($1) }
    }
    #expect(issued.count == 24)
    let numbers = Set(issued.map(\.number))
    #expect(numbers == Set((1...8).map { "AS2026-00000\($0)" }))
    #expect(Set(issued.map { "\($0.tenant) \($0.number)" }).count == 8)
    #expect(try await fixture.audit().isSound)
  }

  @Test("a crash between the cut and the number leaves no gap and loses no usage")
  func crashBeforeNumber() async throws {
    let fixture = try await ServiceFixture.forInvoices()
    try await fixture.train(.pflop(10))
    fixture.clock.set(ServiceFixture.december)
    // What an issue does first; then the process is gone.
    _ = try await fixture.core.command { try $0.cutUsage(of: "clinic") }
    try await fixture.train(.pflop(1))
    let core = try fixture.reopened()
    let invoice = try await core.issueInvoice(
      ComputeIssueInvoiceRequest(tenant: "clinic", month: november))
    #expect(invoice.number == "AS2026-000001")
    #expect(invoice.lines.map(\.pflop) == ["10"])
    fixture.clock.set(ServiceFixture.january)
    let next = try await core.issueInvoice(
      ComputeIssueInvoiceRequest(tenant: "clinic", month: "2026-12"))
    #expect(next.number == "AS2027-000001")
    #expect(next.lines.map(\.pflop) == ["1"])
    core.database.closeSync()
  }

  @Test("a draft that has changed since it was looked at is not issued")
  func staleDraft() async throws {
    let fixture = try await ServiceFixture.forInvoices()
    let run = try await fixture.start().id
    try await fixture.report(run, .pflop(1))
    let digest = try await fixture.draft(november).digest
    #expect(try await fixture.draft(november).digest == digest)
    try await fixture.report(run, .pflop(2))
    fixture.clock.set(ServiceFixture.december)
    #expect(
      await status { _ = try await fixture.issue(november, draft: digest) }
        == .failedPrecondition)
    #expect(try await fixture.issue(november).lines.map(\.pflop) == ["2"])
  }

  @Test(
    "months are those of the tenant's zone, for invoices and reports",
    .needsTimeZones)
  func zones() async throws {
    let fixture = try await ServiceFixture.forInvoices()
    try await fixture.setProfile(zone: "Europe/Berlin")
    fixture.clock.set(ServiceFixture.december - 3_600_001)
    try await fixture.train(.pflop(1))
    fixture.clock.advance(milliseconds: 1)
    try await fixture.train(.pflop(2))
    let draft = try await fixture.draft(november)
    #expect(draft.lines.map(\.pflop) == ["1"])
    #expect(try await fixture.billingReport(month: november).pflopTotal == "1")
    #expect(try await fixture.billingReport(month: "2026-12").pflopTotal == "2")
    let days = try await fixture.billingReport(.clinic(.billing), .day)
    #expect(days.lines.map(\.date) == ["2026-11-30", "2026-12-01"])
    #expect(
      await status { try await fixture.setProfile(zone: "../../etc/passwd") } == .invalidArgument)
  }

  @Test("tenants see their own invoices, operators all, and nobody else any")
  func access() async throws {
    let fixture = try await ServiceFixture.forInvoices()
    try await fixture.train(.pflop(10))
    fixture.clock.set(ServiceFixture.december)
    let invoice = try await fixture.issue(november)
    let core = fixture.core
    for (caller, count) in [
      (CallIdentity.clinic(.billing), 1), (.operator, 1), (.stranger(.billing), 0),
    ] {
      #expect(
        try await core.listInvoices(ComputeListInvoicesRequest(), caller).invoices.count == count)
    }
    _ = try await core.invoice(invoice.number, .clinic(.owner))
    #expect(
      await status { _ = try await core.invoice(invoice.number, .stranger(.owner)) } == .notFound)
    let other = ComputeDraftInvoiceRequest(tenant: "clinic", month: "2026-12")
    #expect(
      await status { _ = try await core.draftInvoice(other, .stranger(.billing)) }
        == .permissionDenied)
  }
}
