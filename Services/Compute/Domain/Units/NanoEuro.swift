/// A signed amount of money in 10^-9 euro, so that one GFLOP has a price without a fraction.
public struct NanoEuro: Sendable, Hashable {
  /// The count of nano-euro.
  public let value: Int64

  public init(_ value: Int64) { self.value = value }

  /// One cent is 10^7 nano-euro.
  public static let perCent: Int64 = 10_000_000

  public static let zero = NanoEuro(0)

  /// What `quantity` costs at `rate` nano-euro per GFLOP; exact, or `overflow`.
  public init(
    of quantity: GFLOP, atNanoEuroPerGFLOP rate: Int64
  ) throws(QuantityError) {
    let product = Int128(quantity.value) * Int128(rate)
    guard let value = Int64(exactly: product) else {
      throw .overflow("\(quantity.value) GFLOP × \(rate) nano-euro")
    }
    self.init(value)
  }
}

extension NanoEuro: Comparable {
  public static func < (a: NanoEuro, b: NanoEuro) -> Bool { a.value < b.value }
}

extension NanoEuro {
  /// The sum, or `overflow`.
  public static func + (a: NanoEuro, b: NanoEuro) throws(QuantityError) -> NanoEuro {
    let (sum, overflow) = a.value.addingReportingOverflow(b.value)
    if overflow { throw .overflow("\(a.value) + \(b.value) nano-euro") }
    return NanoEuro(sum)
  }

  /// The amount rounded half-even to the cent.
  public var roundedToCents: Cents {
    // A ten-millionth of 64 bits fits them.
    Cents(Int64(HalfEven.quotient(Int128(value), dividingBy: Int128(Self.perCent))))
  }
}

extension NanoEuro: CustomStringConvertible {
  /// Exact euro with at least the cents shown, "50.00" or "0.000000025".
  public var description: String {
    DecimalText.print(value, fractionDigits: 9, minimumFractionDigits: 2)
  }
}

/// A signed amount of money in whole cents: what a bill's line says.
public struct Cents: Sendable, Hashable {
  /// The count of cents.
  public let value: Int64

  public init(_ value: Int64) { self.value = value }

  public static let zero = Cents(0)

  /// The sum, or `overflow`.
  public static func + (a: Cents, b: Cents) throws(QuantityError) -> Cents {
    let (sum, overflow) = a.value.addingReportingOverflow(b.value)
    if overflow { throw .overflow("\(a.value) + \(b.value) cents") }
    return Cents(sum)
  }

  /// A part of the amount in hundredths of a percent, rounded half-even to the cent, once.
  ///
  /// - Throws: `QuantityError.overflow` for a part of more than 64 bits of cents.
  public func part(basisPoints: Int64) throws(QuantityError) -> Cents {
    let rounded = HalfEven.quotient(Int128(value) * Int128(basisPoints), dividingBy: 10_000)
    guard let cents = Int64(exactly: rounded) else {
      throw .overflow("\(value) cents × \(basisPoints) / 10000")
    }
    return Cents(cents)
  }

  /// Euro with two digits after the point, "50.00".
  public var euroText: String {
    DecimalText.print(value, fractionDigits: 2, minimumFractionDigits: 2)
  }
}
