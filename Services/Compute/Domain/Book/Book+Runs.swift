// A run's life: hold, usage, renewal, pause, settlement. Each function works on a copy of the run
// and on a transfer, and changes the book at its end.

extension Book {
  mutating func start(_ draft: Run, _ context: CommandContext) throws(Refusal) -> Outcome {
    guard runs[draft.id] == nil else { throw .runExists(draft.id) }
    guard terms.isMember(draft.participant) else { throw .notParticipant }
    if let start = terms.start, context.now < start { throw .notStarted(start: start) }
    if let reason = terms.closure(at: context.now) { throw .notOpen(reason) }
    try checkRange(draft.rate, field: "gflop_per_second")
    var run = draft
    var transfer = Transfer()
    try takeFirstSlice(&run, &transfer, context)
    return try commit(.runStarted, run: run, transfer, context)
  }

  mutating func report(
    run id: String, total: GFLOP, meter: Meter, _ meteredAt: Int64?, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    var run = try knownRun(id)
    try checkRange(total, field: "total_gflop")
    if run.isRunning { run.mark.lastReport = max(run.lastReport, context.now) }
    guard total > run.counter, run.state != .finished else {
      runs[id] = run
      return Outcome()
    }
    var transfer = Transfer()
    let reason = run.isRunning ? stopReason(for: run, context) : nil
    let price = try bill(total, of: &run, meteredAt, reason, &transfer, context)
    if run.isRunning { try renewOrStop(&run, reason, &transfer, context) }
    return try commit(.usageReported, run: run, meter: meter, price: price, transfer, context)
  }

  mutating func finish(
    run id: String, total: GFLOP?, meter: Meter, _ meteredAt: Int64?, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    var run = try knownRun(id)
    let total = total ?? run.counter
    try checkRange(total, field: "total_gflop")
    guard run.isLive else {
      return try report(run: id, total: total, meter: meter, meteredAt, context)
    }
    run.mark.lastReport = max(run.lastReport, context.now)
    var transfer = Transfer()
    let isNews = total > run.counter
    let reason = run.isRunning ? stopReason(for: run, context) : nil
    let price =
      isNews ? try bill(total, of: &run, meteredAt, reason, &transfer, context) : nil
    try end(&run, .finished, lateAllowance: .zero, &transfer, context)
    return try commit(
      run.counter == .zero ? .runVoided : .runFinished, run: run, meter: isNews ? meter : nil,
      price: price, transfer, context)
  }

  /// Usage of before the stop may still come in, up to what was held for it.
  mutating func stop(
    run id: String, _ reason: StopReason, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    var run = try knownRun(id)
    guard run.isLive else { return Outcome() }
    let allowance = run.isRunning ? run.held : run.mark.lateAllowance
    var transfer = Transfer()
    try end(&run, .stopped(reason), lateAllowance: allowance, &transfer, context)
    return try commit(.runStopped, run: run, transfer, context)
  }

  mutating func pause(
    run id: String, _ reason: String, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    var run = try knownRun(id)
    guard run.isLive else { throw .runEnded(id) }
    guard run.isRunning else { return Outcome() }
    let allowance = run.held
    var transfer = Transfer()
    try end(&run, .paused(reason), lateAllowance: allowance, &transfer, context)
    run.mark.ended = nil
    return try commit(.runPaused, run: run, transfer, context)
  }

  /// Takes a first slice anew. The time of the pause is not silence.
  mutating func resume(run id: String, _ context: CommandContext) throws(Refusal) -> Outcome {
    var run = try knownRun(id)
    guard run.isLive else { throw .runEnded(id) }
    guard !run.isRunning else { return Outcome() }
    guard terms.isMember(run.participant) else { throw .notParticipant }
    if let reason = terms.closure(at: context.now) { throw .notOpen(reason) }
    var transfer = Transfer()
    run.mark.state = .running
    run.mark.lateAllowance = .zero
    run.mark.lastReport = max(run.lastReport, context.now)
    try takeFirstSlice(&run, &transfer, context)
    return try commit(.runResumed, run: run, transfer, context)
  }

  /// Nobody told the run to stop, so all that it used in silence may still come in.
  mutating func expire(
    run id: String, idleMilliseconds: Int64, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    var run = try knownRun(id)
    guard run.isRunning, context.now - run.lastReport >= idleMilliseconds else {
      return Outcome()
    }
    var transfer = Transfer()
    try end(
      &run, .expired, lateAllowance: ComputeLimits.maximumGFLOP, &transfer, context)
    return try commit(.runExpired, run: run, transfer, context)
  }
}

// MARK: - Steps

extension Book {
  private func knownRun(_ id: String) throws(Refusal) -> Run {
    guard let run = runs[id] else { throw .unknownRun(id) }
    return run
  }

  func checkRange(_ value: GFLOP, field: String) throws(Refusal) {
    guard value >= .zero else { throw .negative(field: field) }
    let limit = ComputeLimits.maximumGFLOP
    guard value <= limit else { throw .tooLarge(field: field, limit: limit) }
  }

  /// What is free of a participant's share once the transfer is done.
  private func free(_ participant: String, _ transfer: Transfer) throws(Refusal) -> GFLOP {
    let account = account(.allocation, participant)
    return try quantity { () throws(QuantityError) in
      try balance(.allocation, participant) + transfer.change(of: account)
    }
  }

  private func takeFirstSlice(
    _ run: inout Run, _ transfer: inout Transfer, _ context: CommandContext
  ) throws(Refusal) {
    let participant = run.participant
    let status = try quantity { () throws(QuantityError) in try allocation(of: participant) }
    // What is left is worth using, though it be less than a slice.
    guard status.free > .zero else { throw .exhausted(status) }
    let rate = run.rate
    let slice = try quantity { () throws(QuantityError) in
      try context.slices.slice(rate: rate)
    }
    try hold(min(slice, status.free), for: &run, &transfer)
  }

  private func hold(
    _ amount: GFLOP, for run: inout Run, _ transfer: inout Transfer
  ) throws(Refusal) {
    let participant = run.participant
    let held = run.held
    run.mark.held = try quantity { () throws(QuantityError) in
      try transfer.move(
        amount, from: account(.allocation, participant), to: account(.held, participant))
      return try held + amount
    }
  }

  /// Bills what the counter grew by, as far as it may; writes off the rest.
  ///
  /// - Parameter reason: why the run may not go on, if it may not.
  /// - Returns: the price of what was billed: the one in force when it was metered.
  private func bill(
    _ total: GFLOP, of run: inout Run, _ meteredAt: Int64?, _ reason: StopReason?,
    _ transfer: inout Transfer, _ context: CommandContext
  ) throws(Refusal) -> Price {
    let participant = run.participant
    var mark = run.mark
    // A counter that only grows was read at a time that only grows, and never in the future.
    mark.metered = max(mark.metered, min(meteredAt ?? context.now, context.now))
    let price = context.prices.price(at: mark.metered)
    let used = account(.used, participant, priceVersion: price.version)
    let free = balance(.allocation, participant)
    // How much of the free balance a report may take, beyond the run's own hold.
    let freeToBill =
      run.isRunning ? (reason == nil ? free : .zero) : min(mark.lateAllowance, free)
    try quantity { () throws(QuantityError) in
      let growth = try total - mark.counter
      let fromHeld = min(growth, mark.held)
      try transfer.move(fromHeld, from: account(.held, participant), to: used)
      let beyondHold = try growth - fromHeld
      let fromFree = min(beyondHold, freeToBill)
      try transfer.move(fromFree, from: account(.allocation, participant), to: used)
      try transfer.move(
        beyondHold - fromFree, from: account(.unfunded, participant),
        to: account(.writtenOff, participant))
      mark.held = try mark.held - fromHeld
      mark.used = try mark.used + fromHeld + fromFree
      if mark.state != .running { mark.lateAllowance = try mark.lateAllowance - fromFree }
    }
    mark.counter = total
    run.mark = mark
    return price
  }

  private func stopReason(for run: Run, _ context: CommandContext) -> StopReason? {
    if let closure = terms.closure(at: context.now) { return closure }
    return terms.isMember(run.participant) ? nil : .participantRemoved
  }

  /// Fills the hold up to a slice again; a run for which nothing is left is stopped.
  private func renewOrStop(
    _ run: inout Run, _ reason: StopReason?, _ transfer: inout Transfer,
    _ context: CommandContext
  ) throws(Refusal) {
    if let reason {
      let allowance = run.held
      try end(&run, .stopped(reason), lateAllowance: allowance, &transfer, context)
      return
    }
    let (held, rate) = (run.held, run.rate)
    let lack = try quantity { () throws(QuantityError) in
      try max(.zero, context.slices.slice(rate: rate) - held)
    }
    try hold(min(lack, free(run.participant, transfer)), for: &run, &transfer)
    if run.held == .zero {
      try end(&run, .stopped(.allocationExhausted), lateAllowance: .zero, &transfer, context)
    }
  }

  /// Settles: the rest of the hold goes back, and on to the organisation where the budget was
  /// reduced meanwhile.
  private func end(
    _ run: inout Run, _ state: RunState, lateAllowance: GFLOP, _ transfer: inout Transfer,
    _ context: CommandContext
  ) throws(Refusal) {
    let participant = run.participant
    let held = run.held
    try quantity { () throws(QuantityError) in
      try transfer.move(
        held, from: account(.held, participant), to: account(.allocation, participant))
    }
    run.mark.held = .zero
    run.mark.state = state
    run.mark.lateAllowance = lateAllowance
    run.mark.ended = context.now
    try returnSurplus(of: participant, &transfer)
  }
}
