import EvaluationDomain
import Testing

@Suite("Domain: leases, fencing and attempts")
struct EvaluationTests {
  let policy = LeasePolicy(leaseMilliseconds: 30_000, graceMilliseconds: 2_000, maximumAttempts: 3)

  func running(at now: Int64 = 0, worker: String = "a", lease: String = "l1") throws -> Evaluation {
    var evaluation = Evaluation()
    _ = try evaluation.lease(id: lease, worker: worker, now: now, policy: policy)
    return evaluation
  }

  @Test("A result under a live lease is taken, the same one again is recognised")
  func completeTwice() throws {
    var evaluation = try running()
    var outcome = try evaluation.complete(leaseID: "l1", fencingToken: 1, now: 10)
    #expect(outcome == .changed)
    let scored = evaluation
    outcome = try evaluation.complete(leaseID: "l1", fencingToken: 1, now: 99_999)
    #expect(outcome == .repeated)
    #expect(evaluation == scored)
  }

  @Test("A result after the lease has expired is refused, even before another has the job")
  func lateResult() throws {
    var evaluation = try running()
    #expect(throws: LeaseRefusal.expired) {
      try evaluation.complete(leaseID: "l1", fencingToken: 1, now: 30_000)
    }
  }

  @Test("A late result of the former holder is refused, the present holder's is taken")
  func fencing() throws {
    var evaluation = try running()
    let didExpire = evaluation.expire(now: 30_000, policy: policy)
    #expect(didExpire)
    let second = try evaluation.lease(id: "l2", worker: "b", now: 30_001, policy: policy)
    #expect(second.fencingToken == 2)
    #expect(throws: LeaseRefusal.notHeld) {
      try evaluation.complete(leaseID: "l1", fencingToken: 1, now: 30_002)
    }
    #expect(throws: LeaseRefusal.staleToken(held: 2, brought: 1)) {
      try evaluation.complete(leaseID: "l2", fencingToken: 1, now: 30_002)
    }
    let outcome = try evaluation.complete(leaseID: "l2", fencingToken: 2, now: 30_003)
    #expect(outcome == .changed)
  }

  @Test("A heartbeat makes the lease last from then on")
  func heartbeat() throws {
    var evaluation = try running()
    try evaluation.heartbeat(leaseID: "l1", now: 20_000, policy: policy)
    let early = evaluation.expire(now: 49_999, policy: policy)
    #expect(!early)
    let late = evaluation.expire(now: 50_000, policy: policy)
    #expect(late)
    #expect(evaluation.state == .queued)
  }

  @Test("A broken stream ends the lease after the grace; coming back within it keeps the job")
  func brokenStream() throws {
    var lost = try running()
    let isCut = lost.streamBroke(worker: "a", now: 5_000, policy: policy)
    #expect(isCut)
    var kept = lost
    let didExpire = lost.expire(now: 7_000, policy: policy)
    #expect(didExpire)

    try kept.heartbeat(leaseID: "l1", now: 6_000, policy: policy)
    let keptExpired = kept.expire(now: 7_000, policy: policy)
    #expect(!keptExpired)
  }

  @Test("A broken stream of another worker changes nothing")
  func otherStream() throws {
    var evaluation = try running()
    let isCut = evaluation.streamBroke(worker: "b", now: 5_000, policy: policy)
    #expect(!isCut)
  }

  @Test("The third lost worker fails the job, with a reason and word of the slot")
  func attemptsExhausted() throws {
    var evaluation = Evaluation()
    for attempt in 1...3 {
      _ = try evaluation.lease(id: "l\(attempt)", worker: "a", now: 0, policy: policy)
      #expect(evaluation.isActive)
      let didExpire = evaluation.expire(now: 30_000, policy: policy)
      #expect(didExpire)
    }
    guard case .failed(let reason) = evaluation.state else {
      Issue.record("expected a failed evaluation, got \(evaluation.state)")
      return
    }
    #expect(reason.contains("3 attempts"))
    #expect(reason.contains("slot is given back"))
    #expect(throws: LeaseRefusal.notQueued) {
      try evaluation.lease(id: "l4", worker: "a", now: 0, policy: policy)
    }
  }

  @Test("A failure that another attempt could mend puts the job back; one that could not ends it")
  func failures() throws {
    var mendable = try running()
    try mendable.fail(
      leaseID: "l1", fencingToken: 1, reason: "disk full", retryable: true, now: 1, policy: policy)
    #expect(mendable.state == .queued)

    var final = try running()
    try final.fail(
      leaseID: "l1", fencingToken: 1, reason: "requiresBinary", retryable: false, now: 1,
      policy: policy)
    #expect(
      final.state == .failed(reason: "requiresBinary; the submission slot is given back"))
  }
}
