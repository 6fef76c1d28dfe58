import ComputeDomain

/// Why something cannot be priced or billed.
public enum BillingFault: Error, Equatable, Sendable, CustomStringConvertible {
  case badTiers(String)
  case badPrice
  case unknownPrice(String)
  case unknownCountry(String)
  case badVATID(String, country: String)
  case badRates(line: Int)
  /// Something that an invoice has to say.
  case missing(String)
  case bad(String, expected: String)
  /// An invoice that would be longer even with one line for all participants and use cases.
  case tooManyLines(limit: Int)
  /// One document for usage that is outside the scope of VAT and usage that is not.
  case mixedScope
  /// Invoices of another company have numbers with the prefix.
  case foreignPrefix(String, vatID: String)
  /// The last number of the series is of a day that has not come.
  case laterNumber(String, UTCDay)
  case damaged

  public var description: String {
    switch self {
    case .badTiers(let expected): "the tiers of a price: \(expected)"
    case .badPrice:
      "a price is 0 to \(BillingLimits.maximumNanoEuroPerGFLOP) nano-euro for a GFLOP"
    case .unknownPrice(let version): "there is no price \"\(version)\""
    case .unknownCountry(let code):
      "\"\(code)\" is not a country's two capital letters, as ISO 3166-1 has them"
    case .badVATID(let id, let country):
      "\"\(id)\" is no VAT id of \(country): its letters, and 2 to 12 letters or digits"
    case .badRates(let line):
      "line \(line) of the VAT rates is not a country, a day and a percentage, "
        + "such as DE 2027-01-01 19"
    case .missing(let what): "\(what) is missing, which an invoice has to say"
    case .bad(let field, let expected): "the \(field): \(expected)"
    case .tooManyLines(let limit):
      "the invoice would have more than \(limit) lines, one for each price of each month"
    case .mixedScope:
      "some of the usage is outside the scope of VAT and some is not, which no invoice may have "
        + "together (EN 16931, BR-O-11): take the invoice back without issuing it anew"
    case .foreignPrefix(let prefix, let vatID):
      "the seller with the VAT id \(vatID) has numbered invoices with the prefix \"\(prefix)\": "
        + "take another"
    case .laterNumber(let series, let day):
      "the last number of the series \(series) is of \(day.text), for a clock was wrong then: give "
        + "the seller another prefix to go on, and take that invoice back"
    case .damaged: "the stored invoice cannot be read"
    }
  }
}

/// Limits of what a price or an invoice may say.
public enum BillingLimits {
  public static let maximumTiers = 20
  /// A thousand euro for a PFLOP. The largest budget costs more than 64 bits hold at it, which is
  /// an overflow that is told.
  public static let maximumNanoEuroPerGFLOP: Int64 = 1_000_000
  /// Most lines of one invoice.
  public static let maximumLines = 100_000
  /// Longest name, address or reason, in bytes.
  public static let maximumTextBytes = 200
}
