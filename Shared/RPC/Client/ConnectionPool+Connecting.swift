// A pool's addresses: looked up, connected to, given up, come back to.

extension ConnectionPool {
  /// A connection that was lost sooner counts as a failed attempt, lest a server that accepts and
  /// closes is connected to without end.
  private static var leastLifeNanoseconds: UInt64 { 1_000_000_000 }

  /// Has every address looked after that is due: connects, or sets the time for it.
  func maintain() {
    guard !isShutDown, isInUse else { return }
    if subchannels.isEmpty, !isResolving, resolveTimer == nil { resolve() }
    for subchannel in subchannels where subchannel.isDue(now: loop.now) { connect(subchannel) }
    let waiting = subchannels.filter { $0.connection == nil && !$0.isConnecting }
    guard let next = waiting.map(\.backoff.retryAt).min() else { return }
    if let maintainTimer { loop.cancel(maintainTimer) }
    maintainTimer = loop.schedule(at: next) { [weak self] in
      self?.maintainTimer = nil
      self?.maintain()
    }
  }

  // MARK: Names

  func resolve() {
    guard !isResolving, !isShutDown else { return }
    isResolving = true
    if let resolveTimer { loop.cancel(resolveTimer) }
    resolveTimer = nil
    Task(executorPreference: loop) {
      do {
        let addresses = try await self.connector.resolve()
        self.isResolving = false
        self.update(addresses)
      } catch {
        self.isResolving = false
        self.resolutionFailed("cannot resolve \(self.connector.name): \(error)")
      }
    }
  }

  private var nextResolution: UInt64 {
    loop.now + UInt64(options.resolveIntervalMilliseconds) * 1_000_000
  }

  private func resolveLater(at time: UInt64) {
    guard !isShutDown, resolveTimer == nil else { return }
    resolveTimer = loop.schedule(at: time) { [weak self] in
      guard let self else { return }
      resolveTimer = nil
      // Who uses the channel again finds it looked up again.
      if isInUse { resolve() } else { forget() }
    }
  }

  /// Nobody calls: a later call begins by looking the name up.
  private func forget() {
    subchannels.removeAll { $0.connection == nil && !$0.isConnecting }
    lastError = nil
    if !subchannels.isEmpty { resolveLater(at: nextResolution) }
  }

  private func update(_ addresses: [String]) {
    guard !isShutDown else { return }
    for gone in subchannels where !addresses.contains(gone.address) { gone.connection?.drain() }
    subchannels.removeAll { !addresses.contains($0.address) }
    for address in addresses where !subchannels.contains(where: { $0.address == address }) {
      subchannels.append(Subchannel(address))
    }
    readyChanged()
    guard !subchannels.isEmpty else {
      return resolutionFailed("\(connector.name) has no address")
    }
    resolveBackoff.succeeded()
    resolveLater(at: nextResolution)
    maintain()
  }

  private func resolutionFailed(_ reason: String) {
    resolveBackoff.failed(on: loop, options)
    resolveLater(at: resolveBackoff.retryAt)
    failed(.runtime(.unavailable, reason))
  }

  // MARK: Connections

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
          .runtime(
            .unavailable, "cannot connect to \(self.connector.name): \(error)"))
      }
    }
  }

  private func makeConnection(_ peer: PeerAddress, for subchannel: Subchannel) -> Connection {
    let connection = Connection(
      loop: loop, isClient: true, settings: options.settings, peerAddress: peer,
      name: connector.name, credential: options.credential, budget: options.budget)
    var hasOpened = false
    var queued = 0
    connection.onOpen = { [weak self, unowned connection] in
      hasOpened = true
      self?.opened(subchannel, connection)
    }
    // A drain needs no waiting: the address is tried again at once.
    connection.onDraining = { [weak self, unowned connection] isOrderly in
      self?.lost(subchannel, connection, isFailure: !isOrderly)
    }
    connection.onClose = { [weak self, unowned connection] error in
      guard hasOpened else {
        self?.connectFailed(subchannel, error)
        return
      }
      self?.lost(subchannel, connection, isFailure: false)
    }
    connection.onCallEnd = { [weak self] call, error in
      self?.record(error, of: call, on: subchannel)
    }
    connection.onQueueChange = { [statistics] count in
      statistics.queueChanged(by: count - queued)
      queued = count
    }
    return connection
  }

  private func opened(_ subchannel: Subchannel, _ connection: Connection) {
    subchannel.isConnecting = false
    subchannel.connection = connection
    lastError = nil
    guard !isShutDown, subchannels.contains(where: { $0 === subchannel }) else {
      // The channel has ended, or the address has left the name, meanwhile.
      return connection.drain()
    }
    readyChanged()
    serveWaiters()
  }

  private func lost(_ subchannel: Subchannel, _ connection: Connection, isFailure: Bool) {
    // A later connection of the same address is none of this one's business.
    guard subchannel.connection === connection else { return }
    subchannel.connection = nil
    let age = loop.now - min(loop.now, connection.counters.openedAt)
    let hasWorked = age >= ConnectionPool.leastLifeNanoseconds
    if hasWorked { subchannel.backoff.succeeded() }
    if isFailure || !hasWorked { subchannel.backoff.failed(on: loop, options) }
    readyChanged()
    maintain()
  }

  private func connectFailed(_ subchannel: Subchannel, _ error: RPCError) {
    guard subchannel.isConnecting else { return }
    subchannel.isConnecting = false
    subchannel.connection = nil
    subchannel.backoff.failed(on: loop, options)
    statistics.connectFailed()
    failed(error)
    maintain()
  }

  private func failed(_ error: RPCError) {
    var error = error
    error.details.notProcessed = true
    lastError = error
    let isHopeless = !subchannels.contains { $0.isConnecting || $0.usable != nil }
    if isHopeless { failWaiters(error) }
  }

  // MARK: Outliers

  /// A call has ended on an address.
  private func record(_ error: RPCError?, of call: Call, on subchannel: Subchannel) {
    let spent = loop.now - min(loop.now, call.startTime)
    guard
      subchannel.outlier.record(error, spent: spent, now: loop.now, options.outliers)
    else { return }
    let ejected = subchannels.count { $0.outlier.isEjected(now: loop.now) }
    guard ejected < OutlierPolicy.maximumEjected(of: subchannels.count) else { return }
    subchannel.outlier.eject(now: loop.now, options.outliers)
    statistics.ejected()
    readyChanged()
    loop.schedule(at: subchannel.outlier.ejectedUntil) { [weak self] in self?.readyChanged() }
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
