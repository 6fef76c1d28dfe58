/// Quantities of compute, exactly: decimals of PFLOP on the outside, whole GFLOP inside.
enum PFLOP {
  /// 1 PFLOP = 1,000,000 GFLOP.
  static let gflopPerPFLOP: Int64 = 1_000_000
  private static let places = 6

  /// Reads a decimal such as `200` or `41.5`; nil if it is none, has more than six places, or is
  /// over what 64 bits of GFLOP hold.
  static func gflop(_ text: String) -> Int64? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = digits(parts[0]) else { return nil }
    var fraction: Int64 = 0
    if parts.count == 2 {
      guard (1...places).contains(parts[1].count), let value = digits(parts[1]) else { return nil }
      fraction = (parts[1].count..<places).reduce(value) { value, _ in value * 10 }
    }
    let (product, overflow) = whole.multipliedReportingOverflow(by: gflopPerPFLOP)
    let (sum, carried) = product.addingReportingOverflow(fraction)
    return overflow || carried ? nil : sum
  }

  /// The shortest decimal of PFLOP: `41.5`.
  static func text(gflop: Int64) -> String {
    let sign = gflop < 0 ? "-" : ""
    let (whole, rest) = gflop.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
    guard rest > 0 else { return "\(sign)\(whole)" }
    var fraction = String(rest)
    fraction = String(repeating: "0", count: places - fraction.count) + fraction
    while fraction.last == "0" { fraction.removeLast() }
    return "\(sign)\(whole).\(fraction)"
  }

  /// Digits only: no sign, no spaces.
  private static func digits(_ text: Substring) -> Int64? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int64(text)
  }
}
