import ComputeDomain
import Storage
import Synchronization
import Testing

@testable import ComputeService

/// Replays what each power cut leaves, from where the cut before it had left off.
final class CutAudit: Sendable {
  private struct State {
    var replay = LedgerChains()
    var group: Int64 = 0
    var keys: Set<String> = []
  }

  private let state = Mutex(State())

  /// Checks the file: the chains go on and fit, no key comes twice, balances and runs are what the
  /// entries say, and each answered command has its entry.
  ///
  /// - Parameter isThorough: whether all is replayed from the beginning, with usage and invoices.
  func check(_ path: String, answered keys: [String], isThorough: Bool) async throws {
    var options = Database.Options(applicationID: ComputeSchema.applicationID, access: .readOnly)
    options.readers = 1
    let database = try Database.open(
      path: path, migrations: ComputeSchema.migrations, options: options)
    let missing = try await database.read { [self] db in
      try state.withLock { state in
        try Self.replay(db, &state)
        if isThorough { #expect(try LedgerAudit.run(db).isSound) }
        return keys.filter { !state.keys.contains($0) }
      }
    }
    await database.close()
    #expect(missing.isEmpty, "answered, and not in the ledger")
  }

  private static func replay(_ db: Reader, _ state: inout State) throws {
    let position = try JournalStore.position(db)
    // Since the last cut the server has brought its tables at least to where the journal was then.
    #expect(position.flushed >= state.group)
    try take(db, through: position.flushed, &state)
    #expect(try LedgerAudit.tableMismatch(db, state.replay) == nil)
    try take(db, through: position.last, &state)
    #expect(try LedgerAudit.headMismatch(db, state.replay) == nil)
  }

  private static func take(_ db: Reader, through last: Int64, _ state: inout State) throws {
    try JournalStore.forEach(db, after: state.group, through: last) { _, stored in
      state.keys.insert(try state.replay.check(stored).content.idempotencyKey)
    }
    state.group = max(state.group, last)
  }
}
