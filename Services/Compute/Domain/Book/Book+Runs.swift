// A run's life: hold, usage, renewal, settlement.

extension Book {
  mutating func start(
    _ draft: Run, _ context: CommandContext
  ) throws(Refusal) -> [EntryDraft] {
    guard runs[draft.id] == nil else { throw .runExists(draft.id) }
    guard terms.participant(draft.participant) != nil else { throw .notParticipant }
    if let start = terms.start, context.now < start { throw .notStarted(start: start) }
    if let reason = terms.closure(at: context.now) { throw .notOpen(reason) }
    try checkRange(draft.rate, field: "gflop_per_second")

    let status = try quantity { () throws(QuantityError) in
      try allocation(of: draft.participant)
    }
    // What is left is worth using, though it be less than a slice.
    guard status.free > .zero else { throw .exhausted(status) }
    let slice = try quantity { () throws(QuantityError) in
      try context.slices.slice(rate: draft.rate)
    }
    var run = draft
    var transfer = Transfer()
    try hold(min(slice, status.free), for: &run, &transfer)
    runs[run.id] = run
    return [entry(.runStarted, run: run, meter: nil, transfer, context)]
  }

  mutating func report(
    run id: String, total: GFLOP, meter: Meter, _ context: CommandContext
  ) throws(Refusal) -> [EntryDraft] {
    var run = try knownRun(id)
    try checkRange(total, field: "total_gflop")
    if run.isRunning { run.lastReport = max(run.lastReport, context.now) }
    var transfer = Transfer()
    let isNews = try bill(total, of: &run, &transfer, context)
    if isNews, run.isRunning { try renewOrStop(&run, &transfer, context) }
    runs[id] = run
    return transfer.postings.isEmpty
      ? [] : [entry(.usageReported, run: run, meter: meter, transfer, context)]
  }

  mutating func finish(
    run id: String, total: GFLOP?, meter: Meter, _ context: CommandContext
  ) throws(Refusal) -> [EntryDraft] {
    var run = try knownRun(id)
    let total = total ?? run.counter
    try checkRange(total, field: "total_gflop")
    guard run.isRunning else {
      return try report(run: id, total: total, meter: meter, context)
    }
    run.lastReport = max(run.lastReport, context.now)
    var transfer = Transfer()
    let isNews = try bill(total, of: &run, &transfer, context)
    try end(&run, .finished, lateAllowance: .zero, &transfer, context)
    runs[id] = run
    let cause: Cause = run.counter == .zero ? .runVoided : .runFinished
    return [entry(cause, run: run, meter: isNews ? meter : nil, transfer, context)]
  }

  /// Usage of before the stop may still come in, up to what was held for it.
  mutating func stop(
    run id: String, _ reason: StopReason, _ context: CommandContext
  ) throws(Refusal) -> [EntryDraft] {
    var run = try knownRun(id)
    guard run.isRunning else { return [] }
    var transfer = Transfer()
    try end(&run, .stopped(reason), lateAllowance: run.held, &transfer, context)
    runs[id] = run
    return [entry(.runStopped, run: run, meter: nil, transfer, context)]
  }

  /// Nobody told the run to stop, so all that it used in silence may still come in.
  mutating func expire(
    run id: String, idleMilliseconds: Int64, _ context: CommandContext
  ) throws(Refusal) -> [EntryDraft] {
    var run = try knownRun(id)
    guard run.isRunning, context.now - run.lastReport >= idleMilliseconds else { return [] }
    var transfer = Transfer()
    let allowance = ComputeLimits.maximumGFLOP
    try end(&run, .expired, lateAllowance: allowance, &transfer, context)
    runs[id] = run
    return [entry(.runExpired, run: run, meter: nil, transfer, context)]
  }
}

// MARK: - Steps

extension Book {
  private func knownRun(_ id: String) throws(Refusal) -> Run {
    guard let run = runs[id] else { throw .unknownRun(id) }
    return run
  }

  private func checkRange(_ value: GFLOP, field: String) throws(Refusal) {
    guard value >= .zero else { throw .negative(field: field) }
    let limit = ComputeLimits.maximumGFLOP
    guard value <= limit else { throw .tooLarge(field: field, limit: limit) }
  }

  private mutating func hold(
    _ amount: GFLOP, for run: inout Run, _ transfer: inout Transfer
  ) throws(Refusal) {
    let participant = run.participant
    try move(
      amount, from: account(.allocation, participant), to: account(.held, participant), &transfer)
    run.held = try quantity { () throws(QuantityError) in try run.held + amount }
  }

  /// Bills what the counter grew by, as far as it may; writes off the rest.
  ///
  /// - Returns: whether the counter grew: a repeated or late smaller one changes nothing.
  private mutating func bill(
    _ total: GFLOP, of run: inout Run, _ transfer: inout Transfer, _ context: CommandContext
  ) throws(Refusal) -> Bool {
    guard total > run.counter, run.state != .finished else { return false }
    let participant = run.participant
    let growth = try quantity { () throws(QuantityError) in try total - run.counter }
    let used = account(.used, participant, priceVersion: context.price.version)

    let fromHeld = min(growth, run.held)
    try move(fromHeld, from: account(.held, participant), to: used, &transfer)
    let beyondHold = try quantity { () throws(QuantityError) in try growth - fromHeld }
    let fromFree = min(beyondHold, freeToBill(run, context))
    try move(fromFree, from: account(.allocation, participant), to: used, &transfer)
    let excess = try quantity { () throws(QuantityError) in try beyondHold - fromFree }
    try move(
      excess, from: account(.unfunded, participant), to: account(.writtenOff, participant),
      &transfer)

    let isRunning = run.isRunning
    try quantity { () throws(QuantityError) in
      run.held = try run.held - fromHeld
      run.used = try run.used + fromHeld + fromFree
      if !isRunning { run.lateAllowance = try run.lateAllowance - fromFree }
    }
    run.counter = total
    return true
  }

  /// How much of the free balance a report may take, beyond the run's own hold.
  private func freeToBill(_ run: Run, _ context: CommandContext) -> GFLOP {
    let free = balances[account(.allocation, run.participant)]
    guard run.isRunning else { return min(run.lateAllowance, free) }
    return stopReason(for: run, context) == nil ? free : .zero
  }

  private func stopReason(for run: Run, _ context: CommandContext) -> StopReason? {
    if let closure = terms.closure(at: context.now) { return closure }
    return terms.participant(run.participant) == nil ? .participantRemoved : nil
  }

  /// Fills the hold up to a slice again; a run for which nothing is left is stopped.
  private mutating func renewOrStop(
    _ run: inout Run, _ transfer: inout Transfer, _ context: CommandContext
  ) throws(Refusal) {
    if let reason = stopReason(for: run, context) {
      try end(&run, .stopped(reason), lateAllowance: run.held, &transfer, context)
      return
    }
    let free = balances[account(.allocation, run.participant)]
    let held = run.held
    let rate = run.rate
    let lack = try quantity { () throws(QuantityError) in
      try max(.zero, context.slices.slice(rate: rate) - held)
    }
    try hold(min(lack, free), for: &run, &transfer)
    if run.held == .zero {
      try end(&run, .stopped(.allocationExhausted), lateAllowance: .zero, &transfer, context)
    }
  }

  /// Settles: the rest of the hold goes back, and on to the organisation where the budget was
  /// reduced meanwhile.
  private mutating func end(
    _ run: inout Run, _ state: RunState, lateAllowance: GFLOP, _ transfer: inout Transfer,
    _ context: CommandContext
  ) throws(Refusal) {
    let participant = run.participant
    try move(
      run.held, from: account(.held, participant), to: account(.allocation, participant),
      &transfer)
    run.held = .zero
    run.state = state
    run.lateAllowance = lateAllowance
    run.ended = context.now
    try returnSurplus(of: participant, &transfer)
  }
}
