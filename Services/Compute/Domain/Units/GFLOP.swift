/// A signed quantity of compute: 10^9 operations, the unit in which everything is metered.
///
/// 64 bits of operations overflow at 9,223 PFLOP; 64 bits of GFLOP do not.
public struct GFLOP: Sendable, Hashable {
  /// The count of GFLOP.
  public let value: Int64

  public init(_ value: Int64) { self.value = value }

  /// 1 PFLOP = 10^15 operations = 1,000,000 GFLOP.
  public static let perPFLOP: Int64 = 1_000_000

  public static let zero = GFLOP(0)

  /// Whole PFLOP; a literal's convenience, so it traps on more than 9.2 × 10^12 PFLOP.
  public static func pflop(_ count: Int64) -> GFLOP { GFLOP(count * perPFLOP) }
}

extension GFLOP: Comparable {
  public static func < (a: GFLOP, b: GFLOP) -> Bool { a.value < b.value }
}

extension GFLOP {
  /// The sum, or `overflow`.
  public static func + (a: GFLOP, b: GFLOP) throws(QuantityError) -> GFLOP {
    let (sum, overflow) = a.value.addingReportingOverflow(b.value)
    if overflow { throw .overflow("\(a.value) + \(b.value) GFLOP") }
    return GFLOP(sum)
  }

  /// The difference, or `overflow`.
  public static func - (a: GFLOP, b: GFLOP) throws(QuantityError) -> GFLOP {
    let (difference, overflow) = a.value.subtractingReportingOverflow(b.value)
    if overflow { throw .overflow("\(a.value) - \(b.value) GFLOP") }
    return GFLOP(difference)
  }

  /// The product, or `overflow`.
  public static func * (a: GFLOP, count: Int64) throws(QuantityError) -> GFLOP {
    let (product, overflow) = a.value.multipliedReportingOverflow(by: count)
    if overflow { throw .overflow("\(a.value) GFLOP × \(count)") }
    return GFLOP(product)
  }
}

extension GFLOP: CustomStringConvertible {
  /// Reads decimal PFLOP, "200" or "0.4", exactly.
  public init(pflopText text: String) throws(QuantityError) {
    self.init(try DecimalText.parse(text, fractionDigits: 6))
  }

  /// Exact decimal PFLOP without trailing zeros, "41.5".
  public var pflopText: String {
    DecimalText.print(value, fractionDigits: 6, minimumFractionDigits: 0)
  }

  public var description: String { "\(pflopText) PFLOP" }
}
