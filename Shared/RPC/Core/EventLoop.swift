import Glibc
import Synchronization

/// One thread's queue of work: tasks, closures from other threads, timers, and what is to be done
/// at the end of a turn. It knows nothing of sockets; a driver (Transport's epoll thread, or a
/// test's virtual clock) calls `runTurn`.
///
/// As a `TaskExecutor` it keeps `async` handlers on its thread: no hop between reading a request,
/// handling it and writing the answer.
///
/// `@unchecked Sendable`: `inbox` is behind its lock; everything else is touched by the owning
/// thread alone, which `assertCurrent` checks in debug builds.
public final class EventLoop: TaskExecutor, @unchecked Sendable {
  /// Jobs after which what they have produced is written, though more wait. Measured with 128 calls
  /// in bursts: both sides work at once then, where one write for all has them wait in turns.
  private static let jobsPerTurnEnd = 32

  private struct Inbox {
    var jobs: [UnownedJob] = []
    var closures: [@Sendable () -> Void] = []
    var isWakeRequested = false
  }

  private let inbox = Locked(Inbox())
  private let wake: @Sendable () -> Void
  private let clock: @Sendable () -> UInt64
  let randomness: Randomness
  /// The thread that is the loop's own; 0 before there is one, which no thread is.
  private let owner = Atomic<UInt>(0)

  private var jobs: [UnownedJob] = []
  private var runningJobs: [UnownedJob] = []
  private var timers = TimerHeap()
  private var turnEnds: [any TurnEndHandler] = []
  /// What the loop's connections write into.
  let buffers = BufferPool()

  /// Monotonic time in nanoseconds, read once per turn.
  public private(set) var now: UInt64

  /// - Parameters:
  ///   - clock: monotonic nanoseconds; tests pass their own.
  ///   - randomness: for what the loop's connections leave to chance; tests pass a seed.
  ///   - wake: called from any thread when the loop may be asleep and has work.
  public init(
    clock: @escaping @Sendable () -> UInt64 = EventLoop.monotonicNanoseconds,
    randomness: Randomness = Randomness(), wake: @escaping @Sendable () -> Void
  ) {
    self.clock = clock
    self.randomness = randomness
    self.wake = wake
    now = clock()
  }

  /// The system's monotonic clock.
  public static let monotonicNanoseconds: @Sendable () -> UInt64 = {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// The time of `now`'s clock at this moment, from any thread.
  public func time() -> UInt64 { clock() }

  /// Makes the calling thread the loop's own. Called once, by the driver, before the first turn.
  public func adoptCurrentThread() {
    owner.store(UInt(pthread_self()), ordering: .relaxed)
  }

  /// Whether the caller is on the loop's thread.
  public var isCurrent: Bool {
    owner.load(ordering: .relaxed) == UInt(pthread_self())
  }

  @inline(__always)
  func assertCurrent() {
    assert(isCurrent, "loop-confined state touched from another thread")
  }

  // MARK: Work

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if isCurrent {
      jobs.append(job)
    } else {
      post { $0.jobs.append(job) }
    }
  }

  /// Runs `body` on the loop: now if the caller is on it, else in its next turn.
  public func run(_ body: @escaping @Sendable () -> Void) {
    if isCurrent { body() } else { execute(body) }
  }

  /// Runs `body` in a later turn.
  public func execute(_ body: @escaping @Sendable () -> Void) {
    post { $0.closures.append(body) }
  }

  private func post(_ add: (inout Inbox) -> Void) {
    let needsWake = inbox.withLock { inbox in
      add(&inbox)
      defer { inbox.isWakeRequested = true }
      return !inbox.isWakeRequested
    }
    // The loop looks before it sleeps.
    if needsWake, !isCurrent { wake() }
  }

  /// Calls `body` on the loop at `deadline` (nanoseconds of `now`'s clock), unless cancelled.
  @discardableResult
  public func schedule(at deadline: UInt64, _ body: @escaping () -> Void) -> TimerHeap.Token {
    assertCurrent()
    return timers.insert(deadline: deadline, body)
  }

  public func cancel(_ token: TimerHeap.Token) {
    assertCurrent()
    timers.cancel(token)
  }

  /// Has `handler.turnEnded()` called once, after all work of this turn.
  func atTurnEnd(_ handler: any TurnEndHandler) {
    assertCurrent()
    turnEnds.append(handler)
  }

  // MARK: Turns

  /// Runs everything that is ready: work, due timers, then the turn's ends, until nothing is left
  /// or `maximumRounds` have passed (so that I/O is polled even under endless work).
  ///
  /// - Returns: nanoseconds to sleep: 0 if there is more to do, nil until a wake-up.
  public func runTurn(maximumRounds: Int = 16) -> UInt64? {
    assertCurrent()
    now = clock()
    var rounds = 0
    while rounds < maximumRounds {
      rounds += 1
      takeInbox()
      runJobs()
      while let body = timers.popDue(now) { body() }
      if !jobs.isEmpty { continue }
      runTurnEnds()
      if jobs.isEmpty { break }
    }
    return timeToSleep()
  }

  private func takeInbox() {
    var taken = Inbox()
    inbox.withLock { inbox in
      swap(&taken.jobs, &inbox.jobs)
      swap(&taken.closures, &inbox.closures)
      inbox.isWakeRequested = false
    }
    if !taken.jobs.isEmpty { jobs.append(contentsOf: taken.jobs) }
    for closure in taken.closures { closure() }
  }

  private func runJobs() {
    let executor = asUnownedTaskExecutor()
    while !jobs.isEmpty {
      swap(&jobs, &runningJobs)
      var index = 0
      while index < runningJobs.count {
        runningJobs[index].runSynchronously(on: executor)
        index += 1
        // The other side can begin with these while the rest is worked on.
        if index % EventLoop.jobsPerTurnEnd == 0 { runTurnEnds() }
      }
      runningJobs.removeAll(keepingCapacity: true)
    }
  }

  /// Told after each of many pieces of work that are one for the loop: what they have produced is
  /// written while the rest goes on.
  func workDone(_ count: Int) {
    if count % EventLoop.jobsPerTurnEnd == 0 { runTurnEnds() }
  }

  private func runTurnEnds() {
    var ends: [any TurnEndHandler] = []
    swap(&ends, &turnEnds)
    for handler in ends { handler.turnEnded() }
    if turnEnds.isEmpty {
      // Keeps the array's storage for the next turn.
      ends.removeAll(keepingCapacity: true)
      swap(&ends, &turnEnds)
    }
  }

  private func timeToSleep() -> UInt64? {
    let hasWork = !jobs.isEmpty || !turnEnds.isEmpty || inbox.withLock { $0.isWakeRequested }
    if hasWork { return 0 }
    return timers.nextDeadline.map { $0 > now ? $0 - now : 0 }
  }
}

/// Something with work to do once per turn, after all other work: a connection that writes what the
/// turn produced in one system call.
protocol TurnEndHandler: AnyObject {
  func turnEnded()
}
