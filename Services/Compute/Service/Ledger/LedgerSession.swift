import ComputeDomain
import RPC
import Storage

/// The ledger as one command sees it: after all commands before it, whether committed or not.
///
/// It lives for the body that it is handed to.
final class LedgerSession {
  let state: LedgerState
  let tx: Transaction

  init(_ state: LedgerState, _ tx: Transaction) {
    self.state = state
    self.tx = tx
  }

  /// A use case's book.
  func book(_ useCase: String) throws -> OpenBook? { try state.book(useCase, tx) }

  /// Where a run is, though it may have ended long ago.
  func place(ofRun id: String) throws -> RunPlace? {
    if let known = state.runPlaces[id], known.open.book.runs.holds(known.place) {
      known.open.lastUse = state.groupCount
      return known
    }
    guard let located = try RunStore.find(tx, id) else { return nil }
    guard let open = try state.book(located.useCase, tx) else {
      throw StorageError.corrupt("run \(id) has no use case")
    }
    // A live run was loaded with its book, and may be ahead of its row.
    if open.book.runs[id] == nil {
      open.book.remember(located.run)
      state.guests.append((id, open))
    }
    return open.book.runs.place(of: id).map { RunPlace(open: open, place: $0) }
  }

  /// The book that holds a run, with the run in it, though it may have ended long ago.
  func book(ofRun id: String) throws -> OpenBook? { try place(ofRun: id)?.open }

  /// Performs a command on a book, and appends what it did to the ledger.
  ///
  /// - Parameter place: of the command's run in the book, where it is at hand.
  func perform(
    _ command: Command, on open: OpenBook, at place: RunTable.Place? = nil,
    _ context: CommandContext
  ) throws -> Outcome {
    let outcome = try open.book.perform(command, context)
    let entries = outcome.entries.span
    for index in entries.indices { state.append(entries[index], to: open, at: place) }
    // The row is to tell of it with the next flush, though no entry does.
    if let run = outcome.heardOf { state.heard(of: run, in: open) }
    for alert in outcome.alerts { try AlertStore.insert(tx, alert) }
    return outcome
  }

  /// Writes the row of a run that was just started.
  func opened(run id: String, in open: OpenBook) throws {
    guard let run = open.book.runs[id] else { return }
    try RunStore.insert(tx, run, useCase: open.book.terms.id)
    state.place(run: id, in: open)
  }

  /// The book of a use case that is not known yet.
  func newBook(_ useCase: String, tenant: String) throws -> OpenBook {
    OpenBook(
      Book(newUseCase: useCase, tenant: tenant), roster: [], chain: try state.chain(tenant, tx))
  }

  /// Keeps a new book, once its first terms are taken.
  func adopt(_ open: OpenBook) { state.adopt(open) }

  /// The end of a tenant's chain.
  func head(of tenant: String) throws -> LedgerHead {
    try state.chain(tenant, tx).writer.head
  }

  /// The prices at which a use case's tenant is billed.
  func prices(of open: OpenBook) throws -> PriceList { try state.prices(open.chain, tx) }

  /// A price was set: what comes after must see it.
  func pricesChanged() { state.forgetPrices() }

  /// Cuts off the tenant's usage here, and says where.
  func cutUsage(of tenant: String) throws -> Int64 { try state.cutUsage(tenant, tx) }
}
