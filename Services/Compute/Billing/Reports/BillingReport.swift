import ComputeDomain

/// What lines of a billing report are grouped by.
public enum BillingGrouping: Sendable, Hashable {
  case participant, useCase, day, run
  /// The tenant that pays.
  case tenant
}

/// One sum of usage at one price: what the ledger knows about a line before it is rounded.
public struct UsageSum: Sendable, Hashable {
  /// The tenant that pays.
  public let tenant: String
  public let useCase: String
  public let useCaseTitle: String
  public let participant: String
  public let participantName: String
  public let participantTenant: String
  public let run: String
  public let day: UTCDay
  public let quantity: GFLOP
  public let priceVersion: String
  public let nanoEuroPerGFLOP: Int64

  public init(
    tenant: String, useCase: String, useCaseTitle: String, participant: String,
    participantName: String, participantTenant: String, run: String, day: UTCDay,
    quantity: GFLOP, priceVersion: String, nanoEuroPerGFLOP: Int64
  ) {
    self.tenant = tenant
    self.useCase = useCase
    self.useCaseTitle = useCaseTitle
    self.participant = participant
    self.participantName = participantName
    self.participantTenant = participantTenant
    self.run = run
    self.day = day
    self.quantity = quantity
    self.priceVersion = priceVersion
    self.nanoEuroPerGFLOP = nanoEuroPerGFLOP
  }
}

/// One line of the bill. Fields that the grouping sums over are empty.
public struct BillingLine: Sendable, Equatable {
  /// The tenant that pays.
  public let tenant: String
  public let useCase: String
  public let useCaseTitle: String
  public let participant: String
  public let participantName: String
  public let participantTenant: String
  public let run: String
  /// "2026-11-23".
  public let date: String
  public let quantity: GFLOP
  public let priceVersion: String
  public let nanoEuroPerGFLOP: Int64
  /// Exact, before rounding.
  public let cost: NanoEuro
  /// Rounded half-even, once.
  public let cents: Cents
}

/// Consumption and its cost, for one tenant and one period.
public struct BillingReport: Sendable, Equatable {
  public let lines: [BillingLine]
  public let totalQuantity: GFLOP
  /// Exact, before any rounding.
  public let totalCost: NanoEuro
  /// The sum of the rounded lines, so that whoever adds the column up gets the same.
  public let totalCents: Cents

  /// Groups `sums` into lines. Usage at different prices never shares a line.
  ///
  /// - Throws: `QuantityError.overflow` when a sum does not fit into 64 bits.
  public init(
    of sums: some Sequence<UsageSum>, grouping: BillingGrouping
  ) throws(QuantityError) {
    var quantities: [LineKey: GFLOP] = [:]
    var examples: [LineKey: UsageSum] = [:]
    for sum in sums {
      let key = LineKey(sum, grouping)
      quantities[key] = try (quantities[key] ?? .zero) + sum.quantity
      examples[key] = sum
    }
    var lines: [BillingLine] = []
    var quantity = GFLOP.zero
    var cost = NanoEuro.zero
    var cents = Cents.zero
    for key in quantities.keys.sorted() {
      guard let sum = quantities[key], let example = examples[key] else { continue }
      let line = try key.line(quantity: sum, example: example)
      quantity = try quantity + line.quantity
      cost = try cost + line.cost
      cents = try cents + line.cents
      lines.append(line)
    }
    self.lines = lines
    totalQuantity = quantity
    totalCost = cost
    totalCents = cents
  }
}

/// What makes two sums go into the same line.
private struct LineKey: Hashable, Comparable {
  let parts: [String]
  let nanoEuroPerGFLOP: Int64
  let grouping: BillingGrouping

  init(_ sum: UsageSum, _ grouping: BillingGrouping) {
    self.grouping = grouping
    nanoEuroPerGFLOP = sum.nanoEuroPerGFLOP
    let group =
      switch grouping {
      case .tenant: [sum.tenant]
      case .useCase: [sum.useCaseTitle, sum.useCase]
      case .participant:
        [sum.useCaseTitle, sum.useCase, sum.participantName, sum.participant]
      case .day: [sum.day.text, sum.useCaseTitle, sum.useCase]
      case .run:
        [sum.useCaseTitle, sum.useCase, sum.participantName, sum.participant, sum.run]
      }
    parts = group + [sum.priceVersion]
  }

  static func < (a: LineKey, b: LineKey) -> Bool {
    if a.parts != b.parts { return a.parts.lexicographicallyPrecedes(b.parts) }
    return a.nanoEuroPerGFLOP < b.nanoEuroPerGFLOP
  }

  func line(quantity: GFLOP, example: UsageSum) throws(QuantityError) -> BillingLine {
    let cost = try NanoEuro(of: quantity, atNanoEuroPerGFLOP: nanoEuroPerGFLOP)
    let byParticipant = grouping == .participant || grouping == .run
    let isWhole = grouping == .tenant
    return BillingLine(
      tenant: example.tenant, useCase: isWhole ? "" : example.useCase,
      useCaseTitle: isWhole ? "" : example.useCaseTitle,
      participant: byParticipant ? example.participant : "",
      participantName: byParticipant ? example.participantName : "",
      participantTenant: byParticipant ? example.participantTenant : "",
      run: grouping == .run ? example.run : "",
      date: grouping == .day ? example.day.text : "",
      quantity: quantity, priceVersion: example.priceVersion, nanoEuroPerGFLOP: nanoEuroPerGFLOP,
      cost: cost, cents: cost.roundedToCents)
  }
}
