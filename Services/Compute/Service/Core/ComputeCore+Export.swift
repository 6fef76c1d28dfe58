import API
import ComputeDomain
import Crypto
import Identity
import RPC

extension ComputeCore {
  /// Entries read at once.
  private static let exportPage = 500

  /// Hands the caller's tenant's entries to `send`, oldest first, up to the last one that there is
  /// when it begins. Memory holds one page of them.
  func exportEntries(
    _ from: Int64, _ call: CallIdentity, send: (ComputeLedgerEntry) async throws -> Void
  ) async throws {
    let tenant = call.scope.tenant
    guard from >= 0 else { throw RPCError.invalidField("from_sequence", "0 or more") }
    let end = try await command(call) { try $0.head(of: tenant).sequence }
    var next = max(from, 1)
    // The predecessor's digest is in the entry before.
    var previous = next == 1 ? HashChain.genesis : nil
    if previous == nil { next -= 1 }
    while next <= end {
      let sequence = next
      let page = try await read { db in
        try JournalStore.page(db, tenant: tenant, from: sequence, limit: Self.exportPage)
      }
      guard !page.isEmpty else { return }
      for stored in page where stored.sequence <= end {
        if let previous, stored.sequence >= from {
          let entry = Entry(
            sequence: stored.sequence, content: try stored.content(), previous: previous,
            digest: stored.digest)
          try await send(ComputeLedgerEntry(entry))
        }
        previous = stored.digest
        next = stored.sequence + 1
      }
      if let last = page.last, last.sequence >= end { return }
    }
  }
}
