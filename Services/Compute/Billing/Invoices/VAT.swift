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
    DecimalText.print(basisPoints, fractionDigits: 2, minimumFractionDigits: 0)
  }
}

/// How compute, an electronic service, is taxed between a seller and a buyer.
///
/// At home at home's rate. Abroad what the buyer says of itself decides, and it says what is good
/// for it; so it counts only once an operator has confirmed it, and until then the sale is taxed as
/// at home. Confirmed, a buyer of another member state with a VAT id accounts for the tax itself
/// (reverse charge), one without pays the rate of its country, and one outside the Union none.
public struct VATRule: Sendable, Equatable {
  private let seller: String
  private let buyer: Party
  private let isConfirmed: Bool
  private let rates: VATRates

  /// - Throws: `BillingFault.unknownCountry` where the seller's country is no member state.
  public init(
    seller: Party, buyer: Party, isConfirmed: Bool, rates: VATRates
  ) throws(BillingFault) {
    guard rates.isMember(seller.country) else { throw .unknownCountry(seller.country) }
    self.seller = seller.country
    self.buyer = buyer
    self.isConfirmed = isConfirmed
    self.rates = rates
  }

  /// The treatment of what was used in a month: the month's last day decides, on which a service
  /// that is billed by months counts as supplied.
  ///
  /// - Throws: `BillingFault.unknownCountry` where the seller's country was no member state then.
  public func treatment(in month: UTCMonth) throws(BillingFault) -> VATTreatment {
    let day = month.lastDay
    guard let atHome = rates.basisPoints(seller, on: day) else { throw .unknownCountry(seller) }
    if buyer.country == seller || !isConfirmed { return VATTreatment(.standard, atHome) }
    guard let abroad = rates.basisPoints(buyer.country, on: day) else {
      return VATTreatment(.outOfScope, 0)
    }
    return buyer.vatID.isEmpty
      ? VATTreatment(.standard, abroad) : VATTreatment(.reverseCharge, 0)
  }

  /// Whether what was used in a month is outside the scope of the Union's VAT. No document may have
  /// that together with what is not (EN 16931, BR-O-11).
  public func isOutside(in month: UTCMonth) throws(BillingFault) -> Bool {
    try treatment(in: month).category == .outOfScope
  }
}
