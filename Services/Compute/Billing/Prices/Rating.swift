import ComputeDomain

/// How much of a volume each tier of a tariff gets.
public struct TierMeter: Sendable, Equatable {
  private let tariff: Tariff
  private var volume: GFLOP
  /// The tier that the next GFLOP belongs to; 0 is below the first.
  private var tier: Int

  /// - Parameter volume: what the month has at this tariff already.
  public init(_ tariff: Tariff, volume: GFLOP = .zero) {
    self.tariff = tariff
    self.volume = volume
    tier = tariff.tiers.prefix { $0.above <= volume }.count
  }

  /// Adds a quantity, handing its parts to `body` with the rate of each.
  public mutating func add(
    _ quantity: GFLOP,
    _ body: (_ part: GFLOP, _ nanoEuroPerGFLOP: Int64) throws(QuantityError) -> Void
  ) throws(QuantityError) {
    var rest = quantity
    while tier < tariff.tiers.count {
      let room = try tariff.tiers[tier].above - volume
      guard rest >= room else { break }
      try body(room, rate)
      volume = tariff.tiers[tier].above
      rest = try rest - room
      tier += 1
    }
    guard rest > .zero else { return }
    try body(rest, rate)
    volume = try volume + rest
  }

  private var rate: Int64 {
    tier == 0 ? tariff.price.nanoEuroPerGFLOP : tariff.tiers[tier - 1].nanoEuroPerGFLOP
  }
}

/// Turns usage into quantities at rates, as it comes: each month and price version has volumes of
/// its own, whatever the order of the months, so that late usage goes on where its month ended.
public struct Rating {
  public typealias PriorVolume = (_ month: UTCMonth, _ version: String) throws -> GFLOP

  private struct Key: Hashable {
    let month: UTCMonth
    let version: String
  }

  private let tariffs: TariffList
  private let zone: TimeZoneRules
  private let prior: PriorVolume
  private var meters: [Key: TierMeter] = [:]
  /// The month of the last usage, for the next is nearly always of the same.
  private var month: (value: UTCMonth, milliseconds: Range<Int64>)?

  /// - Parameter prior: what a month has at a version that has tiers, on invoices before.
  public init(
    _ tariffs: TariffList, zone: TimeZoneRules,
    prior: @escaping PriorVolume = { _, _ in .zero }
  ) {
    self.tariffs = tariffs
    self.zone = zone
    self.prior = prior
  }

  /// The month in the tenant's zone.
  public mutating func month(of time: Int64) -> UTCMonth {
    if let month, month.milliseconds.contains(time) { return month.value }
    let value = zone.month(containing: time)
    month = (value, zone.milliseconds(of: value))
    return value
  }

  /// Rates what was used at a moment, handing its parts to `body` with the rate of each.
  ///
  /// - Throws: `BillingFault.unknownPrice` for a version that the list does not have.
  public mutating func rate(
    _ quantity: GFLOP, version: String, at time: Int64,
    _ body: (_ part: GFLOP, _ nanoEuroPerGFLOP: Int64) throws(QuantityError) -> Void
  ) throws {
    guard let tariff = tariffs.tariff(version) else { throw BillingFault.unknownPrice(version) }
    guard !tariff.tiers.isEmpty else {
      return try body(quantity, tariff.price.nanoEuroPerGFLOP)
    }
    let key = Key(month: month(of: time), version: version)
    var meter = try meters[key] ?? TierMeter(tariff, volume: prior(key.month, version))
    try meter.add(quantity, body)
    meters[key] = meter
  }
}
