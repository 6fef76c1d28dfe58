import ComputeDomain
import Crypto
import Storage

/// What the replay of a stored ledger found.
public enum AuditResult: Sendable, Equatable, CustomStringConvertible {
  /// Everything fits.
  case sound(entries: Int64, digest: String)
  /// The entry is the first that does not fit.
  case entry(Int64, String)
  /// The entries fit each other, but not what else is stored.
  case mismatch(String)

  public var description: String {
    switch self {
    case .sound(let entries, let digest):
      "the ledger is sound: \(entries) entries, the last with digest \(digest)"
    case .entry(let sequence, let reason):
      "entry \(sequence) is the first that does not fit: \(reason)"
    case .mismatch(let reason): "the entries fit each other, but \(reason)"
    }
  }

  public var isSound: Bool {
    if case .sound = self { true } else { false }
  }
}

/// Replays the stored ledger, and compares it with the balances and runs that are kept beside it.
enum LedgerAudit {
  /// Replays a ledger file.
  ///
  /// - Throws: when the file cannot be opened; a ledger that does not fit is a result.
  static func run(path: String, clock: WallClock = .system) async throws -> AuditResult {
    var options = Database.Options(
      applicationID: ComputeSchema.applicationID, access: .readOnly)
    options.clock = clock
    let database = try Database.open(
      path: path, migrations: ComputeSchema.migrations, options: options)
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

  static func run(_ db: Reader) throws -> AuditResult {
    var verifier = LedgerVerifier()
    var place: Int64 = 0
    do {
      try EntryStore.forEach(db) { entry in
        place = entry.sequence
        try verifier.check(entry)
      }
    } catch let fault as LedgerFault {
      return .entry(place, fault.description)
    } catch let error as StorageError {
      return .entry(place + 1, "it cannot be read: \(error)")
    }
    if let reason = try mismatch(db, verifier) { return .mismatch(reason) }
    return .sound(entries: verifier.head.sequence, digest: verifier.head.digest.hex)
  }

  private static func mismatch(_ db: Reader, _ verifier: LedgerVerifier) throws -> String? {
    let head = try EntryStore.head(db)
    guard head == verifier.head else {
      return "the head says that there are \(head.sequence) entries, not "
        + "\(verifier.head.sequence): the end was cut off or added to"
    }
    return try balanceMismatch(db, verifier) ?? runMismatch(db, verifier)
  }

  private static func balanceMismatch(
    _ db: Reader, _ verifier: LedgerVerifier
  ) throws -> String? {
    var replayed = verifier.balances.byAccount
    var reason: String?
    try db.forEach(
      "SELECT use_case_id, participant_id, kind, price_version, gflop FROM balances"
    ) { row in
      let account = Account(
        kind: try parse(AccountKind.self, row.text("kind")), useCase: try row.text("use_case_id"),
        participant: try row.text("participant_id"), priceVersion: try row.text("price_version"))
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

  private static func runMismatch(_ db: Reader, _ verifier: LedgerVerifier) throws -> String? {
    var used = verifier.usedByRun
    var held = verifier.heldByRun
    var reason: String?
    try db.forEach("SELECT id, used_gflop, held_gflop FROM runs") { row in
      let id = try row.text("id")
      let usedSum = used.removeValue(forKey: id) ?? .zero
      let heldSum = held.removeValue(forKey: id) ?? .zero
      let fits =
        try usedSum.value == row.int64("used_gflop")
        && heldSum.value == row.int64("held_gflop")
      if !fits, reason == nil {
        reason =
          "run \(id) does not show what its entries say: "
          + "\(usedSum.value) GFLOP used, \(heldSum.value) held"
      }
    }
    let missing = Set(used.keys).union(held.keys).min()
    return reason ?? missing.map { "run \($0) is missing" }
  }
}
