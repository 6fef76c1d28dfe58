import ComputeDomain
import Crypto
import Foundation
import Storage

/// What the replay of a stored ledger found.
public enum AuditResult: Sendable, Equatable, CustomStringConvertible {
  /// Everything fits.
  case sound(LedgerSummary)
  /// The entry of the tenant's chain is the first that does not fit.
  case entry(tenant: String, Int64, String)
  /// The entries fit each other, but what is kept beside them does not fit them.
  case mismatch(String)

  public var description: String {
    switch self {
    case .sound(let summary): "sound: \(summary)"
    case .entry(let tenant, let sequence, let reason):
      "entry \(sequence) of tenant \(tenant) does not fit: \(reason)"
    case .mismatch(let reason): "the entries fit each other, but \(reason)"
    }
  }

  public var isSound: Bool {
    if case .sound = self { true } else { false }
  }

  /// Whether all fits because there is no entry.
  public var isEmpty: Bool {
    if case .sound(let summary) = self { summary.entries == 0 } else { false }
  }
}

/// Replays the stored ledger, and compares it with all that is kept beside it: balances, runs and
/// usage, prices, invoices and payments.
public enum LedgerAudit {
  /// Replays a ledger file; one of an older program as a copy that is brought up to date, which
  /// lies among the system's temporary files meanwhile.
  ///
  /// - Throws: when the file cannot be opened; a ledger that does not fit is a result.
  public static func run(
    path: String, clock: WallClock = .system
  ) async throws -> AuditResult {
    try await LedgerFiles.withPresentSchema(
      path, copyingTo: NSTemporaryDirectory(), clock: clock
    ) { path in
      let database = try LedgerFiles.open(path)
      do {
        let damage = try await database.integrityCheck()
        let result =
          if let first = damage.first {
            AuditResult.mismatch("the file is damaged: \(first)")
          } else {
            try await database.read { try run($0) }
          }
        await database.close()
        return result
      } catch {
        await database.close()
        throw error
      }
    }
  }

  static func run(_ db: Reader) throws -> AuditResult {
    var replay = LedgerChains()
    var usage = try UsageAudit(db)
    var runs = RunAudit()
    var invoices = try InvoiceAudit(db)
    let position = try JournalStore.position(db)
    do {
      try JournalStore.forEach(db, through: position.flushed) { _, stored in
        usage.add(try replay.check(stored))
      }
      // The tables are made of the journal up to here.
      let reason =
        try balanceMismatch(db, replay) ?? runs.mismatch(db, replay.runs)
        ?? usage.mismatch(db, &invoices.billed)
      if let reason { return .mismatch(reason) }
      try JournalStore.forEach(db, after: position.flushed) { _, stored in
        _ = try replay.check(stored)
      }
    } catch let misfit as LedgerMisfit {
      return .entry(tenant: misfit.tenant, misfit.sequence, misfit.reason)
    } catch let damage as JournalDamage {
      return .entry(
        tenant: damage.tenant, damage.sequence, "its bytes are not those of an entry")
    }
    let reason =
      try headMismatch(db, replay) ?? runs.earlyMismatch(replay.runs)
      ?? topUpMismatch(db, replay) ?? PriceAudit.mismatch(db, replay) ?? invoices.misfit
      ?? usage.cutMismatch(invoices, replay) ?? invoices.billed.misfit
    if let reason { return .mismatch(reason) }
    var summary = replay.summary
    summary.records = RecordSummary(try SealStore.ends(db), invoices: invoices.count)
    return .sound(summary)
  }

  static func headMismatch(_ db: Reader, _ replay: LedgerChains) throws -> String? {
    let heads = try JournalStore.heads(db)
    for tenant in Set(heads.keys).union(replay.chains.keys).sorted() {
      let stored = heads[tenant] ?? .empty
      let found = replay.chains[tenant]?.head ?? .empty
      guard stored != found else { continue }
      return "the head of tenant \(tenant) says that there are \(stored.sequence) entries, not "
        + "\(found.sequence): the end was cut off or added to"
    }
    return nil
  }

  /// Where balances and runs are not what the entries say that they are made of.
  static func tableMismatch(_ db: Reader, _ replay: LedgerChains) throws -> String? {
    var runs = RunAudit()
    return try balanceMismatch(db, replay) ?? runs.mismatch(db, replay.runs)
  }

  /// Where a use case's budget beyond its plan is not what its entries added.
  private static func topUpMismatch(_ db: Reader, _ replay: LedgerChains) throws -> String? {
    var left = replay.toppedUp
    var reason: String?
    try db.forEach("SELECT id, topped_up_gflop FROM use_cases ORDER BY id") { row in
      let id = try row.text("id")
      let (stored, sum) = (try row.int64("topped_up_gflop"), left.removeValue(forKey: id) ?? .zero)
      guard stored != sum.value, reason == nil else { return }
      reason = "use case \(id) was topped up by \(stored) GFLOP, its entries say \(sum.value)"
    }
    return reason ?? left.keys.min().map { "use case \($0) is missing" }
  }

  private static func balanceMismatch(_ db: Reader, _ replay: LedgerChains) throws -> String? {
    var replayed: [Account: GFLOP] = [:]
    for chain in replay.chains.values {
      replayed.merge(chain.balances.byAccount) { first, _ in first }
    }
    var reason: String?
    try db.forEach(
      "SELECT use_case_id, participant_id, kind, price_version, gflop FROM balances"
    ) { row in
      let account = try BookStore.account(row)
      let stored = GFLOP(try row.int64("gflop"))
      let sum = replayed.removeValue(forKey: account) ?? .zero
      if stored != sum, reason == nil {
        reason =
          "the balance of \(account) is \(stored.value) GFLOP, its entries sum to "
          + "\(sum.value)"
      }
    }
    let missing = replayed.filter { $0.value != .zero }.keys.min()
    return reason ?? missing.map { "the balance of \($0) is missing" }
  }
}
