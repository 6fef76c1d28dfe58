// New terms: shares follow the plan, and runs that may not go on are stopped.

extension Book {
  mutating func setTerms(
    _ new: UseCaseTerms, _ context: CommandContext
  ) throws(Refusal) -> [EntryDraft] {
    guard new.id == terms.id, new.tenant == terms.tenant else { throw .foreignTerms }
    guard new.version > terms.version else { throw .staleTerms(known: terms.version) }
    guard new.plan.participants >= 0, new.plan.each >= .zero else {
      throw .negative(field: "budget")
    }
    let requested = try quantity { () throws(QuantityError) in try new.plan.total }
    terms = new
    var entries = try stopRunsThatMayNotGoOn(context)
    var transfer = Transfer()
    try rebalance(requested: requested, &transfer)
    if !transfer.postings.isEmpty {
      entries.append(entry(.budgetChanged, run: nil, meter: nil, transfer, context))
    }
    return entries
  }

  private mutating func stopRunsThatMayNotGoOn(
    _ context: CommandContext
  ) throws(Refusal) -> [EntryDraft] {
    let closure = terms.closure(at: context.now)
    var entries: [EntryDraft] = []
    for id in runs.keys.sorted() {
      guard let run = runs[id], run.isRunning else { continue }
      let isMember = terms.participant(run.participant) != nil
      guard let reason = closure ?? (isMember ? nil : .participantRemoved) else { continue }
      var context = context
      context.idempotencyKey += "/stop/\(id)"
      entries += try stop(run: id, reason, context)
    }
    return entries
  }

  /// Deals the budget anew.
  ///
  /// What is used or held stays, also beyond a reduced plan; of the rest each participant gets up
  /// to its share, in the order of joining, and what is over then is unallocated. So the budget
  /// becomes the plan's total, or what is committed if that is more.
  private mutating func rebalance(
    requested: GFLOP, _ transfer: inout Transfer
  ) throws(Refusal) {
    let (deal, committed) = try quantity { () throws(QuantityError) in
      try dealFreeBalances(requested: requested)
    }
    let unallocated = account(.unallocated)
    let change = try quantity { () throws(QuantityError) in
      try max(requested, committed) - budget
    }
    // Takings before givings, so that no balance is ever on the wrong side of zero.
    for (participant, free) in deal {
      let current = balances[account(.allocation, participant)]
      let surplus = try quantity { () throws(QuantityError) in try max(.zero, current - free) }
      try move(surplus, from: account(.allocation, participant), to: unallocated, &transfer)
    }
    if change > .zero {
      try move(change, from: account(.granted), to: unallocated, &transfer)
    }
    for (participant, free) in deal {
      let current = balances[account(.allocation, participant)]
      let lack = try quantity { () throws(QuantityError) in try max(.zero, free - current) }
      try move(lack, from: unallocated, to: account(.allocation, participant), &transfer)
    }
    if change < .zero {
      let surplus = try quantity { () throws(QuantityError) in try GFLOP.zero - change }
      try move(surplus, from: unallocated, to: account(.released), &transfer)
    }
  }

  /// What each participant's free balance shall be, and what all have used or hold.
  private func dealFreeBalances(
    requested: GFLOP
  ) throws(QuantityError) -> (deal: [(participant: String, free: GFLOP)], committed: GFLOP) {
    let members = terms.participants.sorted { ($0.joined, $0.id) < ($1.joined, $1.id) }
      .map(\.id)
    let statuses = try allocations
    let former = Set(statuses.keys).subtracting(members).sorted()
    var taken: [String: GFLOP] = [:]
    var committed = GFLOP.zero
    for (participant, status) in statuses {
      let both = try status.used + status.held
      taken[participant] = both
      committed = try committed + both
    }
    var pool = try max(.zero, requested - committed)
    var deal: [(participant: String, free: GFLOP)] = []
    for participant in members {
      let free = try min(pool, max(.zero, terms.plan.each - (taken[participant] ?? .zero)))
      pool = try pool - free
      deal.append((participant, free))
    }
    return (deal + former.map { ($0, GFLOP.zero) }, committed)
  }

  /// Takes back from a participant what a reduction could not while a run held it.
  mutating func returnSurplus(
    of participant: String, _ transfer: inout Transfer
  ) throws(Refusal) {
    let unallocated = account(.unallocated)
    let share = terms.participant(participant) == nil ? GFLOP.zero : terms.plan.each
    let surplus = try quantity { () throws(QuantityError) in
      let status = try allocation(of: participant)
      let overShare = try status.total - share
      let overBudget = try budget - terms.plan.total - balances[unallocated]
      return min(status.free, max(.zero, overShare, overBudget))
    }
    try move(surplus, from: account(.allocation, participant), to: unallocated, &transfer)
    let overBudget = try quantity { () throws(QuantityError) in
      try min(balances[unallocated], max(.zero, budget - terms.plan.total))
    }
    try move(overBudget, from: unallocated, to: account(.released), &transfer)
  }
}
