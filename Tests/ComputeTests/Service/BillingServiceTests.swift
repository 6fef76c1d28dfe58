import API
import ComputeDomain
import RPC
import Testing

@testable import ComputeService

@Suite("The bill through the service")
struct BillingServiceTests {
  @Test("ten participants that use 200 PFLOP each are billed €50.00, as quoted")
  func fiftyEuro() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync(participants: 10)
    var request = ComputeQuoteRequest()
    request.participants = 10
    request.gflopEach = 200_000_000
    let quote = try await fixture.core.quote(request, .clinic(.organiser))
    #expect(quote.gflopTotal == 2_000_000_000)
    #expect(quote.nanoEuroPerGflop == 25)
    #expect(quote.eurTotal == "50.00")
    for number in 1...10 { try await fixture.train(.pflop(200), .vendor(number)) }
    let report = try await fixture.billingReport()
    #expect(report.lines.count == 10)
    #expect(report.pflopTotal == "2000")
    #expect(report.nanoEuroTotal == 50_000_000_000)
    #expect(report.eurTotal == "50.00")
    #expect(report.lines.allSatisfy { $0.eur == "5.00" && $0.priceVersion == "standard-1" })
  }

  @Test("a line names who used what, exactly")
  func line() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    try await fixture.train(GFLOP(41_500_000))
    let line = try #require(try await fixture.billingReport(.clinic(.organiser)).lines.first)
    #expect(line.useCaseTitle == "Breast cancer")
    #expect(line.participantName == "Vendor 1")
    #expect(line.participantTenant == "vendor-1")
    #expect(line.pflop == "41.5")
    #expect(line.nanoEuro == 1_037_500_000)
    #expect(line.eur == "1.04")
  }

  @Test("usage belongs to the UTC month and day in which it came in")
  func periods() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    fixture.clock.set(ServiceFixture.opening - 1)
    try await fixture.train(.pflop(10))
    fixture.clock.set(ServiceFixture.opening)
    try await fixture.train(.pflop(30))
    #expect(try await fixture.billingReport(month: "2026-10").pflopTotal == "10")
    #expect(try await fixture.billingReport(month: "2026-11").pflopTotal == "30")
    #expect(try await fixture.billingReport(month: "2026-12").lines.isEmpty)
    let days = try await fixture.billingReport(.clinic(.billing), .day)
    #expect(days.lines.map(\.date) == ["2026-10-31", "2026-11-01"])
    #expect(days.pflopTotal == "40")
    #expect(
      await status { _ = try await fixture.billingReport(month: "2026-13") } == .invalidArgument)
  }

  @Test("a new price holds from its moment on and leaves what was used before as it was")
  func newPrice() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    try await fixture.setPrice("v2", 50, from: ServiceFixture.opening + 1_000)
    try await fixture.train(.pflop(100))
    fixture.clock.advance(milliseconds: 1_000)
    try await fixture.train(.pflop(100))
    let report = try await fixture.billingReport()
    #expect(report.lines.map(\.eur) == ["2.50", "5.00"])
    #expect(report.lines.map(\.priceVersion) == ["standard-1", "v2"])
    #expect(report.eurTotal == "7.50")
    #expect(try await fixture.audit().isSound)
  }

  @Test("the bill has the use cases of the tenant that owns them, and no other's")
  func owners() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    try await fixture.sync(id: "uc_2", tenant: "hospital")
    try await fixture.train(.pflop(10))
    let hospital = CallIdentity.of(
      tenant: "hospital", user: "usr_h", email: "h@hospital.example", [.billing])
    #expect(try await fixture.billingReport(hospital).lines.isEmpty)
    #expect(try await fixture.billingReport().pflopTotal == "10")
    #expect(
      await status { _ = try await fixture.billingReport(hospital, useCase: "uc_1") }
        == .notFound)
  }

  @Test("a plan beyond the limit has no quote; a tiny one costs nothing yet")
  func quotes() async throws {
    let fixture = try ServiceFixture()
    var request = ComputeQuoteRequest()
    request.participants = 100_000
    request.gflopEach = .max
    let huge = request
    #expect(
      await status { _ = try await fixture.core.quote(huge, .clinic(.organiser)) } == .outOfRange)
    request.gflopEach = -1
    let negative = request
    #expect(
      await status { _ = try await fixture.core.quote(negative, .clinic(.organiser)) }
        == .invalidArgument)
    request.participants = 1
    request.gflopEach = 1
    let one = try await fixture.core.quote(request, .clinic(.organiser))
    #expect(one.nanoEuroTotal == 25)
    #expect(one.eurTotal == "0.00")
  }
}
