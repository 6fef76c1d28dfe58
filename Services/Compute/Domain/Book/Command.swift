/// What can be asked of a use case's book.
public enum Command: Sendable, Equatable {
  /// New terms: a raise, a reduction, a join, a pause. Stops the runs that may not go on.
  case setTerms(UseCaseTerms)
  /// Takes the first slice. `rate` is GFLOP per second, zero if not known.
  case startRun(id: String, participant: String, startedBy: String, note: String, rate: GFLOP)
  /// The run has used `total` since it began.
  case reportUsage(run: String, total: GFLOP, meter: Meter)
  /// The run is done; `total` is its last counter, `nil` the last one reported.
  case finishRun(run: String, total: GFLOP?, meter: Meter)
  case stopRun(run: String, reason: String)
  /// Ends the run if nothing was heard of it for so long; else nothing.
  case expireRun(run: String, idleMilliseconds: Int64)
  /// Stops the run if its use case does not run now; else nothing.
  case enforceEnd(run: String)
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
  /// The price in force.
  public var price: Price
  public var slices: SlicePolicy

  public init(
    now: Int64, actor: String, idempotencyKey: String, trace: String, price: Price,
    slices: SlicePolicy = .standard
  ) {
    self.now = now
    self.actor = actor
    self.idempotencyKey = idempotencyKey
    self.trace = trace
    self.price = price
    self.slices = slices
  }
}
