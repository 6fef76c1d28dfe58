import ComputeDomain

/// Standard VAT rates of the Union's member states, each from a day on.
public struct VATRates: Sendable, Equatable {
  /// From the beginning of a day, "2025-07-01"; empty for what held before anything known here.
  private struct Rate: Sendable, Equatable {
    let from: String
    let basisPoints: Int64
  }

  private var byCountry: [String: [Rate]]

  /// As the European Commission publishes them (Taxes in Europe Database).
  public static let union = VATRates(current: current, earlier: earlier)

  private static let current: [String: Int64] = [
    "AT": 2_000, "BE": 2_100, "BG": 2_000, "CY": 1_900, "CZ": 2_100, "DE": 1_900, "DK": 2_500,
    "EE": 2_400, "ES": 2_100, "FI": 2_550, "FR": 2_000, "GR": 2_400, "HR": 2_500, "HU": 2_700,
    "IE": 2_300, "IT": 2_200, "LT": 2_100, "LU": 1_700, "LV": 2_100, "MT": 1_800, "NL": 2_100,
    "PL": 2_300, "PT": 2_300, "RO": 2_100, "SE": 2_500, "SI": 2_200, "SK": 2_300,
  ]

  /// What held before a day on which a rate changed.
  private static let earlier: [String: (until: String, basisPoints: Int64)] = [
    "EE": ("2025-07-01", 2_200), "FI": ("2024-09-01", 2_400), "RO": ("2025-08-01", 1_900),
    "SK": ("2025-01-01", 2_000),
  ]

  private init(
    current: [String: Int64], earlier: [String: (until: String, basisPoints: Int64)]
  ) {
    byCountry = current.mapValues { [Rate(from: "", basisPoints: $0)] }
    for (country, change) in earlier {
      byCountry[country] = [
        Rate(from: "", basisPoints: change.basisPoints),
        Rate(from: change.until, basisPoints: current[country] ?? change.basisPoints),
      ]
    }
  }

  public func isMember(_ country: String) -> Bool { byCountry[country] != nil }

  /// The rate in hundredths of a percent; `nil` outside the Union, also before a country joined it.
  public func basisPoints(_ country: String, on day: UTCDay) -> Int64? {
    // Dates of this form are in order as texts are.
    byCountry[country]?.last { $0.from <= day.text }?.basisPoints
  }

  /// The letters that a country's VAT ids begin with: Greece's are not its code.
  public static func prefix(_ country: String) -> String { country == "GR" ? "EL" : country }
}

extension VATRates {
  /// These rates and those of a text, which go before: each line a country, the day from which the
  /// rate holds, and the rate in percent, "DE 2027-01-01 19.5". What follows a `#` is a comment.
  ///
  /// - Throws: `BillingFault.badRates` with the number of the line.
  public func changed(by text: String) throws(BillingFault) -> VATRates {
    var result = self
    let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
    for (index, line) in lines.enumerated() {
      let words = line.prefix { $0 != "#" }.split { $0.isWhitespace }.map(String.init)
      guard !words.isEmpty else { continue }
      guard words.count == 3, Party.isCountry(words[0]), let day = UTCDay(text: words[1]),
        let points = try? DecimalText.parse(words[2], fractionDigits: 2), points <= 10_000
      else { throw .badRates(line: index + 1) }
      result.set(words[0], Rate(from: day.text, basisPoints: points))
    }
    return result
  }

  private mutating func set(_ country: String, _ rate: Rate) {
    var rates = byCountry[country, default: []].filter { $0.from != rate.from }
    rates.append(rate)
    byCountry[country] = rates.sorted { $0.from < $1.from }
  }
}
