import ComputeDomain

/// What compute costs beyond a volume: of all that a tenant uses in a month at one price version,
/// the part beyond `above` costs so much.
public struct PriceTier: Sendable, Hashable {
  public let above: GFLOP
  public let nanoEuroPerGFLOP: Int64

  public init(above: GFLOP, nanoEuroPerGFLOP: Int64) {
    self.above = above
    self.nanoEuroPerGFLOP = nanoEuroPerGFLOP
  }
}

/// A version of the price with all that a bill must know of it.
public struct Tariff: Sendable, Hashable {
  public let price: Price
  /// The tenant whose price it is; empty for everybody's.
  public let tenant: String
  /// Volumes in ascending order, all above zero; the price holds below the first.
  public let tiers: [PriceTier]

  /// - Throws: `BillingFault.badTiers` when the tiers are not in order.
  public init(_ price: Price, tenant: String = "", tiers: [PriceTier] = []) throws(BillingFault) {
    guard tiers.count <= BillingLimits.maximumTiers else {
      throw .badTiers("at most \(BillingLimits.maximumTiers)")
    }
    var last = GFLOP.zero
    for tier in tiers {
      guard tier.above > last, tier.above <= ComputeLimits.maximumGFLOP else {
        throw .badTiers("each begins above the one before, above 0")
      }
      last = tier.above
    }
    let rates = [price.nanoEuroPerGFLOP] + tiers.map(\.nanoEuroPerGFLOP)
    guard rates.allSatisfy({ 0...BillingLimits.maximumNanoEuroPerGFLOP ~= $0 }) else {
      throw .badPrice
    }
    self.price = price
    self.tenant = tenant
    self.tiers = tiers
  }

  private init(standard: Price) {
    price = standard
    tenant = ""
    tiers = []
  }

  public static let standard = Tariff(standard: .standard)
}

/// Every tariff that a tenant is or was billed at.
public struct TariffList: Sendable, Equatable {
  private let byVersion: [String: Tariff]
  /// Which version is in force when.
  public let prices: PriceList

  /// - Parameter tariffs: everybody's, and the tenant's own, each version once, in the order in
  ///   which they were set; others' are left out.
  public init(_ tariffs: [Tariff], for tenant: String) {
    let general = tariffs.filter(\.tenant.isEmpty)
    let own = tenant.isEmpty ? [] : tariffs.filter { $0.tenant == tenant }
    var byVersion = [Tariff.standard.price.version: Tariff.standard]
    for tariff in general + own { byVersion[tariff.price.version] = tariff }
    self.byVersion = byVersion
    prices = PriceList(general.map(\.price), own: own.map(\.price))
  }

  public func tariff(_ version: String) -> Tariff? { byVersion[version] }

  /// The tariff in force at a moment.
  public func tariff(at milliseconds: Int64) -> Tariff {
    byVersion[prices.price(at: milliseconds).version] ?? .standard
  }
}
