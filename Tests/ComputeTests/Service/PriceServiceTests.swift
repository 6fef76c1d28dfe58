import API
import ComputeBilling
import ComputeDomain
import Identity
import RPC
import Testing

@testable import ComputeService

@Suite("Prices through the service")
struct PriceServiceTests {
  @Test("a price is set for now or later, never for what was used before")
  func past() async throws {
    let fixture = try ServiceFixture()
    #expect(
      await status { try await fixture.setPrice("v", 1, from: ServiceFixture.opening - 1) }
        == .invalidArgument)
    try await fixture.setPrice("v", 1, from: ServiceFixture.opening)
    try await fixture.setPrice("v", 1, from: ServiceFixture.opening)
    #expect(
      await status { try await fixture.setPrice("v", 2, from: ServiceFixture.opening) }
        == .alreadyExists)
    #expect(await status { try await fixture.setPrice("w", -1) } == .invalidArgument)
  }

  @Test("a price of a tenant that has neither a use case nor a billing profile is refused")
  func unknownTenant() async throws {
    let fixture = try ServiceFixture()
    #expect(await status { try await fixture.setPrice("v", 1, tenant: "clinc") } == .notFound)
    try await fixture.sync()
    #expect(await status { try await fixture.setPrice("v", 1, tenant: "clinc") } == .notFound)
    try await fixture.setPrice("v", 1, tenant: "clinic")
    try await fixture.setProfile("hospital")
    try await fixture.setPrice("w", 1, tenant: "hospital")
  }

  @Test("of two prices that begin at one moment, the one that was set last holds")
  func sameMoment() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    // By their names it would be the other way around.
    try await fixture.setPrice("z-wrong", 300, from: ServiceFixture.december)
    try await fixture.setPrice("a-right", 30, from: ServiceFixture.december)
    fixture.clock.set(ServiceFixture.december)
    try await fixture.train(.pflop(100))
    #expect(try await fixture.billingReport().lines.map(\.priceVersion) == ["a-right"])
    let core = try fixture.reopened()
    let prices = try await core.listPrices(ComputeListPricesRequest(), .operator).prices
    #expect(prices.map(\.version) == ["standard-1", "z-wrong", "a-right"])
    core.database.closeSync()
  }

  @Test("the same price set again is the one that there is, without a key and without a name")
  func again() async throws {
    let fixture = try ServiceFixture()
    let set = { (rate: Int64, from: Int64?, name: String) async throws -> String in
      try await fixture.core.setPrice(
        ComputeSetPriceRequest(
          price: ComputePrice(
            version: name, validFrom: from.map { Google_Protobuf_Timestamp(unixMilliseconds: $0) },
            nanoEuroPerGflop: rate)), .operator
      ).version
    }
    #expect(try await set(25, nil, "") == "standard-1")
    let now = try await set(30, nil, "")
    let named = try await set(31, nil, "named")
    fixture.clock.advance(milliseconds: 60_000)
    #expect(try await set(31, nil, "") == named)
    #expect(try await set(31, nil, "named") == named)
    #expect(now != named)
    let later = try await set(40, ServiceFixture.december, "")
    #expect(try await set(40, ServiceFixture.december, "") == later)
    // Corrected, and corrected back: each is a price of its own.
    let corrected = try await set(41, ServiceFixture.december, "")
    let back = try await set(40, ServiceFixture.december, "")
    #expect(Set([later, corrected, back]).count == 3)
    // From now on is another wish than from December on.
    _ = try await set(50, ServiceFixture.december, "december")
    #expect(await status { _ = try await set(50, nil, "december") } == .alreadyExists)
    // After it has begun, too: a repeated wish must not be told that it is of the past.
    fixture.clock.set(ServiceFixture.december + 1)
    #expect(try await set(50, ServiceFixture.december, "") == "december")
  }

  @Test("a tenant's own price holds for it alone; others do not see it")
  func ownPrice() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    try await fixture.sync(id: "uc_2", tenant: "hospital")
    try await fixture.setPrice("clinic-1", 20, tenant: "clinic")
    try await fixture.train(.pflop(100))
    try await fixture.train(.pflop(100), useCase: "uc_2")
    #expect(try await fixture.billingReport().eurTotal == "2.00")
    let hospital = CallIdentity.of(tenant: "hospital", user: "u", email: "u@h", [.billing])
    #expect(try await fixture.billingReport(hospital).eurTotal == "2.50")
    let seen = { (caller: CallIdentity) in
      try await fixture.core.listPrices(ComputeListPricesRequest(), caller).prices.map(\.version)
    }
    #expect(try await seen(hospital) == ["standard-1"])
    #expect(try await seen(.clinic(.viewer)) == ["standard-1", "clinic-1"])
    #expect(try await seen(.operator) == ["standard-1", "clinic-1"])
    let all = try await fixture.billingReport(.operator, .tenant)
    #expect(all.lines.map(\.tenant) == ["clinic", "hospital"])
    #expect(all.eurTotal == "4.50")
    #expect(try await fixture.audit().isSound)
  }

  @Test("a quote knows prices that are not in force yet, and tiers")
  func quotes() async throws {
    let fixture = try ServiceFixture()
    let later = ServiceFixture.december
    try await fixture.setPrice(
      "volume", 20, from: later, tiers: [PriceTier(above: .pflop(1_000), nanoEuroPerGFLOP: 10)])
    var request = ComputeQuoteRequest(participants: 10, gflopEach: 200_000_000)
    let caller = CallIdentity.clinic(.organiser)
    #expect(try await fixture.core.quote(request, caller).eurTotal == "50.00")
    request.priceTime = Google_Protobuf_Timestamp(unixMilliseconds: later)
    let tiered = try await fixture.core.quote(request, caller)
    #expect(tiered.eurTotal == "30.00")
    #expect(tiered.parts.map(\.gflop) == [1_000_000_000, 1_000_000_000])
    request.priceTime = nil
    request.priceVersion = "volume"
    request.reserveGflop = 100_000_000
    #expect(try await fixture.core.quote(request, caller).eurTotal == "31.00")
    request.priceVersion = "none"
    let unknown = request
    #expect(await status { _ = try await fixture.core.quote(unknown, caller) } == .notFound)
  }

  @Test("tiers count a tenant's month over all its use cases; report and invoice agree")
  func tiers() async throws {
    let fixture = try await ServiceFixture.forInvoices(each: .pflop(2_000))
    try await fixture.setPrice(
      "volume", 20, tiers: [PriceTier(above: .pflop(1_000), nanoEuroPerGFLOP: 10)])
    try await fixture.train(.pflop(900))
    fixture.clock.advance(milliseconds: 900_000)
    try await fixture.train(.pflop(900), .vendor(2))
    let report = try await fixture.billingReport()
    #expect(report.lines.map(\.eur) == ["18.00", "8.00", "2.00"])
    // What a late report adds goes on where its month ended.
    let run = try await fixture.start().id
    fixture.clock.set(ServiceFixture.december)
    #expect(try await fixture.issue("2026-11").netEur == "28.00")
    try await fixture.report(run, .pflop(100), meteredAt: ServiceFixture.december - 1)
    try await fixture.train(.pflop(100))
    fixture.clock.set(ServiceFixture.january)
    let next = try await fixture.issue("2026-12")
    #expect(next.lines.map(\.eur) == ["1.00", "2.00"])
    #expect(try await fixture.billingReport(month: "2026-11").eurTotal == "29.00")
  }

  @Test("what is billed of a month in several invoices reaches its tiers as if in one")
  func tiersOverInvoices() async throws {
    let fixture = try await ServiceFixture.forInvoices(each: .pflop(5_000))
    try await fixture.setPrice(
      "volume", 20, tiers: [PriceTier(above: .pflop(1_000), nanoEuroPerGFLOP: 10)])
    // Another tenant's counts for nothing.
    try await fixture.sync(id: "uc_2", tenant: "hospital", each: .pflop(5_000))
    try await fixture.train(.pflop(900), useCase: "uc_2")
    try await fixture.train(.pflop(600))
    let (second, third) = (try await fixture.start().id, try await fixture.start().id)
    fixture.clock.set(ServiceFixture.december)
    #expect(try await fixture.issue("2026-11").netEur == "12.00")
    try await fixture.report(second, .pflop(300), meteredAt: ServiceFixture.december - 1)
    fixture.clock.set(ServiceFixture.january)
    #expect(try await fixture.issue("2026-12").netEur == "6.00")
    try await fixture.report(third, .pflop(200), meteredAt: ServiceFixture.december - 1)
    fixture.clock.set(ServiceFixture.january + 31 * 86_400_000)
    // 900 came before: a hundred at 20, a hundred at 10.
    let last = try await fixture.issue("2027-01")
    #expect(last.lines.map(\.month) == ["2026-11", "2026-11"])
    #expect(last.lines.map(\.eur) == ["2.00", "1.00"])
    #expect(try await fixture.billingReport(month: "2026-11").eurTotal == "21.00")
  }

  @Test("participants see what their own teams used, and no tenant's bill")
  func ownUsage() async throws {
    let fixture = try ServiceFixture()
    try await fixture.sync()
    try await fixture.train(.pflop(10))
    try await fixture.train(.pflop(20), .vendor(2))
    var request = ComputeGetBillingReportRequest()
    // A participant is told of its own usage, whatever it asks for.
    #expect(try await fixture.core.billingReport(request, .vendor(1)).pflopTotal == "10")
    request.ownUsage = true
    #expect(try await fixture.core.billingReport(request, .vendor(1)).pflopTotal == "10")
    #expect(try await fixture.core.billingReport(request, .vendor(2)).pflopTotal == "20")
    #expect(try await fixture.core.billingReport(request, .stranger(.owner)).lines.isEmpty)
    let owner = CallIdentity.of(tenant: "vendor-2", user: "u", email: "u@v", [.owner])
    #expect(try await fixture.core.billingReport(request, owner).pflopTotal == "20")
  }
}
