/// A channel's connections on one loop: one per address, picked per call by the power of two
/// choices over the calls they carry.
///
/// `@unchecked Sendable`: confined to `loop`; the `async` methods go there first.
final class ConnectionPool: @unchecked Sendable {
  struct Waiter {
    let wait: CallWait<Connection>
    let timer: TimerHeap.Token?
    let waitForReady: Bool
  }

  let loop: EventLoop
  let connector: any Connector
  let options: ChannelOptions
  let statistics: ChannelStatistics
  var subchannels: [Subchannel] = []
  /// The connections that calls are spread over; made anew when one of them changes.
  private var ready: [Connection] = []
  private var waiters: [Waiter] = []
  var isResolving = false
  var resolveBackoff = Backoff()
  var resolveTimer: TimerHeap.Token?
  var maintainTimer: TimerHeap.Token?
  var lastError: RPCError?
  private(set) var isShutDown = false
  /// Loop time of the last call.
  private var lastUsed: UInt64 = 0

  init(
    _ connector: any Connector, on loop: EventLoop, options: ChannelOptions,
    statistics: ChannelStatistics
  ) {
    self.connector = connector
    self.loop = loop
    self.options = options
    self.statistics = statistics
  }

  // MARK: From any task

  /// A connection that is ready, making one if need be.
  ///
  /// - Throws: UNAVAILABLE, marked as not processed, when none can be made.
  func acquire(deadline: UInt64, waitForReady: Bool, method: String) async throws -> Connection {
    if let ready = connectionIfReady() { return ready }
    let wait = CallWait<Connection>(cancellation: RPCError.cancelled)
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        loop.run {
          wait.begin(continuation)
          if !wait.isDone { self.enter(wait, deadline, waitForReady, method) }
        }
      }
    } onCancel: {
      loop.execute { wait.cancel() }
    }
  }

  /// What `acquire` would return without waiting; nil if it must wait.
  func connectionIfReady() -> Connection? {
    loop.isCurrent ? pick() : nil
  }

  func sleep(milliseconds: UInt64) async throws {
    let wait = CallWait<Void>(cancellation: RPCError.cancelled)
    try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        loop.run {
          wait.begin(continuation)
          guard !wait.isDone else { return }
          self.loop.schedule(at: self.loop.now.addingMilliseconds(milliseconds)) {
            wait.resume(.success(()))
          }
        }
      }
    } onCancel: {
      loop.execute { wait.cancel() }
    }
  }

  // MARK: Picking, on the loop

  private func pick() -> Connection? {
    lastUsed = loop.now
    guard ready.count > 1 else {
      // The usual case, and every call's.
      guard let only = ready.first, only.isUsable else { return nil }
      return only
    }
    // Two different ones at random; the less loaded of them gets the call.
    let first = loop.randomness.below(ready.count)
    let second = (first + 1 + loop.randomness.below(ready.count - 1)) % ready.count
    return ready[first].load <= ready[second].load ? ready[first] : ready[second]
  }

  /// A connection has come, gone, or changed its standing.
  func readyChanged() {
    let old = ready.count
    let usable = subchannels.filter { $0.usable != nil }
    let healthy = usable.filter { !$0.outlier.isEjected(now: loop.now) }
    // All of them ejected is as good as none: badly is better than not at all.
    ready = (healthy.isEmpty ? usable : healthy).compactMap(\.usable)
    statistics.connectionsChanged(by: ready.count - old)
  }

  /// Whether the channel is used, so that what is lost is worth making again.
  var isInUse: Bool {
    !waiters.isEmpty
      || loop.now - min(lastUsed, loop.now) < UInt64(options.idleMilliseconds) * 1_000_000
  }

  // MARK: Waiting

  private func enter(
    _ wait: CallWait<Connection>, _ deadline: UInt64, _ waitForReady: Bool, _ method: String
  ) {
    guard !isShutDown else { return wait.resume(.failure(shutDownError)) }
    if let ready = pick() { return wait.resume(.success(ready)) }
    if !waitForReady, let lastError, isBackingOff { return wait.resume(.failure(lastError)) }
    var timer: TimerHeap.Token?
    if deadline != .max {
      let begin = loop.now
      timer = loop.schedule(at: max(deadline, begin)) { [self] in
        wait.resume(.failure(connectingTooLong(method, since: begin)))
        dropDoneWaiters()
      }
    }
    waiters.append(Waiter(wait: wait, timer: timer, waitForReady: waitForReady))
    statistics.queueChanged(by: 1)
    maintain()
  }

  private func connectingTooLong(_ method: String, since: UInt64) -> RPCError {
    let cause = lastError.map { "; last: \($0.message)" } ?? ""
    var error = RPCError.notProcessed(
      .deadlineExceeded,
      "\(method): deadline exceeded waiting for a connection to \(connector.name)\(cause)")
    let hop = "waiting for a connection to \(connector.name)"
    error.details.hops = [HopTime(hop: hop, spentMicroseconds: (loop.now - since) / 1_000)]
    return error
  }

  private var shutDownError: RPCError {
    .runtime(.unavailable, "the channel to \(connector.name) is shut down")
  }

  /// Every address has failed lately, and none is being tried.
  private var isBackingOff: Bool {
    guard !isResolving else { return false }
    guard !subchannels.isEmpty else { return resolveBackoff.retryAt > loop.now }
    return subchannels.allSatisfy {
      $0.connection == nil && !$0.isConnecting && $0.backoff.retryAt > loop.now
    }
  }

  /// There is a connection again for those who wait.
  func serveWaiters() {
    while !waiters.isEmpty, let connection = pick() {
      let waiter = waiters.removeFirst()
      statistics.queueChanged(by: -1)
      if let timer = waiter.timer { loop.cancel(timer) }
      waiter.wait.resume(.success(connection))
    }
  }

  /// No address can be reached now; those who wait for one whatever it takes go on waiting.
  func failWaiters(_ error: RPCError, all: Bool = false) {
    for waiter in takeWaiters() {
      if waiter.waitForReady, !all, !waiter.wait.isDone {
        waiters.append(waiter)
        statistics.queueChanged(by: 1)
      } else {
        if let timer = waiter.timer { loop.cancel(timer) }
        waiter.wait.resume(.failure(error))
      }
    }
  }

  private func takeWaiters() -> [Waiter] {
    let current = waiters
    waiters = []
    statistics.queueChanged(by: -current.count)
    return current
  }

  private func dropDoneWaiters() {
    let left = waiters.filter { !$0.wait.isDone }
    statistics.queueChanged(by: left.count - waiters.count)
    waiters = left
  }

  // MARK: The end

  func shutDown() {
    isShutDown = true
    for timer in [resolveTimer, maintainTimer] {
      if let timer { loop.cancel(timer) }
    }
    for subchannel in subchannels { subchannel.connection?.drain() }
    failWaiters(shutDownError, all: true)
  }
}
