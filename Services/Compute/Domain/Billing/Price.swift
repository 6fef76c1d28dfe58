/// What a GFLOP costs from a moment on.
///
/// A price is never edited: a change is a further version, and what was used before keeps its own.
public struct Price: Sendable, Hashable {
  /// The name that usage and bills quote.
  public let version: String
  /// Unix milliseconds from which it holds.
  public let validFrom: Int64
  public let nanoEuroPerGFLOP: Int64

  public init(version: String, validFrom: Int64, nanoEuroPerGFLOP: Int64) {
    self.version = version
    self.validFrom = validFrom
    self.nanoEuroPerGFLOP = nanoEuroPerGFLOP
  }

  /// €0.025 per PFLOP, which is 25 nano-euro per GFLOP exactly.
  public static let standard = Price(version: "standard-1", validFrom: 0, nanoEuroPerGFLOP: 25)
}

/// All versions of the price that hold for a tenant, one after the other.
public struct PriceList: Sendable, Equatable {
  /// Sorted by the moment from which they hold; of those that begin at one moment, the last holds.
  public let prices: [Price]

  /// The list of `prices`; `standard` holds before the first of them. Where `own`, the tenant's own
  /// prices, have begun, they alone hold.
  ///
  /// Both are in the order in which they were set: of two that begin at one moment, the one that
  /// was set last holds, so that a price can be corrected before it begins.
  public init(_ prices: [Price] = [], own: [Price] = []) {
    let known = prices.contains { $0.version == Price.standard.version }
    let firstOwn = own.map(\.validFrom).min() ?? .max
    let general = (known ? prices : [.standard] + prices).filter { $0.validFrom < firstOwn }
    self.prices = (general + own).enumerated().sorted {
      ($0.element.validFrom, $0.offset) < ($1.element.validFrom, $1.offset)
    }.map(\.element)
  }

  /// The price in force at a moment.
  public func price(at milliseconds: Int64) -> Price {
    prices.last { $0.validFrom <= milliseconds } ?? .standard
  }
}

/// How much compute an organiser pays for: participants × GFLOP each.
public struct BudgetPlan: Sendable, Hashable {
  public let participants: Int64
  public let each: GFLOP

  public init(participants: Int64, each: GFLOP) {
    self.participants = participants
    self.each = each
  }

  /// No compute at all.
  public static let none = BudgetPlan(participants: 0, each: .zero)

  /// The product, or `overflow`, also beyond `ComputeLimits.maximumGFLOP`.
  public var total: GFLOP {
    get throws(QuantityError) {
      let total = try each * participants
      guard total <= ComputeLimits.maximumGFLOP else {
        throw .overflow("a budget of \(participants) × \(each)")
      }
      return total
    }
  }
}
