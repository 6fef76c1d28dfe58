/// How long a worker may keep a job without a sign of life, and how often a job is tried.
public struct LeasePolicy: Hashable, Sendable {
  /// Without a heartbeat for this long a job goes to another worker.
  public var leaseMilliseconds: Int64
  /// How long the leases of a worker outlive its stream, so that a connection that breaks and comes
  /// back at once costs nothing.
  public var graceMilliseconds: Int64
  /// Leases that a job gets before it fails.
  public var maximumAttempts: Int

  public init(
    leaseMilliseconds: Int64 = 30_000, graceMilliseconds: Int64 = 2_000, maximumAttempts: Int = 3
  ) {
    self.leaseMilliseconds = leaseMilliseconds
    self.graceMilliseconds = graceMilliseconds
    self.maximumAttempts = maximumAttempts
  }

  public static let defaults = LeasePolicy()
}

/// One worker's right to one job, until `expireTime`.
public struct Lease: Hashable, Sendable {
  public var id: String
  public var worker: String
  /// Grows with every lease of the same evaluation: a result with an older one is refused.
  public var fencingToken: Int64
  /// Unix milliseconds.
  public var expireTime: Int64

  public init(id: String, worker: String, fencingToken: Int64, expireTime: Int64) {
    self.id = id
    self.worker = worker
    self.fencingToken = fencingToken
    self.expireTime = expireTime
  }

  /// Whether the lease is still its worker's at `now`.
  public func isLive(at now: Int64) -> Bool { now < expireTime }
}

/// A scored attempt at a submission: its state, and every event that may change it.
///
/// A value without clock or store. The service loads one, applies one event and writes it back,
/// all in one transaction, which makes each event happen once.
public struct Evaluation: Hashable, Sendable {
  /// Where the evaluation is. The states are the whole truth: a running one has a lease, no other.
  public enum State: Hashable, Sendable {
    case queued
    case running(Lease)
    /// Scored under the lease with this id; kept to recognise a result that is sent twice.
    case scored(leaseID: String)
    /// Fit for the participant's eyes. The slot is given back.
    case failed(reason: String)
  }

  public private(set) var state: State
  /// Leases given so far.
  public private(set) var attempt: Int
  /// The token of the last lease.
  public private(set) var fencingToken: Int64

  /// An evaluation that waits for its first worker.
  public init() {
    state = .queued
    attempt = 0
    fencingToken = 0
  }

  /// An evaluation as it was stored.
  public init(state: State, attempt: Int, fencingToken: Int64) {
    self.state = state
    self.attempt = attempt
    self.fencingToken = fencingToken
  }

  /// Whether it waits or is being scored: it occupies one of the participant's concurrent slots.
  public var isActive: Bool {
    switch state {
    case .queued, .running: true
    case .scored, .failed: false
    }
  }
}

/// Why an event of a worker was refused.
public enum LeaseRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  /// The job was given to another worker, or is finished.
  case notHeld
  case expired
  case staleToken(held: Int64, brought: Int64)
  case notQueued

  public var description: String {
    switch self {
    case .notHeld: "the lease is not held any more; the result is not taken"
    case .expired: "the lease has expired; the job goes to another worker"
    case .staleToken(let held, let brought):
      "fencing token \(brought) is not the lease's, \(held); the result is not taken"
    case .notQueued: "the job does not wait in the queue"
    }
  }
}

extension Evaluation {
  /// What a worker's message came to.
  public enum Outcome: Hashable, Sendable {
    /// The state changed: store it.
    case changed
    /// The same message was taken before: answer as then, change nothing.
    case repeated
  }

  /// Gives the job to a worker.
  public mutating func lease(
    id: String, worker: String, now: Int64, policy: LeasePolicy
  ) throws(LeaseRefusal) -> Lease {
    guard case .queued = state else { throw .notQueued }
    attempt += 1
    fencingToken += 1
    let lease = Lease(
      id: id, worker: worker, fencingToken: fencingToken,
      expireTime: now + policy.leaseMilliseconds)
    state = .running(lease)
    return lease
  }

  /// A sign of life: the lease lasts from now on anew.
  public mutating func heartbeat(leaseID: String, now: Int64, policy: LeasePolicy)
    throws(LeaseRefusal)
  {
    var lease = try heldLease(leaseID, now: now)
    lease.expireTime = now + policy.leaseMilliseconds
    state = .running(lease)
  }

  /// The worker's stream broke: the lease ends after the grace, unless a heartbeat renews it.
  ///
  /// - Returns: whether there was such a lease.
  public mutating func streamBroke(worker: String, now: Int64, policy: LeasePolicy) -> Bool {
    guard case .running(var lease) = state, lease.worker == worker else { return false }
    lease.expireTime = min(lease.expireTime, now + policy.graceMilliseconds)
    state = .running(lease)
    return true
  }

  /// The result under a lease. Taken once; the same lease's result again is `repeated`.
  public mutating func complete(
    leaseID: String, fencingToken token: Int64, now: Int64
  ) throws(LeaseRefusal) -> Outcome {
    if case .scored(leaseID) = state, token == fencingToken { return .repeated }
    let lease = try heldLease(leaseID, token: token, now: now)
    state = .scored(leaseID: lease.id)
    return .changed
  }

  /// The worker could not score the job.
  ///
  /// - Parameter retryable: another attempt could succeed; the job waits again if it has one left.
  public mutating func fail(
    leaseID: String, fencingToken token: Int64, reason: String, retryable: Bool, now: Int64,
    policy: LeasePolicy
  ) throws(LeaseRefusal) {
    _ = try heldLease(leaseID, token: token, now: now)
    if retryable {
      retry(lastReason: reason, policy: policy)
    } else {
      state = .failed(reason: reason + Self.slotReturned)
    }
  }

  /// Takes the job from a worker whose lease ran out.
  ///
  /// - Returns: whether there was such a lease.
  public mutating func expire(now: Int64, policy: LeasePolicy) -> Bool {
    guard case .running(let lease) = state, !lease.isLive(at: now) else { return false }
    retry(lastReason: "the worker that scored it was lost", policy: policy)
    return true
  }

  private static let slotReturned = "; the submission slot is given back"

  private mutating func retry(lastReason: String, policy: LeasePolicy) {
    guard attempt >= policy.maximumAttempts else {
      state = .queued
      return
    }
    state = .failed(
      reason: "could not be scored in \(attempt) attempts, the last time because "
        + lastReason + Self.slotReturned)
  }

  private func heldLease(_ id: String, token: Int64? = nil, now: Int64) throws(LeaseRefusal)
    -> Lease
  {
    guard case .running(let lease) = state, lease.id == id else { throw .notHeld }
    if let token, token != lease.fencingToken {
      throw .staleToken(held: lease.fencingToken, brought: token)
    }
    guard lease.isLive(at: now) else { throw .expired }
    return lease
  }
}
