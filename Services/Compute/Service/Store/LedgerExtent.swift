import Crypto
import Storage

/// How far a ledger goes: the end of each of its chains, of entries and of what is sealed or
/// issued.
struct LedgerExtent: Sendable {
  private struct End: Equatable {
    var count: Int64
    var digest: Digest
  }

  private enum Chain: Hashable, Comparable {
    case entries(tenant: String)
    /// Prices, payments, each series of invoices.
    case records(String)
  }

  private let ends: [Chain: End]

  init(_ db: Reader) throws {
    var ends: [Chain: End] = [:]
    for (tenant, head) in try JournalStore.heads(db) {
      ends[.entries(tenant: tenant)] = End(count: head.sequence, digest: head.digest)
    }
    for (chain, end) in try SealStore.ends(db) {
      ends[.records(chain)] = End(count: end.count, digest: end.digest)
    }
    self.ends = ends
  }

  /// What of this is not in a ledger that might take its place, in words; empty if all is, for then
  /// that ledger is this one, or how it went on.
  func lost(in other: Reader) throws -> [String] {
    let others = try LedgerExtent(other).ends
    return try ends.sorted { $0.key < $1.key }.compactMap { chain, end in
      guard end.count > 0 else { return nil }
      let count = others[chain]?.count ?? 0
      if count < end.count { return Self.lost(chain, from: count + 1, through: end.count) }
      guard try Self.digest(other, chain, at: end.count) == end.digest else {
        return Self.replaced(chain)
      }
      return nil
    }
  }

  private static func lost(_ chain: Chain, from first: Int64, through last: Int64) -> String {
    let span = first == last ? "\(first)" : "\(first) to \(last)"
    switch chain {
    case .entries(let tenant): return "\(first == last ? "entry" : "entries") \(span) of \(tenant)"
    case .records(let name) where InvoiceStore.series(ofChain: name) == nil:
      return "\(span) of \(name)"
    case .records(let name):
      return "\(span) of \(name), a number that would be given again"
    }
  }

  private static func replaced(_ chain: Chain) -> String {
    switch chain {
    case .entries(let tenant): "the entries of \(tenant), for it has others"
    case .records(let name): "\(name), for it has others"
    }
  }

  /// The digest of one in a chain; `nil` where there is none.
  private static func digest(
    _ db: Reader, _ chain: Chain, at place: Int64
  ) throws -> Digest? {
    switch chain {
    case .entries(let tenant):
      return try JournalStore.page(db, tenant: tenant, from: place, limit: 1).first?.digest
    case .records(let name):
      let (sql, key) =
        InvoiceStore.series(ofChain: name).map {
          ("SELECT digest FROM invoices WHERE series = ?1 AND count = ?2", $0)
        } ?? ("SELECT digest FROM seals WHERE chain = ?1 AND position = ?2", name)
      return try db.queryOne(sql, key, place) { try $0.digest("digest") }
    }
  }
}
