import ComputeDomain
import Identity

/// A use case's book in memory, and what of it the tables do not show yet.
final class OpenBook {
  var book: Book
  /// Everybody who ever joined, in the order of joining; members first.
  private(set) var roster: [Member]
  private var places: [String: Int] = [:]

  /// The chain of the tenant that pays.
  let chain: TenantChain
  /// The number of the group that used it last.
  var lastUse: Int64 = 0
  /// Those whose balances changed, and "" for the whole's.
  var dirtyParticipants: Set<String> = []
  var dirtyRuns: Set<String> = []
  /// What was used since the last flush.
  var usage: [UsageKey: GFLOP] = [:]

  struct Member {
    let participant: Participant
    let isMember: Bool
  }

  /// One row of the usage table, within a use case.
  struct UsageKey: Hashable {
    let run: String
    let participant: String
    let quarter: Int64
    let priceVersion: String
    let cut: Int64

    /// A run has few rows at a time.
    func hash(into hasher: inout Hasher) { hasher.combine(run) }
  }

  init(_ book: Book, roster: [Member], chain: TenantChain) {
    self.book = book
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

  func name(of participant: String) -> String { self.participant(participant)?.name ?? "" }

  var isDirty: Bool { !dirtyParticipants.isEmpty || !dirtyRuns.isEmpty || !usage.isEmpty }

  /// Notes what an entry changes.
  func note(_ entry: EntryDraft) {
    var last: String?
    for posting in entry.postings {
      if posting.account.participant != last {
        last = posting.account.participant
        dirtyParticipants.insert(posting.account.participant)
      }
      guard posting.account.kind == .used else { continue }
      let key = UsageKey(
        run: entry.run, participant: entry.participant,
        quarter: UsagePeriod.quarter(of: entry.meteredTime),
        priceVersion: posting.account.priceVersion, cut: chain.cut)
      // The run's counter, of which this is a part, is far from 64 bits' end.
      usage[key] = GFLOP((usage[key]?.value ?? 0) + posting.amount.value)
    }
    if !entry.run.isEmpty { dirtyRuns.insert(entry.run) }
  }

  /// After a flush: nothing is dirty, and runs that have ended need no memory.
  func flushed() {
    for id in dirtyRuns {
      if let run = book.runs[id], !run.isLive { book.forget(run: id) }
    }
    dirtyParticipants.removeAll(keepingCapacity: true)
    dirtyRuns.removeAll(keepingCapacity: true)
    usage.removeAll(keepingCapacity: true)
  }
}

/// A tenant's chain, and what of it waits for the commit.
final class TenantChain {
  let tenant: String
  var writer: ChainWriter
  /// Where the tenant's usage was last cut off for an invoice.
  var cut: Int64

  init(tenant: String, head: LedgerHead, cut: Int64) {
    self.tenant = tenant
    self.cut = cut
    writer = ChainWriter(head)
  }
}

/// The grain of the usage table: quarters of an hour, of which every time zone's months are made.
enum UsagePeriod {
  static let milliseconds: Int64 = 900_000

  /// The number of the quarter that the moment lies in, since 1970.
  static func quarter(of time: Int64) -> Int64 {
    time.flooredQuotient(dividingBy: milliseconds)
  }
}
