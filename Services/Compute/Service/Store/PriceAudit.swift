import ComputeDomain
import Storage

/// Compares the prices with their seals, and with what the entries were metered at.
enum PriceAudit {
  /// What is wrong with the first that does not fit; `nil` if all do.
  static func mismatch(_ db: Reader, _ replay: LedgerChains) throws -> String? {
    try SealStore.mismatch(db, .prices) ?? entryMismatch(db, replay)
  }

  private static func entryMismatch(_ db: Reader, _ replay: LedgerChains) throws -> String? {
    var prices: [String: (price: Price, tenant: String)] = [:]
    try db.forEach("SELECT version, valid_from, nano_euro_per_gflop, tenant FROM prices") { row in
      let price = Price(
        version: try row.text("version"), validFrom: try row.int64("valid_from"),
        nanoEuroPerGFLOP: try row.int64("nano_euro_per_gflop"))
      prices[price.version] = (price, try row.text("tenant"))
    }
    for (tenant, chain) in replay.chains.sorted(by: { $0.key < $1.key }) {
      for (version, used) in chain.prices.sorted(by: { $0.key < $1.key }) {
        guard let known = prices[version], known.price == used,
          known.tenant.isEmpty || known.tenant == tenant
        else { return "price \(version) is not the one that entries of tenant \(tenant) name" }
      }
    }
    return nil
  }
}
