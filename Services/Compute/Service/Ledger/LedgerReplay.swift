import ComputeDomain
import Storage

/// Adds to balances, runs and usage what the journal has and they have not: after a start, or a
/// commit that failed.
enum LedgerReplay {
  static func run(_ tx: Transaction, _ position: inout JournalPosition) throws {
    guard position.flushed < position.last else { return }
    var cuts: [String: Int64] = [:]
    try JournalStore.forEach(tx, after: position.flushed, through: position.last) { _, stored in
      let entry = try stored.content()
      let cut = try cuts[entry.tenant] ?? UsageStore.cut(tx, tenant: entry.tenant)
      cuts[entry.tenant] = cut
      for posting in entry.postings { try BookStore.add(tx, posting) }
      if entry.usage > .zero { try UsageStore.add(tx, entry, cut: cut) }
      if let mark = entry.mark { try RunStore.update(tx, id: entry.run, mark) }
    }
    position.flushed = position.last
    try JournalStore.savePosition(tx, position)
  }
}
