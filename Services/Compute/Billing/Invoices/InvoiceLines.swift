import ComputeDomain

/// The lines of an invoice out of a tally by month.
public enum InvoiceLines {
  /// What lines name beside ids.
  public struct Names: Sendable {
    public let useCase: [String: String]
    /// By use case, then participant.
    public let participant: [String: [String: String]]

    public init(useCase: [String: String], participant: [String: [String: String]]) {
      self.useCase = useCase
      self.participant = participant
    }
  }

  /// What lines are by, besides month, price version and rate; the finest first.
  private enum Detail: CaseIterable {
    case participant, useCase, month
  }

  private struct Key: Hashable {
    let month: UTCMonth
    /// Empty for all.
    let useCase: String
    /// Empty for all.
    let participant: String
    let priceVersion: String
    let nanoEuroPerGFLOP: Int64
  }

  /// Late months first, then by use case, participant, price version and tier.
  ///
  /// Where this makes more lines than an invoice may have, there is one for all participants of a
  /// use case; where these are too many still, one for all use cases. Reports have the parts.
  ///
  /// - Throws: `BillingFault.tooManyLines` or `QuantityError.overflow`.
  public static func make(
    _ sums: [UsageTally.Key: GFLOP], month: UTCMonth, names: Names,
    limit: Int = BillingLimits.maximumLines
  ) throws -> [UsageLine] {
    for detail in Detail.allCases {
      let merged = try merge(sums, by: detail, month)
      guard merged.count <= limit else { continue }
      return try merged.map { try line($0, $1, names) }.sorted { isBefore($0, $1) }
    }
    throw BillingFault.tooManyLines(limit: limit)
  }

  private static func merge(
    _ sums: [UsageTally.Key: GFLOP], by detail: Detail, _ month: UTCMonth
  ) throws(QuantityError) -> [Key: GFLOP] {
    var merged: [Key: GFLOP] = [:]
    for (sum, quantity) in sums {
      let key = Key(
        month: sum.month ?? month, useCase: detail == .month ? "" : sum.useCase,
        participant: detail == .participant ? sum.participant : "",
        priceVersion: sum.priceVersion, nanoEuroPerGFLOP: sum.nanoEuroPerGFLOP)
      merged[key] = try merged[key, default: .zero] + quantity
    }
    return merged
  }

  private static func line(
    _ key: Key, _ quantity: GFLOP, _ names: Names
  ) throws(QuantityError) -> UsageLine {
    try UsageLine(
      month: key.month, useCase: key.useCase, useCaseTitle: names.useCase[key.useCase] ?? "",
      participant: key.participant,
      participantName: names.participant[key.useCase]?[key.participant] ?? "",
      priceVersion: key.priceVersion, nanoEuroPerGFLOP: key.nanoEuroPerGFLOP, quantity: quantity)
  }

  private static func isBefore(_ a: UsageLine, _ b: UsageLine) -> Bool {
    let order = { (line: UsageLine) in
      [
        line.month.text, line.useCaseTitle, line.useCase, line.participantName,
        line.participant, line.priceVersion,
      ]
    }
    let (first, second) = (order(a), order(b))
    // Tiers are told apart by their rates alone; the dearest is nearly always the first.
    return first == second
      ? a.nanoEuroPerGFLOP > b.nanoEuroPerGFLOP : first.lexicographicallyPrecedes(second)
  }
}
