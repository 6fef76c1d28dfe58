/// One use case's part of the ledger: its terms, its balances, its runs.
///
/// A book may be loaded in part: for a command about one run it needs the terms, the accounts of
/// the use case as a whole and of that run's participant, and that run. For new terms it needs
/// every account of the use case and every running run.
///
/// Always, for the use case and for each participant: used + held ≤ budget.
public struct Book: Sendable, Equatable {
  public internal(set) var terms: UseCaseTerms
  public internal(set) var balances: Balances
  public internal(set) var runs: [String: Run]

  public init(terms: UseCaseTerms, balances: Balances = Balances(), runs: [String: Run] = [:]) {
    self.terms = terms
    self.balances = balances
    self.runs = runs
  }

  /// The book of a use case of which nothing is known but whose it is.
  public init(newUseCase id: String, tenant: String) {
    let terms = UseCaseTerms(
      id: id, version: -1, tenant: tenant, title: "", phase: .draft, start: nil, end: nil,
      plan: .none, participants: [])
    self.init(terms: terms)
  }

  /// Carries the command out, and returns what it adds to the ledger: often one entry, none if
  /// nothing changes.
  ///
  /// - Throws: why not; the book is as it was then.
  public mutating func perform(
    _ command: Command, _ context: CommandContext
  ) throws(Refusal) -> [EntryDraft] {
    var next = self
    let entries: [EntryDraft] =
      switch command {
      case .setTerms(let terms):
        try next.setTerms(terms, context)
      case .startRun(let id, let participant, let startedBy, let note, let rate):
        try next.start(
          Run(
            id: id, participant: participant, startedBy: startedBy, note: note, rate: rate,
            started: context.now, lastReport: context.now), context)
      case .reportUsage(let run, let total, let meter):
        try next.report(run: run, total: total, meter: meter, context)
      case .finishRun(let run, let total, let meter):
        try next.finish(run: run, total: total, meter: meter, context)
      case .stopRun(let run, let reason):
        try next.stop(run: run, .requested(reason), context)
      case .expireRun(let run, let idle):
        try next.expire(run: run, idleMilliseconds: idle, context)
      case .enforceEnd(let run):
        if let reason = next.terms.closure(at: context.now) {
          try next.stop(run: run, reason, context)
        } else {
          []
        }
      }
    self = next
    return entries
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

  /// What a participant has: its share, and where it is.
  public func allocation(of participant: String) throws(QuantityError) -> AllocationStatus {
    let used = try balances.sum { $0.kind == .used && $0.participant == participant }
    return try AllocationStatus(
      used: used, held: balances[account(.held, participant)],
      free: balances[account(.allocation, participant)])
  }

  /// What every participant has that has or had an account here.
  public var allocations: [String: AllocationStatus] {
    get throws(QuantityError) {
      var used: [String: GFLOP] = [:]
      var participants: Set<String> = []
      for (account, balance) in balances.byAccount where !account.participant.isEmpty {
        participants.insert(account.participant)
        guard account.kind == .used else { continue }
        used[account.participant] = try (used[account.participant] ?? .zero) + balance
      }
      var statuses: [String: AllocationStatus] = [:]
      for participant in participants {
        statuses[participant] = try AllocationStatus(
          used: used[participant] ?? .zero, held: balances[account(.held, participant)],
          free: balances[account(.allocation, participant)])
      }
      return statuses
    }
  }

  /// The use case's budget: all that was granted and not given back.
  public var budget: GFLOP {
    get throws(QuantityError) {
      try GFLOP.zero - balances[account(.granted)] - balances[account(.released)]
    }
  }
}

// MARK: - Entries in the making

extension Book {
  /// Moves compute at once, and notes the move for the entry.
  mutating func move(
    _ amount: GFLOP, from source: Account, to destination: Account, _ transfer: inout Transfer
  ) throws(Refusal) {
    guard amount != .zero else { return }
    let taken = try quantity { () throws(QuantityError) in try GFLOP.zero - amount }
    try quantity { () throws(QuantityError) in
      try transfer.move(amount, from: source, to: destination)
    }
    do {
      try balances.apply([
        Posting(account: source, amount: taken), Posting(account: destination, amount: amount),
      ])
    } catch {
      throw .fault(error)
    }
  }

  func entry(
    _ cause: Cause, run: Run?, meter: Meter?, _ transfer: Transfer, _ context: CommandContext
  ) -> EntryDraft {
    let postings = transfer.postings
    let hasUsage = postings.contains { $0.account.kind == .used }
    return EntryDraft(
      cause: cause, idempotencyKey: context.idempotencyKey, tenant: terms.tenant,
      useCase: terms.id, participant: run?.participant ?? "", run: run?.id ?? "",
      actor: context.actor, meter: meter, counter: run?.counter,
      price: hasUsage ? context.price : nil, trace: context.trace, time: context.now,
      postings: postings)
  }
}

/// Turns an arithmetic error into a refusal.
func quantity<T>(_ body: () throws(QuantityError) -> T) throws(Refusal) -> T {
  do { return try body() } catch { throw .quantity(error) }
}
