import ComputeDomain
import Crypto

/// What a sound ledger holds.
public struct LedgerSummary: Sendable, Equatable, CustomStringConvertible {
  public var tenants = 0
  public var entries: Int64 = 0
  /// Over the ends of all chains, in the order of their tenants: two ledgers with the same digest
  /// are the same.
  public var digest = ""
  /// Set where a database was replayed.
  public var records: RecordSummary?

  public var description: String {
    "\(counted(entries, "entry", "entries")) of \(counted(Int64(tenants), "tenant")), "
      + "digest \(digest)"
      + (records.map { "; \($0)" } ?? "")
  }
}

/// What a sound database holds beside its entries.
public struct RecordSummary: Sendable, Equatable, CustomStringConvertible {
  public let prices: Int64
  public let invoices: Int64
  public let payments: Int64
  /// Over the ends of their chains.
  public let digest: String

  init(_ ends: [String: ChainEnd], invoices: Int64) {
    prices = ends[SealedTable.prices.rawValue]?.count ?? 0
    payments = ends[SealedTable.payments.rawValue]?.count ?? 0
    self.invoices = invoices
    var writer = ByteWriter()
    for (chain, end) in ends.sorted(by: { $0.key < $1.key }) {
      writer.text(chain)
      writer.integer(end.count)
      writer.text(end.last)
      writer.block(end.digest.bytes)
    }
    digest = SHA256.hash(writer.bytes).hex
  }

  public var description: String {
    "\(counted(prices, "price")), \(counted(invoices, "invoice")), "
      + "\(counted(payments, "payment")), digest \(digest)"
  }
}

/// "1 price", "2 prices".
func counted(_ count: Int64, _ one: String, _ many: String? = nil) -> String {
  "\(count) \(count == 1 ? one : many ?? one + "s")"
}

/// The first entry that does not fit.
struct LedgerMisfit: Error {
  let tenant: String
  let sequence: Int64
  let reason: String
}

/// All tenants' chains under verification, each from its first entry on.
struct LedgerChains {
  private(set) var chains: [String: LedgerVerifier] = [:]
  private(set) var runs = RunTrails()
  /// What was added to each use case's budget beyond its plan.
  private(set) var toppedUp: [String: GFLOP] = [:]

  /// Takes an entry as the journal has it.
  mutating func check(_ stored: StoredEntry) throws -> Entry {
    let content = try stored.content()
    let previous = chains[stored.tenant]?.head.digest ?? HashChain.genesis
    let entry = Entry(
      sequence: stored.sequence, content: content, previous: previous, digest: stored.digest)
    try check(entry, tenant: stored.tenant)
    return entry
  }

  /// Takes an entry that came in the chain of the tenant.
  mutating func check(_ entry: Entry, tenant: String) throws(LedgerMisfit) {
    do throws(LedgerFault) {
      guard entry.content.tenant == tenant else { throw .foreignTenant(entry.content.tenant) }
      try chains[tenant, default: LedgerVerifier()].check(entry)
    } catch {
      throw LedgerMisfit(tenant: tenant, sequence: entry.sequence, reason: error.description)
    }
    runs.add(entry.content)
    if entry.content.cause == .toppedUp { addTopUp(entry.content) }
  }

  private mutating func addTopUp(_ content: EntryDraft) {
    for posting in content.postings where posting.account.kind == .granted {
      // A part of the account's balance, which was checked to fit 64 bits.
      let sum = toppedUp[content.useCase, default: .zero].value &- posting.amount.value
      toppedUp[content.useCase] = GFLOP(sum)
    }
  }

  var summary: LedgerSummary {
    var summary = LedgerSummary()
    summary.tenants = chains.count
    var ends: [UInt8] = []
    for (_, chain) in chains.sorted(by: { $0.key < $1.key }) {
      summary.entries += chain.head.sequence
      ends += chain.head.digest.bytes
    }
    summary.digest = SHA256.hash(ends).hex
    return summary
  }
}
