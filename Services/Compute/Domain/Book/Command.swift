/// What can be asked of a use case's book.
public enum Command: Sendable, Equatable {
  /// New terms: a raise, a reduction, a join, a pause. Stops the runs that may not go on.
  case setTerms(UseCaseTerms)
  /// Takes the first slice. `rate` is GFLOP per second, zero if not known.
  case startRun(id: String, participant: String, startedBy: String, note: String, rate: GFLOP)
  /// The run had used `total` since it began, as read at `meteredAt`, unix milliseconds; now unless
  /// told.
  case reportUsage(run: String, total: GFLOP, meter: Meter, meteredAt: Int64? = nil)
  /// The run is done; `total` is its last counter, `nil` the last one reported.
  case finishRun(run: String, total: GFLOP?, meter: Meter, meteredAt: Int64? = nil)
  /// Gives the hold back until the run is resumed. An organiser's pause goes before the team's.
  case pauseRun(run: String, reason: String, by: RunAuthority)
  /// Goes on, unless an organiser has paused the run and the team asks.
  case resumeRun(run: String, by: RunAuthority)
  /// Ends the run; of one that has ended, an organiser ends what may still be billed. The same
  /// reason again is a repeated call, and changes nothing.
  case stopRun(run: String, reason: String, by: RunAuthority)
  /// Ends the run if nothing was heard of it for so long; else nothing.
  case expireRun(run: String, idleMilliseconds: Int64)
  /// Stops the run if its use case does not run now; else nothing.
  case enforceEnd(run: String)

  /// Makes a participant's share so much: out of the reserve, then of what is unallocated; into the
  /// reserve what is taken away. Stops the youngest runs where their holds are taken.
  case setAllocation(participant: String, total: GFLOP)
  /// Moves free compute from one participant to another.
  case transfer(from: String, to: String, amount: GFLOP)
  /// Adds to the budget: to a participant's share, or to the reserve.
  case topUp(participant: String?, amount: GFLOP)
  /// Makes the reserve so much, out of or into what is unallocated.
  case setReserve(GFLOP)
  /// The parts in percent of which alerts tell.
  case setThresholds([Int64])
}

/// What a command did.
public struct Outcome: Sendable, Equatable {
  /// What it adds to the ledger: often one entry, none if nothing changes.
  public var entries: [EntryDraft] = []
  /// What it made to be told.
  public var alerts: [Alert] = []
  /// The run that gave a sign of life and nothing else, of which no entry tells.
  public var heardOf: String?
  /// The place of the participant, if its share, or what is used of it, has become another one.
  var changedShare: Int?

  public init(
    entries: [EntryDraft] = [], alerts: [Alert] = [], heardOf: String? = nil
  ) {
    self.entries = entries
    self.alerts = alerts
    self.heardOf = heardOf
  }
}

/// What a command needs of the world, which the domain must not ask for itself.
public struct CommandContext: Sendable, Equatable {
  /// Unix milliseconds.
  public var now: Int64
  /// Who asks: a user's id or a service's name.
  public var actor: String
  public var idempotencyKey: String
  /// W3C trace id, hexadecimal.
  public var trace: String
  /// The prices of the tenant that pays.
  public var prices: PriceList
  public var slices: SlicePolicy

  public init(
    now: Int64, actor: String, idempotencyKey: String, trace: String, prices: PriceList,
    slices: SlicePolicy = .standard
  ) {
    self.now = now
    self.actor = actor
    self.idempotencyKey = idempotencyKey
    self.trace = trace
    self.prices = prices
    self.slices = slices
  }
}
