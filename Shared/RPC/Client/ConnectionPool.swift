/// A channel's connections on one loop: one per address, picked per call by the power of two
/// choices over the calls they carry.
///
/// `@unchecked Sendable`: confined to `loop`; the `async` methods go there first.
final class ConnectionPool: @unchecked Sendable {
  private struct Waiter {
    let wait: CallWait<Connection>
    let timer: TimerHeap.Token?
    let waitForReady: Bool
  }

  /// One address and where its connection stands.
  private final class Subchannel {
    let address: String
    var connection: Connection?
    var isConnecting = false
    var failures = 0
    /// Loop time before which no new attempt is made.
    var retryAt: UInt64 = 0

    init(_ address: String) {
      self.address = address
    }
  }

  let loop: EventLoop
  private let connector: any Connector
  private let options: ChannelOptions
  private var subchannels: [Subchannel] = []
  private var waiters: [Waiter] = []
  private var isResolving = false
  private var lastError: RPCError?
  private var isShutDown = false

  init(_ connector: any Connector, on loop: EventLoop, options: ChannelOptions) {
    self.connector = connector
    self.loop = loop
    self.options = options
  }

  // MARK: From any task

  /// A connection that is ready, making one if need be.
  ///
  /// - Throws: UNAVAILABLE, marked as not processed, when none can be made.
  func acquire(deadline: UInt64, waitForReady: Bool, method: String) async throws -> Connection {
    if let ready = connectionIfReady() { return ready }
    let wait = CallWait<Connection>()
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
    let wait = CallWait<Void>()
    try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        loop.run {
          wait.begin(continuation)
          guard !wait.isDone else { return }
          self.loop.schedule(at: self.loop.now + milliseconds * 1_000_000) {
            wait.resume(.success(()))
          }
        }
      }
    } onCancel: {
      loop.execute { wait.cancel() }
    }
  }

  // MARK: On the loop

  func shutDown() {
    isShutDown = true
    for subchannel in subchannels { subchannel.connection?.drain() }
    failWaiters(RPCError(.unavailable, "the channel to \(connector.name) is shut down"), all: true)
  }

  private func pick() -> Connection? {
    // The usual case, and every call's.
    if subchannels.count == 1 { return usable(subchannels[0]) }
    let ready = subchannels.compactMap(usable)
    guard ready.count > 1 else { return ready.first }
    // Two different ones at random; the less loaded of them gets the call.
    let first = Int.random(in: 0..<ready.count)
    let second = (first + Int.random(in: 1..<ready.count)) % ready.count
    return ready[first].load <= ready[second].load ? ready[first] : ready[second]
  }

  private func usable(_ subchannel: Subchannel) -> Connection? {
    guard let connection = subchannel.connection, connection.isUsable else { return nil }
    return connection
  }

  private func enter(
    _ wait: CallWait<Connection>, _ deadline: UInt64, _ waitForReady: Bool, _ method: String
  ) {
    guard !isShutDown else {
      return wait.resume(
        .failure(RPCError(.unavailable, "the channel to \(connector.name) is shut down")))
    }
    if let ready = pick() { return wait.resume(.success(ready)) }
    if !waitForReady, let lastError, isBackingOff { return wait.resume(.failure(lastError)) }
    var timer: TimerHeap.Token?
    if deadline != .max {
      timer = loop.schedule(at: deadline) { [connector, lastError] in
        let cause = lastError.map { "; last: \($0.message)" } ?? ""
        wait.resume(
          .failure(
            RPCError(
              .deadlineExceeded,
              "\(method): deadline exceeded waiting for a connection to \(connector.name)\(cause)"))
        )
      }
    }
    waiters.append(Waiter(wait: wait, timer: timer, waitForReady: waitForReady))
    connectWhatIsDue()
  }

  /// Every address has failed lately, and none is being tried.
  private var isBackingOff: Bool {
    !isResolving
      && subchannels.allSatisfy {
        $0.connection == nil && !$0.isConnecting && $0.retryAt > loop.now
      }
  }

  private func connectWhatIsDue() {
    if !isResolving, !subchannels.contains(where: { $0.connection?.isUsable == true }) {
      resolve()
    }
    for subchannel in subchannels
    where subchannel.connection == nil && !subchannel.isConnecting
      && subchannel.retryAt <= loop.now
    {
      connect(subchannel)
    }
  }

  private func resolve() {
    isResolving = true
    Task(executorPreference: loop) {
      do {
        let addresses = try await self.connector.resolve()
        self.isResolving = false
        self.update(addresses)
      } catch {
        self.isResolving = false
        self.failed(RPCError(.unavailable, "cannot resolve \(self.connector.name): \(error)"))
      }
    }
  }

  private func update(_ addresses: [String]) {
    for gone in subchannels where !addresses.contains(gone.address) { gone.connection?.drain() }
    subchannels.removeAll { !addresses.contains($0.address) }
    for address in addresses where !subchannels.contains(where: { $0.address == address }) {
      subchannels.append(Subchannel(address))
    }
    guard !subchannels.isEmpty else {
      return failed(RPCError(.unavailable, "\(connector.name) has no address"))
    }
    for subchannel in subchannels
    where subchannel.connection == nil && !subchannel.isConnecting
      && subchannel.retryAt <= loop.now
    {
      connect(subchannel)
    }
  }

  private func connect(_ subchannel: Subchannel) {
    subchannel.isConnecting = true
    let box = LoopBound(subchannel)
    Task(executorPreference: loop) {
      do {
        try await self.connector.connect(to: box.value.address, on: self.loop) { peer in
          self.makeConnection(peer, for: box.value)
        }
      } catch {
        self.connectFailed(
          box.value,
          RPCError(
            .unavailable,
            "cannot connect to \(self.connector.name) at \(box.value.address): \(error)"
          ))
      }
    }
  }

  private func makeConnection(_ peer: PeerAddress, for subchannel: Subchannel) -> Connection {
    let connection = Connection(
      loop: loop, isClient: true, settings: options.settings, peerAddress: peer,
      credential: options.credential)
    var hasOpened = false
    connection.onOpen = { [weak self, unowned connection] in
      hasOpened = true
      subchannel.isConnecting = false
      subchannel.failures = 0
      subchannel.retryAt = 0
      subchannel.connection = connection
      self?.ready()
    }
    // A drain or a loss needs no waiting: the address is tried again with the next call.
    connection.onDraining = { [weak self, unowned connection] in
      // A later connection of the same address is none of this one's business.
      if subchannel.connection === connection { subchannel.connection = nil }
      if self?.waiters.isEmpty == false { self?.connectWhatIsDue() }
    }
    connection.onClose = { [weak self, unowned connection] error in
      if !hasOpened {
        self?.connectFailed(subchannel, error)
      } else {
        if subchannel.connection === connection { subchannel.connection = nil }
        if self?.waiters.isEmpty == false { self?.connectWhatIsDue() }
      }
    }
    return connection
  }

  private func ready() {
    lastError = nil
    if isShutDown { return shutDown() }
    // The address may have left the name meanwhile; who waits goes on waiting then.
    guard pick() != nil else { return connectWhatIsDue() }
    let current = waiters
    waiters = []
    for waiter in current {
      if let timer = waiter.timer { loop.cancel(timer) }
      if let connection = pick() { waiter.wait.resume(.success(connection)) }
    }
  }

  private func connectFailed(_ subchannel: Subchannel, _ error: RPCError) {
    guard subchannel.isConnecting else { return }
    subchannel.isConnecting = false
    subchannel.connection = nil
    let exponential = options.reconnectMinimumMilliseconds << min(subchannel.failures, 16)
    subchannel.failures += 1
    let wait = Double(min(exponential, options.reconnectMaximumMilliseconds))
    subchannel.retryAt = loop.now + UInt64(wait * Double.random(in: 0.8...1.2) * 1_000_000)
    loop.schedule(at: subchannel.retryAt) { [weak self] in
      if self?.waiters.isEmpty == false { self?.connectWhatIsDue() }
    }
    failed(error)
  }

  private func failed(_ error: RPCError) {
    var error = error
    error.details.notProcessed = true
    lastError = error
    let isHopeless = !subchannels.contains { $0.isConnecting }
    if isHopeless { failWaiters(error, all: false) }
    if subchannels.isEmpty, !waiters.isEmpty {
      let again = loop.now + UInt64(options.reconnectMaximumMilliseconds) * 1_000_000
      loop.schedule(at: again) { [weak self] in
        if self?.waiters.isEmpty == false { self?.connectWhatIsDue() }
      }
    }
  }

  private func failWaiters(_ error: RPCError, all: Bool) {
    let current = waiters
    waiters = current.filter { $0.waitForReady && !all }
    for waiter in current where all || !waiter.waitForReady {
      if let timer = waiter.timer { loop.cancel(timer) }
      waiter.wait.resume(.failure(error))
    }
  }
}

/// Carries a loop's own value through a task that stays on that loop.
///
/// `@unchecked Sendable`: the task has the loop as its executor, so the value never leaves it.
private struct LoopBound<Value>: @unchecked Sendable {
  let value: Value

  init(_ value: Value) {
    self.value = value
  }
}
