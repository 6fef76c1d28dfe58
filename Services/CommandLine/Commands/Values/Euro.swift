/// Prices in words, exactly.
enum Euro {
  /// Euro for a PFLOP of a price in nano-euro for a GFLOP: 25 is `0.025`.
  static func perPFLOP(nanoEuroPerGFLOP price: Int64) -> String {
    // 10^6 GFLOP in a PFLOP and 10^9 nano-euro in a euro leave three decimals.
    let (whole, rest) = price.quotientAndRemainder(dividingBy: 1000)
    guard rest != 0 else { return String(whole) }
    var decimals = String(rest + 1000).dropFirst()
    while decimals.last == "0" { decimals.removeLast() }
    return "\(whole).\(decimals)"
  }

  /// Nano-euro for a GFLOP of a price in euro for a PFLOP; nil if it is none, or finer than that.
  static func nanoEuroPerGFLOP(_ text: String) -> Int64? {
    // Both are decimals, and a PFLOP has as many GFLOP as a euro has of what is read here.
    guard let millionths = PFLOP.gflop(text), millionths.isMultiple(of: 1000) else { return nil }
    return millionths / 1000
  }

  /// `10 participants × 200 PFLOP = 2000 PFLOP × €0.025 = €50.00`.
  static func quote(
    participants: Int32, gflopEach: Int64, gflopTotal: Int64, nanoEuroPerGFLOP: Int64,
    eurTotal: String
  ) -> String {
    "\(participants) participants × \(PFLOP.text(gflop: gflopEach)) PFLOP = "
      + "\(PFLOP.text(gflop: gflopTotal)) PFLOP × €\(perPFLOP(nanoEuroPerGFLOP: nanoEuroPerGFLOP))"
      + " = €\(eurTotal)"
  }
}
