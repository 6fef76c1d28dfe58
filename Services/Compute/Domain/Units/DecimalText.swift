/// Exact decimal text of an integer count of a unit's smallest part, both ways.
///
/// "1.5" with six fraction digits is 1,500,000; no step goes through a fraction of the machine's
/// own, so what is read is what is printed.
public enum DecimalText {
  /// The integer that `text` says, in units of 10^-`fractionDigits`.
  ///
  /// Accepts digits, and optionally a point with digits after it. No sign, no exponent, no
  /// grouping, no spaces. Further fraction digits must be zeros, for nothing is rounded here.
  public static func parse(
    _ text: String, fractionDigits: Int
  ) throws(QuantityError) -> Int64 {
    guard text.utf8.count <= 40 else { throw .malformed(String(text.prefix(40))) }
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, isDigits(whole), parts.count == 1 || isDigits(parts[1]) else {
      throw .malformed(text)
    }
    let fraction = parts.count == 2 ? parts[1] : ""
    guard fraction.dropFirst(fractionDigits).allSatisfy({ $0 == "0" }) else {
      throw .tooPrecise(text, fractionDigits: fractionDigits)
    }
    let kept = fraction.prefix(fractionDigits)
    let padding = String(repeating: "0", count: fractionDigits - kept.count)
    guard let value = Int64(whole + kept + padding) else { throw .overflow("reading \(text)") }
    return value
  }

  /// `value` units of 10^-`fractionDigits`, with at least `minimumFractionDigits` of them shown.
  public static func print(
    _ value: Int64, fractionDigits: Int, minimumFractionDigits: Int
  ) -> String {
    let digits = String(value.magnitude)
    let padding = String(repeating: "0", count: max(0, fractionDigits + 1 - digits.count))
    let padded = padding + digits
    var fraction = padded.suffix(fractionDigits)
    while fraction.count > minimumFractionDigits, fraction.last == "0" { fraction.removeLast() }
    let sign = value < 0 ? "-" : ""
    let whole = padded.dropLast(fractionDigits)
    return fraction.isEmpty ? "\(sign)\(whole)" : "\(sign)\(whole).\(fraction)"
  }

  private static func isDigits(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
  }
}
