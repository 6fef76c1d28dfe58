import ComputeDomain

/// What a participant used on a use case in a month at one rate, and its cost before VAT.
public struct UsageLine: Sendable, Hashable {
  /// The month in which it was used; before the invoice's own if the usage came in late.
  public let month: UTCMonth
  public let useCase: String
  public let useCaseTitle: String
  public let participant: String
  public let participantName: String
  public let priceVersion: String
  public let nanoEuroPerGFLOP: Int64
  public let quantity: GFLOP
  /// Rounded half-even, once.
  public let net: Cents

  public init(
    month: UTCMonth, useCase: String, useCaseTitle: String, participant: String,
    participantName: String, priceVersion: String, nanoEuroPerGFLOP: Int64, quantity: GFLOP
  ) throws(QuantityError) {
    self.month = month
    self.useCase = useCase
    self.useCaseTitle = useCaseTitle
    self.participant = participant
    self.participantName = participantName
    self.priceVersion = priceVersion
    self.nanoEuroPerGFLOP = nanoEuroPerGFLOP
    self.quantity = quantity
    net = try NanoEuro(of: quantity, atNanoEuroPerGFLOP: nanoEuroPerGFLOP).roundedToCents
  }
}

/// One line of an invoice: usage, taxed as its month wants.
@dynamicMemberLookup
public struct InvoiceLine: Sendable, Hashable {
  public let usage: UsageLine
  public let vat: VATTreatment

  init(_ usage: UsageLine, _ vat: VATTreatment) {
    self.usage = usage
    self.vat = vat
  }

  public subscript<Value>(dynamicMember member: KeyPath<UsageLine, Value>) -> Value {
    usage[keyPath: member]
  }
}

/// What an invoice has at one rate of VAT (EN 16931, BG-23).
public struct VATSubtotal: Sendable, Hashable {
  public let vat: VATTreatment
  public let net: Cents
  /// Rounded half-even, once.
  public let tax: Cents

  /// One for each rate of the lines, the highest first.
  static func breakdown(_ lines: [InvoiceLine]) throws(QuantityError) -> [VATSubtotal] {
    var nets: [VATTreatment: Cents] = [:]
    for line in lines { nets[line.vat] = try nets[line.vat, default: .zero] + line.net }
    let order = nets.keys.sorted {
      ($0.category.rawValue, $1.basisPoints) < ($1.category.rawValue, $0.basisPoints)
    }
    var breakdown: [VATSubtotal] = []
    for vat in order {
      let net = nets[vat, default: .zero]
      let tax = try net.part(basisPoints: vat.basisPoints)
      breakdown.append(VATSubtotal(vat: vat, net: net, tax: tax))
    }
    return breakdown
  }
}
