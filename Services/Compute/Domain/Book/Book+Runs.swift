// A run's life: hold, usage, renewal, pause, settlement. Each function works on a copy of the run
// and on a transfer, and changes the book at its end.

extension Book {
  mutating func start(_ draft: Run, _ context: CommandContext) throws(Refusal) -> Outcome {
    guard runs[draft.id] == nil else { throw .runExists(draft.id) }
    guard terms.isMember(draft.participant) else { throw .notParticipant }
    guard runs.liveCount(of: draft.participant) < ComputeLimits.maximumLiveRuns else {
      throw .tooManyRuns(limit: ComputeLimits.maximumLiveRuns)
    }
    if let start = terms.start, context.now < start { throw .notStarted(start: start) }
    if let reason = terms.closure(at: context.now) { throw .notOpen(reason) }
    try checkRange(draft.rate, field: "gflop_per_second")
    var run = draft
    let participant = draft.participant
    let status = try quantity { () throws(QuantityError) in try allocation(of: participant) }
    guard status.free > .zero, var transfer = transfer(of: run) else { throw .exhausted(status) }
    try takeFirstSlice(&run, &transfer, context)
    return try commit(.runStarted, run: run, transfer, context)
  }

  mutating func report(
    run id: String, total: GFLOP, meter: Meter, _ meteredAt: Int64?, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    let place = try knownPlace(of: id)
    var run = runs[place]
    try checkRange(total, field: "total_gflop")
    let before = run.lastReport
    let isSignOfLife = run.isRunning && context.now > before
    if isSignOfLife { run.mark.lastReport = context.now }
    guard total > run.counter, run.state != .finished else {
      runs[place] = run
      return Outcome(heardOf: isSignOfLife ? id : nil)
    }
    var transfer = try knownTransfer(of: run)
    let reason = run.isRunning ? stopReason(for: run, context) : nil
    let reading = Reading(total: total, since: before, at: meteredAt)
    let price = try bill(reading, of: &run, reason, &transfer, context)
    if run.isRunning {
      try renewOrStop(&run, reason, &transfer, context)
    } else if case .paused(_, .team) = run.state, transfer.change(of: .writtenOff) > .zero,
      stopReason(for: run, context) == nil
    {
      // Paused or not, it uses more than is left; what was written off must not be for nothing.
      try end(
        &run, .stopped(.allocationExhausted), lateAllowance: .zero, &transfer, context)
    }
    return try commit(
      .usageReported, run: run, at: place, meter: meter, price: price, transfer, context)
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
    let reading = Reading(total: total, since: run.lastReport, at: meteredAt)
    run.mark.lastReport = max(run.lastReport, context.now)
    var transfer = try knownTransfer(of: run)
    let isNews = total > run.counter
    let reason = run.isRunning ? stopReason(for: run, context) : nil
    let price = isNews ? try bill(reading, of: &run, reason, &transfer, context) : nil
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
    var transfer = try knownTransfer(of: run)
    try end(&run, .stopped(reason), lateAllowance: allowance, &transfer, context)
    return try commit(.runStopped, run: run, transfer, context)
  }

  /// What an organiser says of a run that has ended is the last word: the team's late usage is not
  /// billed any more. The same words again are a repeated call, of which nothing is to come.
  mutating func stop(
    run id: String, _ words: String, by authority: RunAuthority, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    var run = try knownRun(id)
    guard !run.isLive, authority == .organiser else {
      return try stop(run: id, .requested(words), context)
    }
    let stopped = RunState.stopped(.requested(words))
    guard run.state == .expired || run.mark.lateAllowance > .zero, run.state != stopped else {
      return Outcome()
    }
    run.mark.state = stopped
    run.mark.lateAllowance = .zero
    return try commit(.runStopped, run: run, knownTransfer(of: run), context)
  }

  mutating func pause(
    run id: String, _ words: String, by authority: RunAuthority, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    var run = try knownRun(id)
    guard run.isLive else { throw .runEnded(id) }
    var transfer = try knownTransfer(of: run)
    if case .paused(_, let earlier) = run.state {
      // The team's own pause must not keep an organiser's from having its effect.
      guard authority == .organiser, earlier == .team else { return Outcome() }
      run.mark.state = .paused(words, by: authority)
    } else {
      let allowance = run.held
      try end(
        &run, .paused(words, by: authority), lateAllowance: allowance, &transfer, context)
    }
    return try commit(.runPaused, run: run, transfer, context)
  }

  /// Takes a first slice anew. The time of the pause is not silence.
  mutating func resume(
    run id: String, by authority: RunAuthority, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    var run = try knownRun(id)
    guard run.isLive else { throw .runEnded(id) }
    guard case .paused(_, let pausedBy) = run.state else { return Outcome() }
    guard authority == .organiser || pausedBy == .team else { throw .pausedByOrganiser(id) }
    guard terms.isMember(run.participant) else { throw .notParticipant }
    if let reason = terms.closure(at: context.now) { throw .notOpen(reason) }
    var transfer = try knownTransfer(of: run)
    run.mark.state = .running
    run.mark.lateAllowance = .zero
    run.mark.ended = nil
    run.mark.lastReport = max(run.lastReport, context.now)
    try takeFirstSlice(&run, &transfer, context)
    return try commit(.runResumed, run: run, transfer, context)
  }

  /// Nobody told the run to stop, so that what it used in silence may still come in, as far as it
  /// can have used it.
  mutating func expire(
    run id: String, idleMilliseconds: Int64, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    var run = try knownRun(id)
    guard run.isRunning, context.now - run.lastReport >= idleMilliseconds else {
      return Outcome()
    }
    var transfer = try knownTransfer(of: run)
    let allowance = try usableInSilence(run, context)
    try end(&run, .expired, lateAllowance: allowance, &transfer, context)
    return try commit(.runExpired, run: run, transfer, context)
  }
}

// MARK: - Steps

/// What a report says of a counter.
private struct Reading {
  let total: GFLOP
  /// When the counter was reported before, unix milliseconds: what it grew by since was used since.
  let since: Int64
  /// When it was read, as its client says; `nil` means now.
  let at: Int64?
}

extension Book {
  private func knownRun(_ id: String) throws(Refusal) -> Run {
    runs[try knownPlace(of: id)]
  }

  private func knownPlace(of run: String) throws(Refusal) -> RunTable.Place {
    guard let place = runs.place(of: run) else { throw .unknownRun(run) }
    return place
  }

  /// A transfer between the accounts of a run's participant; `nil` if it has none.
  private func transfer(of run: Run) -> Transfer? {
    if run.part >= 0 { return Transfer(of: run.part) }
    return accounts.place(of: run.participant).map { Transfer(of: $0) }
  }

  /// As `transfer`, of a run that has taken a first slice, and so has accounts.
  private func knownTransfer(of run: Run) throws(Refusal) -> Transfer {
    guard let transfer = transfer(of: run) else { throw .unknownParticipant(run.participant) }
    return transfer
  }

  func checkRange(_ value: GFLOP, field: String) throws(Refusal) {
    guard value >= .zero else { throw .negative(field: field) }
    let limit = ComputeLimits.maximumGFLOP
    guard value <= limit else { throw .tooLarge(field: field, limit: limit) }
  }

  private func takeFirstSlice(
    _ run: inout Run, _ transfer: inout Transfer, _ context: CommandContext
  ) throws(Refusal) {
    let part = transfer.part
    let status = try quantity { () throws(QuantityError) in try accounts.parts[part].status }
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
    let held = run.held
    run.mark.held = try quantity { () throws(QuantityError) in
      try transfer.move(amount, from: .allocation, to: .held)
      return try held + amount
    }
  }

  /// Bills what the counter grew by, as far as it may; writes off the rest.
  ///
  /// - Parameter reason: why the run may not go on, if it may not.
  /// - Returns: the price of what was billed: the one in force when it was metered.
  private func bill(
    _ reading: Reading, of run: inout Run, _ reason: StopReason?, _ transfer: inout Transfer,
    _ context: CommandContext
  ) throws(Refusal) -> Price {
    var mark = run.mark
    // A counter that only grows was read at a time that only grows, and after it was reported last:
    // who reports late must not choose a month or a price of before.
    let told = max(reading.at ?? .max, reading.since)
    let growth = try quantity { () throws(QuantityError) in try reading.total - mark.counter }
    let wentOn = goesOn(run, by: growth, context)
    if wentOn {
      // Of when that was the report is not believed; and the pause begins only now.
      mark.metered = max(mark.metered, context.now)
      mark.ended = max(mark.metered, mark.ended ?? .min)
    } else {
      mark.metered = max(mark.metered, min(told, lastMoment(of: run, context)))
    }
    let price = context.prices.price(at: mark.metered)
    transfer.priceVersion = price.version
    let free = accounts.balance(.allocation, at: transfer.part)
    // How much of the free balance a report may take, beyond the run's own hold.
    let freeToBill =
      run.isRunning
      ? (reason == nil ? free : .zero) : wentOn ? free : min(mark.lateAllowance, free)
    try quantity { () throws(QuantityError) in
      let fromHeld = min(growth, mark.held)
      try transfer.move(fromHeld, from: .held, to: .used)
      let beyondHold = try growth - fromHeld
      let fromFree = min(beyondHold, freeToBill)
      try transfer.move(fromFree, from: .allocation, to: .used)
      try transfer.move(beyondHold - fromFree, from: .unfunded, to: .writtenOff)
      mark.held = try mark.held - fromHeld
      mark.used = try mark.used + fromHeld + fromFree
      if mark.state != .running {
        mark.lateAllowance = try max(.zero, mark.lateAllowance - fromFree)
      }
    }
    mark.counter = reading.total
    run.mark = mark
    return price
  }

  /// Whether a run that its own team has paused uses compute all the same: more than it held at the
  /// pause. That is billed as if it ran, else a pause would make compute free.
  private func goesOn(_ run: Run, by growth: GFLOP, _ context: CommandContext) -> Bool {
    guard case .paused(_, .team) = run.state, growth > run.mark.lateAllowance else { return false }
    return stopReason(for: run, context) == nil
  }

  /// The last moment at which the run can have used compute: never in the future, nor after its end
  /// or pause, nor after its use case's end.
  private func lastMoment(of run: Run, _ context: CommandContext) -> Int64 {
    let last = run.isRunning ? context.now : run.mark.ended ?? run.lastReport
    return min(last, context.now, terms.end ?? .max)
  }

  /// The most that a run can have used since it was last heard of: its declared rate for all that
  /// time, at least a slice.
  private func usableInSilence(
    _ run: Run, _ context: CommandContext
  ) throws(Refusal) -> GFLOP {
    let silence = Int128(context.now) - Int128(run.lastReport)
    let usable = Int128(run.rate.value) * silence / 1_000
    let slice = try quantity { () throws(QuantityError) in
      try context.slices.slice(rate: run.rate)
    }
    return min(max(slice, GFLOP(Int64(clamping: usable))), ComputeLimits.maximumGFLOP)
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
    let free = try quantity { () throws(QuantityError) in
      try accounts.balance(.allocation, at: transfer.part) + transfer.change(of: .allocation)
    }
    try hold(min(lack, free), for: &run, &transfer)
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
    let held = run.held
    try quantity { () throws(QuantityError) in
      try transfer.move(held, from: .held, to: .allocation)
    }
    run.mark.held = .zero
    // A paused run ceased to run at its pause.
    if run.isRunning || run.mark.ended == nil {
      run.mark.ended = max(context.now, run.mark.metered)
    }
    run.mark.state = state
    run.mark.lateAllowance = lateAllowance
    try returnSurplus(of: run.participant, &transfer)
  }
}
