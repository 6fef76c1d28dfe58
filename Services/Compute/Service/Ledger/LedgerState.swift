import ComputeDomain
import Crypto
import Storage

/// The ledger in memory: the books in use, the ends of the chains, what the next commit writes.
///
/// The journal is written with every commit; balances, runs and usage are sums of it that are kept
/// in tables beside it and may be some commits behind. How far they are is stored with them, and
/// what is missing is added from the journal when the service starts.
final class LedgerState: @unchecked Sendable {
  // @unchecked Sendable: private to one queue, whose bodies and onCommit actions the database runs
  // on its one writer thread, one after the other.

  /// Commits, at most, that balances, runs and usage stay behind. Whoever reads them has them
  /// brought up to date first.
  static let flushInterval = 256
  /// For how long they stay behind at most, in milliseconds; the keeper of holds looks.
  static let flushAge: Int64 = 2_000
  /// Books kept in memory. When there are more, the quarter that was not used for longest goes.
  private let maximumBooks: Int
  private let clock: WallClock

  /// Cleared before a group changes anything, and set by its commit: when it is not, memory is
  /// ahead of the tables, and is read anew.
  private var isCommitted = false
  var wantsFlush = false

  /// Unix milliseconds since which every sign of life of a run is known: those that no entry tells
  /// of are in memory until the next flush, and memory was read from the disk then.
  private(set) var listeningSince: Int64 = .max
  private(set) var books: [String: OpenBook] = [:]
  /// Those of them that the tables are behind.
  private var dirtyBooks: [OpenBook] = []
  /// Where the runs are that live, and those that ended since the last flush.
  var runPlaces: [String: RunPlace] = [:]
  /// Runs that ended before and were read for a command of this group.
  var guests: [(run: String, book: OpenBook)] = []
  let answers: AnswerLog
  private var chains: [String: TenantChain] = [:]
  /// Those of them to which the group has appended.
  private var grownChains: [TenantChain] = []
  private var position = JournalPosition()
  /// How many groups there were: the time by which books are old.
  private(set) var groupCount: Int64 = 0
  private var commitsBehind = 0
  /// Since when they are, unix milliseconds.
  private var behindSince: Int64 = 0

  var isBehind: Bool { commitsBehind > 0 }

  init(
    clock: WallClock, maximumBooks: Int = 4_096,
    answersInMemory: Int = AnswerIndex.defaultMaximumWaiting
  ) {
    answers = AnswerLog(index: AnswerIndex(maximumWaiting: answersInMemory))
    self.clock = clock
    self.maximumBooks = maximumBooks
  }

  // MARK: - A group

  func begin(_ tx: Transaction) throws {
    if !isCommitted { try reload(tx) }
    isCommitted = false
    groupCount += 1
  }

  private func reload(_ tx: Transaction) throws {
    books.removeAll()
    runPlaces.removeAll()
    dirtyBooks.removeAll()
    chains.removeAll()
    grownChains.removeAll()
    guests.removeAll()
    commitsBehind = 0
    wantsFlush = false
    listeningSince = clock.now()
    position = try JournalStore.position(tx)
    try answers.load(tx)
    try LedgerReplay.run(tx, &position)
  }

  /// Writes the group.
  func finish(_ tx: Transaction) throws {
    for chain in grownChains {
      position.last += 1
      try JournalStore.insert(tx, id: position.last, tenant: chain.tenant, &chain.writer)
      chain.writer.begin()
    }
    grownChains.removeAll(keepingCapacity: true)
    if !dirtyBooks.isEmpty {
      if commitsBehind == 0 { behindSince = clock.now() }
      commitsBehind += 1
      if wantsFlush || commitsBehind >= Self.flushInterval { try flush(tx) }
    }
    try answers.write(tx)
    // Those that the group has changed are forgotten by the flush.
    for (run, open) in guests where !open.isDirty(run: run) { open.book.forget(run: run) }
    guests.removeAll(keepingCapacity: true)
    wantsFlush = false
    if books.count > maximumBooks, commitsBehind == 0 { dropIdleBooks() }
  }

  /// What was written is committed.
  func committed() {
    isCommitted = true
    answers.committed()
  }

  /// Drops the books that were not used for longest; the tables say all that they do.
  private func dropIdleBooks() {
    let kept = maximumBooks * 3 / 4
    let byUse = books.values.sorted { $0.lastUse > $1.lastUse }
    for open in byUse.dropFirst(kept) {
      books[open.book.terms.id] = nil
      for id in open.book.runs.keys { runPlaces[id] = nil }
    }
  }

  /// Has the group bring the tables up if they have been behind for long, or the clock jumps.
  func flushIfOld() {
    guard commitsBehind > 0 else { return }
    if !(0..<Self.flushAge ~= clock.now() - behindSince) { wantsFlush = true }
  }

  private func flush(_ tx: Transaction) throws {
    for open in dirtyBooks {
      for id in open.dirtyRuns {
        if let run = open.book.runs[id] {
          try RunStore.update(tx, run)
          if !run.isLive { runPlaces[id] = nil }
        }
      }
      try BookStore.saveBalances(tx, open)
      try UsageStore.add(tx, open)
      open.flushed()
    }
    dirtyBooks.removeAll(keepingCapacity: true)
    position.flushed = position.last
    commitsBehind = 0
    try JournalStore.savePosition(tx, position)
  }

  // MARK: - What sessions use

  func book(_ useCase: String, _ tx: Transaction) throws -> OpenBook? {
    if let open = books[useCase] {
      open.lastUse = groupCount
      return open
    }
    guard let (book, roster) = try BookStore.load(tx, useCase: useCase) else { return nil }
    let open = OpenBook(book, roster: roster, chain: try chain(book.terms.tenant, tx))
    open.lastUse = groupCount
    books[useCase] = open
    for id in open.book.runs.keys { place(run: id, in: open) }
    return open
  }

  func adopt(_ open: OpenBook) {
    open.lastUse = groupCount
    books[open.book.terms.id] = open
  }

  /// Notes where a run is.
  func place(run id: String, in open: OpenBook) {
    runPlaces[id] = open.book.runs.place(of: id).map { RunPlace(open: open, place: $0) }
  }

  /// Appends an entry to its tenant's chain.
  func append(_ draft: EntryDraft, to open: OpenBook, at place: RunTable.Place?) {
    if open.chain.writer.count == 0 { grownChains.append(open.chain) }
    open.chain.writer.append(draft)
    change(open) { $0.note(draft, at: place) }
  }

  /// Notes a sign of life of a run, of which no entry tells.
  func heard(of run: String, in open: OpenBook) {
    change(open) { $0.noteRun(run) }
  }

  private func change(_ open: OpenBook, _ note: (OpenBook) -> Void) {
    let wasDirty = open.isDirty
    note(open)
    if !wasDirty, open.isDirty { dirtyBooks.append(open) }
  }

  func chain(_ tenant: String, _ tx: Transaction) throws -> TenantChain {
    if let chain = chains[tenant] { return chain }
    let chain = TenantChain(
      tenant: tenant, head: try JournalStore.head(tx, tenant: tenant),
      cut: try UsageStore.cut(tx, tenant: tenant))
    chains[tenant] = chain
    return chain
  }

  /// Cuts off the tenant's usage here: what is used from now on has rows of its own.
  func cutUsage(_ tenant: String, _ tx: Transaction) throws -> Int64 {
    // What was used before has rows of its own, too.
    wantsFlush = true
    let chain = try chain(tenant, tx)
    chain.cut = chain.writer.head.sequence
    try UsageStore.saveCut(tx, tenant: tenant, chain.cut)
    return chain.cut
  }

  /// A group that fails takes the chains with it, so that no price outlives its own.
  func forgetPrices() {
    for chain in chains.values { chain.prices = nil }
  }

  func prices(_ chain: TenantChain, _ tx: Transaction) throws -> PriceList {
    if let prices = chain.prices { return prices }
    let prices = try PriceStore.list(tx, for: chain.tenant).prices
    chain.prices = prices
    return prices
  }
}
