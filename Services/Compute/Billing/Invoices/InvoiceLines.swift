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

  /// Late months first, then by use case, participant, price version and tier.
  public static func make(
    _ sums: [UsageTally.Key: GFLOP], month: UTCMonth, names: Names
  ) throws(QuantityError) -> [UsageLine] {
    var lines: [UsageLine] = []
    for (key, quantity) in sums {
      lines.append(
        try UsageLine(
          month: key.month ?? month, useCase: key.useCase,
          useCaseTitle: names.useCase[key.useCase] ?? "", participant: key.participant,
          participantName: names.participant[key.useCase]?[key.participant] ?? "",
          priceVersion: key.priceVersion, nanoEuroPerGFLOP: key.nanoEuroPerGFLOP,
          quantity: quantity))
    }
    return lines.sorted { isBefore($0, $1) }
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
