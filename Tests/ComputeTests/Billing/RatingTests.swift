import ComputeBilling
import ComputeDomain
import Testing

@Suite("Prices")
struct RatingTests {
  private func quote(_ participants: Int64, _ each: GFLOP, _ tariff: Tariff = .standard) throws
    -> Quote
  {
    try Quote(plan: BudgetPlan(participants: participants, each: each), tariff: tariff)
  }

  /// €0.025 for the first 1,000 PFLOP of a month, €0.02 up to 5,000, then €0.015.
  private func tiered() throws -> Tariff {
    try Tariff(
      Price(version: "volume", validFrom: 0, nanoEuroPerGFLOP: 25),
      tiers: [
        PriceTier(above: .pflop(1_000), nanoEuroPerGFLOP: 20),
        PriceTier(above: .pflop(5_000), nanoEuroPerGFLOP: 15),
      ])
  }

  @Test(
    "golden amounts",
    arguments: [
      (GFLOP.pflop(2_000), Int64(50_000_000_000), "50.00"), (GFLOP(1), 25, "0.00"),
      (GFLOP(400_000), 10_000_000, "0.01"), (GFLOP(400), 10_000, "0.00"),
      // Where 64-bit counts of operations overflow, unsigned and signed.
      (GFLOP(18_446_750_000), 461_168_750_000, "461.17"),
      (GFLOP(9_223_380_000), 230_584_500_000, "230.58"),
      (GFLOP.pflop(1_000), 25_000_000_000, "25.00"),
      // Ties go to the even cent.
      (GFLOP(600_000), 15_000_000, "0.02"), (GFLOP(1_000_000), 25_000_000, "0.02"),
      (GFLOP(200_000), 5_000_000, "0.00"), (GFLOP(200_001), 5_000_025, "0.01"),
    ])
  func golden(quantity: GFLOP, nanoEuro: Int64, euro: String) throws {
    let quote = try quote(1, quantity)
    #expect(quote.cost.value == nanoEuro)
    #expect(quote.cost.roundedToCents.euroText == euro)
  }

  @Test("a part of an amount is rounded half-even, whatever its sign")
  func parts() throws {
    for (cents, points, part) in [
      (Int64(5_000), Int64(1_900), Int64(950)), (50, 1_900, 10), (150, 1_900, 28),
      (250, 1_900, 48), (50, 2_100, 10), (-50, 1_900, -10), (-150, 1_900, -28),
      (.max, 0, 0), (.max, 10_000, .max),
    ] {
      #expect(try Cents(cents).part(basisPoints: points).value == part, "\(cents) × \(points)")
    }
    #expect(throws: QuantityError.self) { try Cents(.max).part(basisPoints: 10_001) }
  }

  @Test("each tier is paid at its own rate, and begins exactly at its border")
  func tiers() throws {
    let tariff = try tiered()
    for (total, nanoEuro) in [
      (GFLOP.pflop(999), Int64(24_975_000_000)), (.pflop(1_000), 25_000_000_000),
      (GFLOP(1_000_000_001), 25_000_000_020), (.pflop(5_000), 105_000_000_000),
      (GFLOP(5_000_000_001), 105_000_000_015),
    ] {
      #expect(try quote(1, total, tariff).cost.value == nanoEuro, "\(total)")
    }
    #expect(try quote(1, .pflop(6_000), tariff).parts.map(\.nanoEuroPerGFLOP) == [25, 20, 15])
    #expect(try quote(1, .pflop(1_000), tariff).parts.count == 1)
  }

  @Test("usage in pieces costs what it costs at once, whatever the pieces")
  func pieces() throws {
    let tariff = try tiered()
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      var meter = TierMeter(tariff)
      var (sum, cost) = (GFLOP.zero, NanoEuro.zero)
      for _ in 0..<Int.random(in: 1...20, using: &random) {
        let piece = GFLOP(.random(in: 0...900_000_000, using: &random))
        sum = try sum + piece
        try meter.add(piece) { part, rate throws(QuantityError) in
          cost = try cost + NanoEuro(of: part, atNanoEuroPerGFLOP: rate)
        }
      }
      #expect(try quote(1, sum, tariff).cost == cost, "\(sum)")
    }
  }

  @Test("tiers out of order and prices below zero are no tariff")
  func badTariffs() throws {
    let price = Price(version: "v", validFrom: 0, nanoEuroPerGFLOP: 25)
    let tier = { PriceTier(above: .pflop($0), nanoEuroPerGFLOP: 1) }
    for tiers in [[tier(0)], [tier(2), tier(2)], [tier(2), tier(1)], (1...21).map(tier)] {
      #expect(throws: BillingFault.self) { try Tariff(price, tiers: tiers) }
    }
    let below = Price(version: "v", validFrom: 0, nanoEuroPerGFLOP: -1)
    #expect(throws: BillingFault.badPrice) { try Tariff(below) }
  }

  @Test("a tenant's own price holds from its moment on, whatever everybody's does later")
  func ownPrices() throws {
    let tariffs = TariffList(
      [
        try Tariff(Price(version: "all-2", validFrom: 100, nanoEuroPerGFLOP: 30)),
        try Tariff(Price(version: "all-3", validFrom: 300, nanoEuroPerGFLOP: 40)),
        try Tariff(Price(version: "own", validFrom: 200, nanoEuroPerGFLOP: 10), tenant: "a"),
        try Tariff(Price(version: "other", validFrom: 0, nanoEuroPerGFLOP: 1), tenant: "b"),
      ], for: "a")
    let versions = [0, 100, 199, 200, 300, 1_000].map { tariffs.tariff(at: $0).price.version }
    #expect(versions == ["standard-1", "all-2", "all-2", "own", "own", "own"])
    #expect(tariffs.tariff("all-3") != nil)
    #expect(tariffs.tariff("other") == nil)
  }

  @Test("a price change in the middle of a run splits it, and touches nothing before")
  func priceChange() throws {
    let dear = try Tariff(Price(version: "dear", validFrom: 500, nanoEuroPerGFLOP: 50))
    let tariffs = TariffList([dear], for: "a")
    var tally = UsageTally(by: .run, rating: Rating(tariffs, zone: .utc), zone: .utc)
    for time in stride(from: Int64(0), to: 1_000, by: 100) {
      try tally.add(
        UsageRecord(
          useCase: "uc", participant: "par", run: "run",
          priceVersion: tariffs.tariff(at: time).price.version, time: time, quantity: .pflop(10)))
    }
    let sums = Dictionary(uniqueKeysWithValues: tally.sums.map { ($0.key.priceVersion, $0.value) })
    #expect(sums == ["standard-1": .pflop(50), "dear": .pflop(50)])
    #expect(throws: BillingFault.unknownPrice("none")) {
      try tally.add(
        UsageRecord(
          useCase: "", participant: "", run: "", priceVersion: "none", time: 0, quantity: .zero))
    }
  }

  @Test("each month has volumes of its own; late usage goes on where its month ended")
  func monthsAndTiers() throws {
    let tariffs = TariffList([try tiered()], for: "a")
    let october = try #require(UTCMonth(text: "2026-10"))
    let rating = Rating(tariffs, zone: .utc) { month, version in
      month == october && version == "volume" ? .pflop(900) : .zero
    }
    var tally = UsageTally(by: .month, rating: rating, zone: .utc)
    for month in [october, october.next] {
      try tally.add(
        UsageRecord(
          useCase: "uc", participant: "par", run: "", priceVersion: "volume",
          time: month.milliseconds.lowerBound, quantity: .pflop(300)))
    }
    let lines = try InvoiceLines.make(
      tally.sums, month: october.next, names: InvoiceLines.Names(useCase: [:], participant: [:]))
    #expect(lines.map(\.month) == [october, october, october.next])
    #expect(lines.map(\.quantity) == [.pflop(100), .pflop(200), .pflop(300)])
    #expect(lines.map(\.nanoEuroPerGFLOP) == [25, 20, 25])
  }

  @Test("what does not fit into 64 bits is an error with a name")
  func overflow() throws {
    let dear = try Tariff(
      Price(
        version: "dear", validFrom: 0,
        nanoEuroPerGFLOP: BillingLimits.maximumNanoEuroPerGFLOP))
    #expect(throws: QuantityError.self) { try quote(1, ComputeLimits.maximumGFLOP, dear) }
    #expect(throws: QuantityError.self) { try quote(2, ComputeLimits.maximumGFLOP) }
    #expect(throws: QuantityError.self) {
      try Quote(
        plan: BudgetPlan(participants: 1, each: ComputeLimits.maximumGFLOP), reserve: GFLOP(1),
        tariff: .standard)
    }
  }
}
