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
      if let part = outcome.changedShare {
        outcome.alerts = try dueAlerts(of: part, context)
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

// MARK: - Runs in memory

extension Book {
  /// Takes a run that has ended into the book, for a command that names it.
  public mutating func remember(_ run: Run) { runs.remember(run) }

  /// Drops a run that has ended; one that lives stays.
  public mutating func forget(run id: String) {
    if let run = runs[id], !run.isLive { runs[id] = nil }
  }
}

// MARK: - Where the compute is

extension Book {
  /// A participant's account, made if it is its first.
  mutating func account(_ kind: AccountKind, _ participant: String) -> AccountPlace {
    AccountPlace(kind: kind, part: accounts.place(making: participant))
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

  /// What the participant has whose run is at the place.
  public func allocation(at place: RunTable.Place) throws(QuantityError) -> AllocationStatus {
    let run = runs[place]
    guard run.part >= 0 else { return try allocation(of: run.participant) }
    return try accounts.parts[run.part].status
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
  ///
  /// - Parameter place: where the run is, unless it is new.
  mutating func commit(
    _ cause: Cause, run: Run?, at place: RunTable.Place? = nil, participant: String = "",
    meter: Meter? = nil, price: Price? = nil, _ transfer: Transfer, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    do throws(LedgerFault) { try accounts.apply(transfer) } catch { throw .fault(error) }
    if var run {
      run.part = transfer.part
      if let place { runs[place] = run } else { runs[run.id] = run }
    }
    var (hasUsage, changesShares) = (false, false)
    for leg in transfer.legs where leg.amount != .zero {
      switch leg.account.kind {
      case .used: hasUsage = true
      case .unallocated, .released: changesShares = true
      default: break
      }
    }
    let entry = EntryDraft(
      cause: cause, idempotencyKey: context.idempotencyKey, tenant: terms.tenant,
      useCase: terms.id, participant: run?.participant ?? participant, run: run?.id ?? "",
      actor: context.actor, meter: meter, mark: run?.mark, price: hasUsage ? price : nil,
      trace: context.trace, time: context.now, postings: accounts.postings(of: transfer))
    var outcome = Outcome(entries: [entry])
    outcome.changedShare = hasUsage || changesShares ? transfer.part : nil
    return outcome
  }

  /// The alerts of a participant and of the whole that are to be told now.
  ///
  /// - Parameter part: the place of the participant's accounts.
  mutating func dueAlerts(
    of part: Int, _ context: CommandContext
  ) throws(Refusal) -> [Alert] {
    let (share, budget) = try quantity { () throws(QuantityError) in
      (try accounts.parts[part].status, try self.budget)
    }
    return dueAlerts(
      accounts.parts[part].participant, used: share.used, total: share.total, context)
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
@inline(__always)
func quantity<T>(_ body: () throws(QuantityError) -> T) throws(Refusal) -> T {
  do { return try body() } catch { throw .quantity(error) }
}
