/// One use case's part of the ledger: its terms, its balances, its runs.
///
/// A book may be loaded without the runs that have ended, but for the one that a command names.
///
/// Always, for the use case and for each participant: used + held ≤ budget. Every question about
/// one participant is answered in constant time.
public struct Book: Sendable, Equatable {
  public internal(set) var terms: UseCaseTerms
  public private(set) var accounts: BookAccounts
  public internal(set) var runs: RunTable
  public internal(set) var shares: ShareBook
  public internal(set) var alerts: AlertBook

  public init(
    terms: UseCaseTerms, balances: Balances = Balances(), runs: [String: Run] = [:],
    shares: ShareBook = ShareBook(), alerts: AlertBook = AlertBook()
  ) throws(LedgerFault) {
    self.terms = terms
    accounts = try BookAccounts(useCase: terms.id, balances)
    self.runs = RunTable(runs)
    self.shares = shares
    self.alerts = alerts
  }

  /// The book of a use case of which nothing is known but whose it is.
  public init(newUseCase id: String, tenant: String) {
    terms = UseCaseTerms(
      id: id, version: -1, tenant: tenant, title: "", phase: .draft, start: nil, end: nil,
      plan: .none, participants: [])
    accounts = BookAccounts(useCase: id)
    runs = RunTable()
    shares = ShareBook()
    alerts = AlertBook()
  }

  /// Carries the command out.
  ///
  /// - Throws: why not; the book is as it was then.
  public mutating func perform(
    _ command: Command, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    switch command {
    case .setTerms, .setAllocation, .transfer, .topUp, .setReserve, .setThresholds:
      // What concerns more than one run takes several steps, of which the last may be refused.
      var next = self
      let outcome = try next.performOnBudget(command, context)
      self = next
      return outcome
    default:
      var outcome = try performOnRun(command, context)
      if let entry = outcome.entries.first, entry.postings.contains(where: \.changesShares) {
        outcome.alerts = try dueAlerts(of: entry.participant, context)
      }
      return outcome
    }
  }

  private mutating func performOnRun(
    _ command: Command, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    switch command {
    case .startRun(let id, let participant, let startedBy, let note, let rate):
      return try start(
        Run(
          id: id, participant: participant, startedBy: startedBy, note: note, rate: rate,
          started: context.now), context)
    case .reportUsage(let run, let total, let meter, let meteredAt):
      return try report(run: run, total: total, meter: meter, meteredAt, context)
    case .finishRun(let run, let total, let meter, let meteredAt):
      return try finish(run: run, total: total, meter: meter, meteredAt, context)
    case .pauseRun(let run, let reason, let authority):
      return try pause(run: run, reason, by: authority, context)
    case .resumeRun(let run, let authority):
      return try resume(run: run, by: authority, context)
    case .stopRun(let run, let reason, let authority):
      return try stop(run: run, reason, by: authority, context)
    case .expireRun(let run, let idle):
      return try expire(run: run, idleMilliseconds: idle, context)
    case .enforceEnd(let run):
      guard let reason = terms.closure(at: context.now) else { return Outcome() }
      return try stop(run: run, reason, context)
    default:
      return Outcome()
    }
  }
}

extension Posting {
  /// Whether a participant's share, or what is used of it, becomes another one.
  fileprivate var changesShares: Bool {
    switch account.kind {
    case .used, .unallocated, .released: true
    default: false
    }
  }
}

// MARK: - Runs in memory

extension Book {
  /// Takes a run that has ended into the book, for a command that names it.
  public mutating func remember(_ run: Run) { runs[run.id] = run }

  /// Drops a run that has ended; one that lives stays.
  public mutating func forget(run id: String) {
    if let run = runs[id], !run.isLive { runs[id] = nil }
  }
}

// MARK: - Where the compute is

extension Book {
  func account(
    _ kind: AccountKind, _ participant: String = "", priceVersion: String = ""
  ) -> Account {
    Account(
      kind: kind, useCase: terms.id, participant: participant, priceVersion: priceVersion)
  }

  /// A balance of this use case.
  public func balance(_ kind: AccountKind, _ participant: String = "") -> GFLOP {
    accounts.balance(kind, participant)
  }

  /// Every balance, by account.
  public var balances: Balances { accounts.balances }

  /// All that a participant has used, at whatever price; of all of them for "".
  public func used(by participant: String = "") -> GFLOP {
    participant.isEmpty ? accounts.used : accounts.balance(.used, participant)
  }

  /// What a participant has: its share, and where it is.
  public func allocation(of participant: String) throws(QuantityError) -> AllocationStatus {
    guard let place = accounts.place(of: participant) else {
      return try AllocationStatus(used: .zero, held: .zero, free: .zero)
    }
    return try accounts.parts[place].status
  }

  /// What every participant has that has or had an account here.
  public var allocations: [String: AllocationStatus] {
    get throws(QuantityError) {
      var statuses: [String: AllocationStatus] = [:]
      for part in accounts.parts { statuses[part.participant] = try part.status }
      return statuses
    }
  }

  /// The use case's budget: all that was granted and not given back.
  public var budget: GFLOP {
    get throws(QuantityError) {
      try GFLOP.zero - balance(.granted) - balance(.released)
    }
  }
}

// MARK: - Changes

extension Book {
  /// Applies what a step has worked out: the run, the balances, the entry; all or nothing.
  mutating func commit(
    _ cause: Cause, run: Run?, participant: String = "", meter: Meter? = nil, price: Price? = nil,
    _ transfer: Transfer, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    let postings = transfer.postings
    do throws(LedgerFault) { try accounts.apply(postings) } catch { throw .fault(error) }
    if let run { runs[run.id] = run }
    let who = run?.participant ?? participant
    let hasUsage = postings.contains { $0.account.kind == .used }
    let entry = EntryDraft(
      cause: cause, idempotencyKey: context.idempotencyKey, tenant: terms.tenant,
      useCase: terms.id, participant: who, run: run?.id ?? "", actor: context.actor,
      meter: meter, mark: run?.mark, price: hasUsage ? price : nil, trace: context.trace,
      time: context.now, postings: postings)
    return Outcome(entries: [entry])
  }

  /// The alerts of a participant and of the whole that are to be told now.
  mutating func dueAlerts(
    of participant: String, _ context: CommandContext
  ) throws(Refusal) -> [Alert] {
    let (share, budget) = try quantity { () throws(QuantityError) in
      (try allocation(of: participant), try self.budget)
    }
    return dueAlerts(participant, used: share.used, total: share.total, context)
      + dueAlerts("", used: used(), total: budget, context)
  }

  private mutating func dueAlerts(
    _ participant: String, used: GFLOP, total: GFLOP, _ context: CommandContext
  ) -> [Alert] {
    guard alerts.hasNews(participant, used: used, total: total) else { return [] }
    return alerts.update(participant, used: used, total: total).map { threshold in
      Alert(
        useCase: terms.id, participant: participant, threshold: threshold, used: used,
        total: total, time: context.now)
    }
  }
}

/// Turns an arithmetic error into a refusal.
func quantity<T>(_ body: () throws(QuantityError) -> T) throws(Refusal) -> T {
  do { return try body() } catch { throw .quantity(error) }
}
