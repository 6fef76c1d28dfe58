import ComputeDomain

/// What a plan would cost if it were used in one month.
public struct Quote: Sendable, Equatable {
  /// The part of the plan that has a rate of its own.
  public struct Part: Sendable, Equatable {
    public let quantity: GFLOP
    public let nanoEuroPerGFLOP: Int64
    public let cost: NanoEuro
  }

  public let total: GFLOP
  public let tariff: Tariff
  /// One for each tier that the plan reaches.
  public let parts: [Part]
  /// Exact.
  public let cost: NanoEuro

  /// Participants × compute each, and a reserve, at `tariff`.
  public init(
    plan: BudgetPlan, reserve: GFLOP = .zero, tariff: Tariff
  ) throws(QuantityError) {
    let total = try plan.total + reserve
    guard total <= ComputeLimits.maximumGFLOP else {
      throw .overflow("a budget of \(total)")
    }
    var parts: [Part] = []
    var cost = NanoEuro.zero
    var meter = TierMeter(tariff)
    try meter.add(total) { quantity, rate throws(QuantityError) in
      let part = try NanoEuro(of: quantity, atNanoEuroPerGFLOP: rate)
      cost = try cost + part
      parts.append(Part(quantity: quantity, nanoEuroPerGFLOP: rate, cost: part))
    }
    self.total = total
    self.tariff = tariff
    self.parts = parts
    self.cost = cost
  }
}
