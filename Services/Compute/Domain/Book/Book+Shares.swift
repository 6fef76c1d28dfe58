// What organisers do by hand: individual shares, transfers, additions, the reserve.

extension Book {
  /// See `Command.setAllocation`.
  mutating func setAllocation(
    of participant: String, to total: GFLOP, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    try requireMember(participant)
    try checkRange(total, field: "gflop")
    let before = try quantity { () throws(QuantityError) in try allocation(of: participant) }
    var outcome = try stopRunsBeyond(total, of: participant, context)
    let status = try quantity { () throws(QuantityError) in try allocation(of: participant) }
    var change = try quantity { () throws(QuantityError) in
      max(try total - status.total, try GFLOP.zero - status.free)
    }
    // What a stopped run gave back to a budget that was reduced before is not taken from others.
    if total <= before.total { change = min(change, .zero) }
    var moves = Transfer()
    let (reserve, waiting) = (balance(.reserve), balance(.unallocated))
    if change != .zero {
      let own = account(.allocation, participant)
      try quantity { () throws(QuantityError) in
        guard change > .zero else {
          return try moves.move(GFLOP.zero - change, from: own, to: .whole(.reserve))
        }
        let fromReserve = min(change, reserve)
        try moves.move(fromReserve, from: .whole(.reserve), to: own)
        try moves.move(change - fromReserve, from: .whole(.unallocated), to: own)
      }
    }
    let available = try quantity { () throws(QuantityError) in try reserve + waiting }
    guard change <= available else { throw .insufficient(available: available, needed: change) }
    try adjust(participant, by: change)
    guard change != .zero else { return outcome }
    outcome.entries += try commit(
      .allocationSet, run: nil, participant: participant, moves, context
    ).entries
    return outcome
  }

  /// Stops the youngest runs until what is used and held is no more than the share is to be.
  private mutating func stopRunsBeyond(
    _ total: GFLOP, of participant: String, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    var outcome = Outcome()
    let running = runs.values.filter { $0.participant == participant && $0.isRunning }
    for run in running.sorted(by: { ($0.started, $0.id) > ($1.started, $1.id) }) {
      let committed = try quantity { () throws(QuantityError) in
        try used(by: participant) + balance(.held, participant)
      }
      guard committed > total else { break }
      outcome.entries += try stop(
        run: run.id, .allocationReduced, context.step("stop/\(run.id)")
      ).entries
    }
    return outcome
  }

  mutating func transfer(
    _ amount: GFLOP, from source: String, to destination: String, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    try requireMember(source)
    try requireMember(destination)
    try requirePositive(amount)
    guard source != destination else { throw .sameParticipant }
    let free = balance(.allocation, source)
    guard amount <= free else { throw .insufficient(available: free, needed: amount) }
    var moves = Transfer()
    let (giving, taking) = (account(.allocation, source), account(.allocation, destination))
    try quantity { () throws(QuantityError) in
      try moves.move(amount, from: giving, to: taking)
    }
    try adjust(source, by: try quantity { () throws(QuantityError) in try .zero - amount })
    try adjust(destination, by: amount)
    return try commit(.transferred, run: nil, moves, context)
  }

  mutating func topUp(
    _ participant: String?, by amount: GFLOP, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    if let participant { try requireMember(participant) }
    try requirePositive(amount)
    let budget = try quantity { () throws(QuantityError) in try self.budget + amount }
    try checkRange(budget, field: "gflop")
    var moves = Transfer()
    let destination =
      if let participant { account(.allocation, participant) } else { AccountPlace.whole(.reserve) }
    try quantity { () throws(QuantityError) in
      try moves.move(amount, from: .whole(.granted), to: destination)
      shares.toppedUp = try shares.toppedUp + amount
    }
    if let participant { try adjust(participant, by: amount) }
    return try commit(
      .toppedUp, run: nil, participant: participant ?? "", moves, context)
  }

  mutating func setReserve(
    _ amount: GFLOP, _ context: CommandContext
  ) throws(Refusal) -> Outcome {
    try checkRange(amount, field: "gflop")
    let (reserve, waiting) = (balance(.reserve), balance(.unallocated))
    let change = try quantity { () throws(QuantityError) in try amount - reserve }
    guard change <= waiting else { throw .insufficient(available: waiting, needed: change) }
    guard change != .zero else { return Outcome() }
    var moves = Transfer()
    try quantity { () throws(QuantityError) in
      try moves.move(change, from: .unallocated, to: .reserve)
    }
    return try commit(.reserveSet, run: nil, moves, context)
  }

  mutating func setThresholds(_ thresholds: [Int64]) throws(Refusal) -> Outcome {
    let limits = 1...ComputeLimits.maximumThreshold
    guard thresholds.count <= ComputeLimits.maximumThresholds,
      thresholds.allSatisfy(limits.contains)
    else { throw .badThresholds }
    alerts.thresholds = Set(thresholds).sorted()
    return Outcome()
  }

  private func requireMember(_ participant: String) throws(Refusal) {
    guard terms.isMember(participant) else {
      throw .unknownParticipant(participant)
    }
  }

  private func requirePositive(_ amount: GFLOP) throws(Refusal) {
    try checkRange(amount, field: "gflop")
    guard amount > .zero else { throw .nothing(field: "gflop") }
  }

  private mutating func adjust(
    _ participant: String, by amount: GFLOP
  ) throws(Refusal) {
    var shares = shares
    try quantity { () throws(QuantityError) in try shares.adjust(participant, by: amount) }
    self.shares = shares
  }
}
