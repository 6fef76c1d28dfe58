import ComputeBilling
import ComputeDomain
import Testing

@Suite("The bill")
struct BillingReportTests {
  private func sum(
    _ quantity: GFLOP, participant: String = "par_1", day: Int64 = 20_000, run: String = "run_1",
    useCase: String = "uc_1", price: Price = .standard
  ) -> UsageSum {
    UsageSum(
      tenant: "clinic", useCase: useCase, useCaseTitle: "Title of \(useCase)",
      participant: participant,
      participantName: "Name of \(participant)", participantTenant: "vendor", run: run,
      day: UTCDay(number: day), quantity: quantity, priceVersion: price.version,
      nanoEuroPerGFLOP: price.nanoEuroPerGFLOP)
  }

  @Test("ten participants with 200 PFLOP each cost €50.00")
  func quote() throws {
    let plan = BudgetPlan(participants: 10, each: .pflop(200))
    let quote = try Quote(plan: plan, tariff: .standard)
    #expect(quote.total == .pflop(2_000))
    #expect(quote.cost.roundedToCents.euroText == "50.00")
    let sums = (1...10).map { sum(.pflop(200), participant: "par_\($0)") }
    let report = try BillingReport(of: sums, grouping: .participant)
    #expect(report.lines.count == 10)
    #expect(report.lines.allSatisfy { $0.cents.euroText == "5.00" })
    #expect(report.totalCents.euroText == "50.00")
  }

  @Test("a line is rounded once, over all its usage, and the total adds the rounded lines")
  func roundedOncePerLine() throws {
    // 0.3 PFLOP cost 0.75 cent; a hundred of them are 75 cents, not 100 and not 0.
    let sums = (0..<100).map { sum(GFLOP(300_000), day: 20_000 + Int64($0)) }
    let report = try BillingReport(of: sums, grouping: .participant)
    #expect(report.lines.map(\.cents.euroText) == ["0.75"])
    // Two lines of 0.2 PFLOP are half a cent each: both round to the even 0.
    let halves = [
      sum(GFLOP(200_000), participant: "par_1"), sum(GFLOP(200_000), participant: "par_2"),
    ]
    let split = try BillingReport(of: halves, grouping: .participant)
    #expect(split.lines.map(\.cents.euroText) == ["0.00", "0.00"])
    #expect(split.totalCents.euroText == "0.00")
    #expect(split.totalCost == NanoEuro(10_000_000))
  }

  @Test("half a cent rounds to the even cent, down and up")
  func ties() throws {
    let down = try BillingReport(of: [sum(GFLOP(1_000_000))], grouping: .participant)
    #expect(down.totalCost == NanoEuro(25_000_000))
    #expect(down.totalCents.euroText == "0.02")
    let up = try BillingReport(of: [sum(GFLOP(1_400_000))], grouping: .participant)
    #expect(up.totalCost == NanoEuro(35_000_000))
    #expect(up.totalCents.euroText == "0.04")
  }

  @Test("usage at different prices never shares a line")
  func prices() throws {
    let dearer = Price(version: "z-2027", validFrom: 1, nanoEuroPerGFLOP: 30)
    let report = try BillingReport(
      of: [sum(.pflop(10)), sum(.pflop(10), price: dearer)], grouping: .participant)
    #expect(report.lines.map(\.cents.euroText) == ["0.25", "0.30"])
    #expect(report.lines.map(\.priceVersion) == ["standard-1", "z-2027"])
    #expect(report.totalQuantity == .pflop(20))
  }

  @Test("every grouping sums the same usage, and leaves empty what it sums over")
  func groupings() throws {
    let sums = [
      sum(.pflop(1)), sum(.pflop(2), participant: "par_2", run: "run_2"),
      sum(.pflop(4), day: 20_001, run: "run_3"), sum(.pflop(8), useCase: "uc_2"),
    ]
    for (grouping, count) in [
      (BillingGrouping.useCase, 2), (.participant, 3), (.day, 3), (.run, 4), (.tenant, 1),
    ] {
      let report = try BillingReport(of: sums, grouping: grouping)
      #expect(report.lines.count == count)
      #expect(report.totalQuantity == .pflop(15))
    }
    let days = try BillingReport(of: sums, grouping: .day)
    #expect(days.lines.map(\.date) == ["2024-10-04", "2024-10-04", "2024-10-05"])
    #expect(days.lines.allSatisfy { $0.participant.isEmpty && $0.run.isEmpty })
  }

  @Test("no usage is an empty report of zero euro")
  func empty() throws {
    let report = try BillingReport(of: [], grouping: .run)
    #expect(report.lines.isEmpty)
    #expect(report.totalCents.euroText == "0.00")
  }

  @Test("the price in force is the last that began, and the standard one before any")
  func priceList() {
    let first = Price(version: "2027-01", validFrom: 100, nanoEuroPerGFLOP: 20)
    let second = Price(version: "2027-02", validFrom: 200, nanoEuroPerGFLOP: 30)
    let list = PriceList([second, first])
    #expect(list.price(at: 99) == .standard)
    #expect(list.price(at: 100) == first)
    #expect(list.price(at: 199) == first)
    #expect(list.price(at: 200) == second)
  }
}
