import ComputeDomain

/// The categories of EN 16931 (UNCL 5305) that a sale of compute can fall into.
public enum VATCategory: String, Sendable, Hashable {
  /// Standard rate.
  case standard = "S"
  /// The buyer accounts for the tax: VAT directive 2006/112/EC, articles 44 and 196.
  case reverseCharge = "AE"
  /// Outside the scope of the Union's VAT.
  case outOfScope = "O"
}

/// How a sale is taxed.
public struct VATTreatment: Sendable, Hashable {
  public let category: VATCategory
  /// Hundredths of a percent.
  public let basisPoints: Int64

  init(_ category: VATCategory, _ basisPoints: Int64) {
    self.category = category
    self.basisPoints = basisPoints
  }

  /// What the law wants printed where no tax is charged.
  public var reason: String {
    switch category {
    case .standard: ""
    case .reverseCharge: "Reverse charge"
    case .outOfScope: "Not subject to VAT: services supplied outside the European Union"
    }
  }

  /// The code of the reason, of the list VATEX.
  public var reasonCode: String {
    switch category {
    case .standard: ""
    case .reverseCharge: "VATEX-EU-AE"
    case .outOfScope: "VATEX-EU-O"
    }
  }

  /// "19" or "25.5".
  public var percentText: String {
    let (whole, rest) = basisPoints.quotientAndRemainder(dividingBy: 100)
    guard rest > 0 else { return "\(whole)" }
    let digits = rest < 10 ? "0\(rest)" : "\(rest)"
    return "\(whole).\(digits.hasSuffix("0") ? String(digits.dropLast()) : digits)"
  }

  /// How compute, an electronic service, is taxed on a day: at home, or without a VAT id, at the
  /// rate of the buyer's country; with one of another member state by reverse charge; outside the
  /// Union not at all.
  ///
  /// - Throws: `BillingFault.unknownCountry` where the seller's country is no member state.
  public init(seller: Party, buyer: Party, on day: UTCDay) throws(BillingFault) {
    guard VATRates.basisPoints(seller.country, on: day) != nil else {
      throw .unknownCountry(seller.country)
    }
    guard let rate = VATRates.basisPoints(buyer.country, on: day) else {
      self.init(.outOfScope, 0)
      return
    }
    let isAbroad = buyer.country != seller.country
    self = isAbroad && !buyer.vatID.isEmpty ? Self(.reverseCharge, 0) : Self(.standard, rate)
  }
}

/// Standard VAT rates of the Union's member states, as the European Commission publishes them
/// (Taxes in Europe Database).
public enum VATRates {
  private static let current: [String: Int64] = [
    "AT": 2_000, "BE": 2_100, "BG": 2_000, "CY": 1_900, "CZ": 2_100, "DE": 1_900, "DK": 2_500,
    "EE": 2_400, "ES": 2_100, "FI": 2_550, "FR": 2_000, "GR": 2_400, "HR": 2_500, "HU": 2_700,
    "IE": 2_300, "IT": 2_200, "LT": 2_100, "LU": 1_700, "LV": 2_100, "MT": 1_800, "NL": 2_100,
    "PL": 2_300, "PT": 2_300, "RO": 2_100, "SE": 2_500, "SI": 2_200, "SK": 2_300,
  ]

  /// What held before a day on which a rate changed.
  private static let earlier: [String: (until: String, basisPoints: Int64)] = [
    "EE": ("2025-07-01", 2_200), "RO": ("2025-08-01", 1_900), "SK": ("2025-01-01", 2_000),
  ]

  /// The rate in hundredths of a percent; `nil` outside the Union.
  public static func basisPoints(_ country: String, on day: UTCDay) -> Int64? {
    if let change = earlier[country], day.text < change.until { return change.basisPoints }
    return current[country]
  }

  /// The letters that a country's VAT ids begin with: Greece's are not its code.
  public static func prefix(_ country: String) -> String { country == "GR" ? "EL" : country }
}
