// New terms: shares follow the plan, and runs that may not go on are stopped.

extension Book {
  /// What concerns more than one run; the caller keeps the book as it was if this is refused.
  mutating func performOnBudget(
    _ command: Command, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    var outcome: Outcome
    switch command {
    case .setTerms(let terms): outcome = try setTerms(terms, context)
    case .setAllocation(let participant, let total):
      outcome = try setAllocation(of: participant, to: total, context)
    case .transfer(let source, let destination, let amount):
      outcome = try transfer(amount, from: source, to: destination, context)
    case .topUp(let participant, let amount):
      outcome = try topUp(participant, by: amount, context)
    case .setReserve(let amount): outcome = try setReserve(amount, context)
    case .setThresholds(let thresholds): outcome = try setThresholds(thresholds)
    default: return Outcome()
    }
    // A raise arms alerts again, and a reduction may reach one.
    let parts = accounts.parts.map(\.participant)
    for part in parts.indices.sorted(by: { parts[$0] < parts[$1] }) {
      outcome.alerts += try dueAlerts(of: part, context)
    }
    return outcome
  }

  private mutating func setTerms(
    _ new: UseCaseTerms, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    guard new.id == terms.id, new.tenant == terms.tenant else { throw .foreignTerms }
    guard new.version > terms.version else { throw .staleTerms(known: terms.version) }
    guard new.plan.participants >= 0, new.plan.each >= .zero else {
      throw .negative(field: "budget")
    }
    terms = new
    _ = try quantity { () throws(QuantityError) in try plannedBudget }
    var outcome = try stopRunsThatMayNotGoOn(context)
    var transfer = Transfer()
    try rebalance(&transfer)
    if transfer.legs.contains(where: { $0.amount != .zero }) {
      let change = try commit(.budgetChanged, run: nil, transfer, context)
      outcome.entries += change.entries
    }
    return outcome
  }

  /// The plan's budget and what was added to it.
  private var plannedBudget: GFLOP {
    get throws(QuantityError) {
      let total = try terms.plan.total + shares.toppedUp
      guard total <= ComputeLimits.maximumGFLOP else {
        throw .overflow("a budget of \(total)")
      }
      return total
    }
  }

  private mutating func stopRunsThatMayNotGoOn(
    _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    let closure = terms.closure(at: context.now)
    var outcome = Outcome()
    for id in runs.keys.sorted() {
      guard let run = runs[id], run.isLive else { continue }
      let isMember = terms.isMember(run.participant)
      guard let reason = closure ?? (isMember ? nil : .participantRemoved) else { continue }
      outcome.entries += try stop(run: id, reason, context.step("stop/\(id)")).entries
    }
    return outcome
  }

  /// Deals the budget anew.
  ///
  /// What is used, held or in reserve stays, also beyond a reduced plan; of the rest each
  /// participant gets up to its share, in the order of joining, and what is over then is
  /// unallocated. So the budget becomes what is planned, or what is committed if that is more.
  private mutating func rebalance(_ transfer: inout Transfer) throws(Refusal) {
    let (deal, committed, requested) = try quantity { () throws(QuantityError) in
      let requested = try plannedBudget
      let (deal, committed) = try dealFreeBalances(requested: requested)
      return (deal, committed, requested)
    }
    try quantity { () throws(QuantityError) in
      let change = try max(requested, committed) - budget
      if change > .zero {
        try transfer.move(change, from: .granted, to: .unallocated)
      } else {
        try transfer.move(GFLOP.zero - change, from: .unallocated, to: .released)
      }
      for (participant, free) in deal {
        let surplus = try balance(.allocation, participant) - free
        // Who is dealt nothing, and had nothing, has no account.
        guard surplus != .zero else { continue }
        try transfer.move(
          surplus, from: account(.allocation, participant), to: .whole(.unallocated))
      }
    }
  }

  /// What each participant's free balance shall be, and what all have used or hold or is reserved.
  private func dealFreeBalances(
    requested: GFLOP
  ) throws(QuantityError) -> (deal: [(participant: String, free: GFLOP)], committed: GFLOP) {
    let members = terms.participants.sorted { ($0.joined, $0.id) < ($1.joined, $1.id) }
      .map(\.id)
    let statuses = try allocations
    let former = Set(statuses.keys).subtracting(members).sorted()
    var taken: [String: GFLOP] = [:]
    var committed = balance(.reserve)
    for (participant, status) in statuses {
      let both = try status.used + status.held
      taken[participant] = both
      committed = try committed + both
    }
    var pool = try max(.zero, requested - committed)
    var deal: [(participant: String, free: GFLOP)] = []
    for participant in members {
      let share = try shares.share(of: participant, each: terms.plan.each)
      let free = try min(pool, max(.zero, share - (taken[participant] ?? .zero)))
      pool = try pool - free
      deal.append((participant, free))
    }
    return (deal + former.map { ($0, GFLOP.zero) }, committed)
  }

  /// Takes back from a participant what a reduction could not while a run held it.
  ///
  /// - Parameter transfer: of that participant.
  func returnSurplus(of participant: String, _ transfer: inout Transfer) throws(Refusal) {
    try quantity { () throws(QuantityError) in
      let share =
        !terms.isMember(participant)
        ? .zero : try shares.share(of: participant, each: terms.plan.each)
      let planned = try plannedBudget
      let part = transfer.part
      let free = try accounts.balance(.allocation, at: part) + transfer.change(of: .allocation)
      let inHold = try accounts.balance(.held, at: part) + transfer.change(of: .held)
      // What the transfer bills is not in the totals yet.
      let used = try accounts.balance(.used, at: part) + transfer.change(of: .used)
      let waiting = try balance(.unallocated) + transfer.change(of: .unallocated)
      let overShare = try free + inHold + used - share
      let overBudget = try budget - planned - waiting
      try transfer.move(
        min(free, max(.zero, overShare, overBudget)), from: .allocation, to: .unallocated)
      let left = try balance(.unallocated) + transfer.change(of: .unallocated)
      try transfer.move(
        min(left, max(.zero, budget - planned)), from: .unallocated, to: .released)
    }
  }
}

extension CommandContext {
  /// The context of one of several steps, whose entries need keys of their own.
  func step(_ name: String) -> CommandContext {
    var context = self
    // A space is in no caller's key, so that no caller can take the step's.
    context.idempotencyKey += " \(name)"
    return context
  }
}
