import ComputeDomain
import Identity

/// A use case's book in memory, and what of it the tables do not show yet.
final class OpenBook {
  var book: Book
  /// What of the book's terms is for ever.
  let useCase, tenant: String
  /// Everybody who ever joined, in the order of joining; members first.
  private(set) var roster: [Member]
  private var places: [String: Int] = [:]

  /// The chain of the tenant that pays.
  let chain: TenantChain
  /// The number of the group that used it last.
  var lastUse: Int64 = 0
  /// Those whose balances changed, and "" for the whole's.
  private(set) var dirtyParticipants: Set<String> = []
  private(set) var dirtyRuns: [String] = []
  /// What was used since the last flush; of a row there may be several parts.
  private(set) var usage: [(key: UsageKey, amount: GFLOP)] = []
  /// What of it is known of each run, by the number of the run's place in the book.
  private var notes: [RunNote] = []

  struct Member {
    let participant: Participant
    let isMember: Bool
  }

  /// One row of the usage table, within a use case.
  struct UsageKey {
    let run: String
    let participant: String
    let quarter: Int64
    let priceVersion: String
    let cut: Int64
  }

  /// What was noted of a run since the last flush.
  private struct RunNote {
    var isDirty = false
    /// Whether its participant's balances are known to have changed.
    var hasParticipant = false
    /// Where its last part of usage is; -1 if it has none.
    var usage = -1
  }

  init(_ book: Book, roster: [Member], chain: TenantChain) {
    self.book = book
    (useCase, tenant) = (book.terms.id, book.terms.tenant)
    self.chain = chain
    self.roster = roster
    index()
  }

  private func index() {
    places = Dictionary(
      roster.enumerated().map { ($0.element.participant.id, $0.offset) },
      uniquingKeysWith: { first, _ in first })
  }

  /// After new terms: who is not among their participants has left, and stays on the roster, so
  /// that the bill can name it and its last usage can still come in.
  func updateRoster() {
    let members = book.terms.participants.sorted { ($0.joined, $0.id) < ($1.joined, $1.id) }
    let former = roster.filter { book.terms.participant($0.participant.id) == nil }
    roster =
      members.map { Member(participant: $0, isMember: true) }
      + former.map { Member(participant: $0.participant, isMember: false) }
    index()
  }

  func participant(_ id: String) -> Participant? { places[id].map { roster[$0].participant } }

  func name(of participant: String) -> String {
    if let place = places[participant] { roster[place].participant.name } else { "" }
  }

  /// Where a participant is in the roster.
  func rosterPlace(of participant: String) -> Int? { places[participant] }

  var isDirty: Bool { !dirtyParticipants.isEmpty || !dirtyRuns.isEmpty || !usage.isEmpty }

  /// Notes what an entry changes.
  ///
  /// - Parameter place: of the entry's run in the book, where it is at hand.
  func note(_ entry: EntryDraft, at place: RunTable.Place? = nil) {
    let place = place ?? (entry.run.isEmpty ? nil : book.runs.place(of: entry.run))
    let number = place?.number
    if let number { noteRun(entry.run, at: number) }
    let postings = entry.postings.span
    for index in postings.indices {
      noteParticipant(of: postings[index], entry, at: number)
      guard postings[index].account.kind == .used else { continue }
      noteUsage(postings[index], entry, at: number)
    }
  }

  /// Notes that a run's row is not what the run is.
  func noteRun(_ id: String) {
    if let place = book.runs.place(of: id) { noteRun(id, at: place.number) }
  }

  private func noteRun(_ id: String, at number: Int) {
    while notes.count <= number { notes.append(RunNote()) }
    guard !notes[number].isDirty else { return }
    notes[number].isDirty = true
    dirtyRuns.append(id)
  }

  /// Whether a run has changed since the last flush.
  func isDirty(run id: String) -> Bool {
    guard let place = book.runs.place(of: id), place.number < notes.count else { return false }
    return notes[place.number].isDirty
  }

  private func noteParticipant(of posting: Posting, _ entry: EntryDraft, at number: Int?) {
    guard let number, posting.account.participant == entry.participant else {
      dirtyParticipants.insert(posting.account.participant)
      return
    }
    guard !notes[number].hasParticipant else { return }
    notes[number].hasParticipant = true
    dirtyParticipants.insert(entry.participant)
  }

  private func noteUsage(_ posting: Posting, _ entry: EntryDraft, at number: Int?) {
    let quarter = UsagePeriod.quarter(of: entry.meteredTime)
    let version = posting.account.priceVersion
    let last = number.map { notes[$0].usage } ?? -1
    if last >= 0, usage[last].key.quarter == quarter, usage[last].key.cut == chain.cut,
      usage[last].key.priceVersion == version
    {
      // The run's counter, of which this is a part, is far from 64 bits' end.
      usage[last].amount = GFLOP(usage[last].amount.value + posting.amount.value)
      return
    }
    if let number { notes[number].usage = usage.count }
    let key = UsageKey(
      run: entry.run, participant: entry.participant, quarter: quarter, priceVersion: version,
      cut: chain.cut)
    usage.append((key, posting.amount))
  }

  /// After a flush: nothing is dirty, and runs that have ended need no memory.
  func flushed() {
    for id in dirtyRuns {
      if let run = book.runs[id], !run.isLive { book.forget(run: id) }
    }
    dirtyParticipants.removeAll(keepingCapacity: true)
    dirtyRuns.removeAll(keepingCapacity: true)
    usage.removeAll(keepingCapacity: true)
    notes.removeAll(keepingCapacity: true)
  }
}

/// Where a run is in memory: the book, and its place in the book's table.
struct RunPlace {
  let open: OpenBook
  let place: RunTable.Place

  var run: Run { open.book.runs[place] }
}

/// A tenant's chain, and what of it waits for the commit.
final class TenantChain {
  let tenant: String
  var writer: ChainWriter
  /// Where the tenant's usage was last cut off for an invoice.
  var cut: Int64
  /// The prices at which it is billed, once they were read; until one is set.
  var prices: PriceList?

  init(tenant: String, head: LedgerHead, cut: Int64) {
    self.tenant = tenant
    self.cut = cut
    writer = ChainWriter(head)
  }
}
