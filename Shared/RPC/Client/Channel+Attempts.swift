import Codec
import Synchronization

// One call, however many attempts it takes.

extension Channel {
  /// A unary call whose message `encode` writes, into the connection's own buffer where it can.
  nonisolated(nonsending) func retrying(
    _ method: MethodDescriptor, _ options: CallOptions, messageBytes: Int,
    _ encode: (inout WireWriter) -> Void
  ) async throws -> [UInt8] {
    guard let receiver = options.onResponseMetadata else {
      return try await attempts(method, options, nil, messageBytes: messageBytes, encode)
    }
    // Of several attempts, the metadata of the one that counts.
    let metadata = LastMetadata(reportingTo: receiver)
    var options = options
    options.onResponseMetadata = { metadata.store($0) }
    defer { metadata.report() }
    return try await attempts(method, options, metadata, messageBytes: messageBytes, encode)
  }

  private nonisolated(nonsending) func attempts(
    _ method: MethodDescriptor, _ options: CallOptions, _ metadata: LastMetadata?,
    messageBytes: Int, _ encode: (inout WireWriter) -> Void
  ) async throws -> [UInt8] {
    var retry = Retry(method, maximumAttempts: self.options.maximumAttempts, randomness)
    let deadline = deadline(method, options)
    while true {
      let pool = pool()
      metadata?.store(Metadata())
      do {
        let answer: [UInt8]
        // What is awaited here stays where it is; each change of executor, even to the same, costs.
        if pool.loop.isCurrent {
          answer = try await attempt(
            pool, method, options, deadline, retry.attempt, messageBytes: messageBytes, encode)
        } else {
          answer = try await attemptElsewhere(
            pool, method, options, deadline, retry.attempt,
            UnsentRequest.bytes(count: messageBytes, encode))
        }
        throttle.succeeded()
        return answer
      } catch let error as RPCError {
        try await waitToRetry(&retry, pool, after: error, deadline)
      }
    }
  }

  /// Waits for the next attempt.
  ///
  /// - Throws: `error`, if there is to be none.
  private func waitToRetry(
    _ retry: inout Retry, _ pool: ConnectionPool, after error: RPCError, _ deadline: UInt64
  ) async throws {
    guard
      let wait = retry.wait(after: error, remaining: remaining(deadline), throttle: throttle)
    else { throw error }
    statistics.retried()
    if wait > 0 { try await pool.sleep(milliseconds: wait) }
  }

  /// One attempt of a unary call, on the pool's loop. Cancelling the task cancels the call, and
  /// with it the wait for its answer.
  private nonisolated(nonsending) func attempt(
    _ pool: ConnectionPool, _ method: MethodDescriptor, _ options: CallOptions,
    _ deadline: UInt64, _ attempt: UInt32, messageBytes: Int, _ encode: (inout WireWriter) -> Void
  ) async throws -> [UInt8] {
    let call = try await makeCall(pool, method, options, deadline, messageBytes: messageBytes)
    let header = header(method, options, attempt)
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        call.awaitAnswer(continuation)
        call.connection.open(call, header, messageBytes: messageBytes, encode)
      }
    } onCancel: {
      if !call.isOver { leave(call) }
    }
  }

  /// The same for a caller who is not on the pool's loop: there and back once, rather than once per
  /// step. An actor's caller changes executors twice each way: off its actor, and onto the loop.
  @concurrent
  private func attemptElsewhere(
    _ pool: ConnectionPool, _ method: MethodDescriptor, _ options: CallOptions,
    _ deadline: UInt64, _ attempt: UInt32, _ message: [UInt8]
  ) async throws -> [UInt8] {
    try await withTaskExecutorPreference(pool.loop) {
      try await self.attempt(
        pool, method, options, deadline, attempt, messageBytes: message.count
      ) { writer in
        message.withUnsafeBytes { writer.writeRaw($0) }
      }
    }
  }

  // MARK: Hedging

  /// Sends further attempts while the first are out, and takes the first answer.
  func hedged(
    _ method: MethodDescriptor, _ options: CallOptions, _ policy: HedgingPolicy,
    _ message: [UInt8]
  ) async throws -> [UInt8] {
    let deadline = deadline(method, options)
    return try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
      var (sent, failed) = (0, 0)
      // What a server provably did not see goes to another, and is no attempt.
      var resends = self.options.maximumAttempts
      var lastError: (any Error)?
      func send() {
        if sent > 0 { statistics.hedged() }
        let attempt = UInt32(sent)
        sent += 1
        group.addTask { [self] in
          try await attemptElsewhere(pool(), method, options, deadline, attempt, message)
        }
        guard sent < policy.maximumAttempts else { return }
        group.addTask { [self] in
          try await pool().sleep(milliseconds: policy.delayMilliseconds)
          return nil
        }
      }
      send()
      while failed < sent {
        do {
          guard let result = try await group.next() else { break }
          if let answer = result {
            group.cancelAll()
            throttle.succeeded()
            return answer
          }
          if sent < policy.maximumAttempts, throttle.allows() { send() }
        } catch let error as RPCError where Channel.leavesHope(error) {
          lastError = error
          if error.isNotProcessed, !error.details.noRetry, resends > 0 {
            resends -= 1
            statistics.retried()
            let attempt = UInt32(sent - 1)
            group.addTask { [self] in
              try await attemptElsewhere(pool(), method, options, deadline, attempt, message)
            }
            continue
          }
          failed += 1
          throttle.failed()
          // Push-back stops hedging, too.
          if error.details.noRetry { break }
          if failed == sent, sent < policy.maximumAttempts, throttle.allows() { send() }
        }
      }
      group.cancelAll()
      throw lastError ?? RPCError.cancelled
    }
  }

  /// Whether another attempt may fare better.
  private static func leavesHope(_ error: RPCError) -> Bool {
    error.code == .unavailable || error.code == .resourceExhausted
  }

  // MARK: Streaming

  /// Opens a streaming call and runs `body` with it.
  func streaming<Result>(
    _ method: MethodDescriptor, _ options: CallOptions, message: [UInt8]?,
    _ body: (Call) async throws -> Result
  ) async throws -> Result {
    try await intercepted(method, options) { options in
      let call = try await open(method, options, message: message)
      return try await scoped(call) { try await body(call) }
    }
  }

  /// Until the call is open nothing of it was sent, so that what fails is tried again; after that
  /// never.
  private func open(
    _ method: MethodDescriptor, _ options: CallOptions, message: [UInt8]?
  ) async throws -> Call {
    var retry = Retry(method, maximumAttempts: self.options.maximumAttempts, randomness)
    let deadline = deadline(method, options)
    while true {
      let pool = pool()
      do {
        let call = try await makeCall(
          pool, method, options, deadline, messageBytes: message?.count ?? 0)
        let request = UnsentRequest(header(method, options, retry.attempt), message)
        try await call.open(request)
        return call
      } catch let error as RPCError {
        try await waitToRetry(&retry, pool, after: error, deadline)
      }
    }
  }

  /// Runs `body` and leaves no call behind: what the server has not ended by then is cancelled, and
  /// cancelling the task cancels the call.
  private func scoped<Result>(
    _ call: Call, _ body: () async throws -> Result
  ) async throws -> Result {
    try await withTaskCancellationHandler {
      defer { leave(call) }
      do {
        return try await body()
      } catch is CancellationError {
        throw RPCError.cancelled
      }
    } onCancel: {
      if !call.isOver { leave(call) }
    }
  }

  private func leave(_ call: Call) {
    call.loop.run {
      // Messages that arrived before the end and that nobody took hold credit of the connection.
      if call.isOver { call.discardUnread() } else { call.connection.cancel(call, .cancelled) }
    }
  }

  // MARK: What all of them need

  /// Runs `body` between the interceptor's hooks.
  nonisolated(nonsending) func intercepted<Result>(
    _ method: MethodDescriptor, _ options: CallOptions,
    _ body: (CallOptions) async throws -> Result
  ) async throws -> Result {
    let interceptor = self.options.interceptor
    guard !interceptor.isEmpty else { return try await body(options) }
    var options = options
    let start = time()
    do {
      try await interceptor.prepare?(method, &options)
      let result = try await body(options)
      interceptor.completed?(method, .ok, time() - start)
      return result
    } catch {
      let code = (error as? RPCError)?.code ?? (error is CancellationError ? .cancelled : .unknown)
      interceptor.completed?(method, code, time() - start)
      throw error
    }
  }

  private nonisolated(nonsending) func makeCall(
    _ pool: ConnectionPool, _ method: MethodDescriptor, _ options: CallOptions,
    _ deadline: UInt64, messageBytes: Int
  ) async throws -> Call {
    let connection =
      if let ready = pool.connectionIfReady() { ready } else {
        try await pool.acquire(
          deadline: deadline, waitForReady: options.waitForReady, method: method.name)
      }
    let call = Call(connection: connection, method: method.name, deadline: deadline)
    guard call.startTime < deadline else {
      var error = RPCError.notProcessed(
        .deadlineExceeded, "\(method.name): deadline exceeded before the call could be sent")
      error.details.hops = [
        HopTime(hop: "waiting to send to \(pool.connector.name)", spentMicroseconds: 0)
      ]
      throw error
    }
    try call.checkSize(messageBytes)
    call.onResponseMetadata = options.onResponseMetadata
    return call
  }

  private func header(
    _ method: MethodDescriptor, _ options: CallOptions, _ attempt: UInt32
  ) -> RequestHeader {
    RequestHeader(
      method: method.name, trace: options.trace ?? .random(), principal: options.principal,
      credential: options.credential, metadata: options.metadata.wire, attempt: attempt)
  }

  private func deadline(_ method: MethodDescriptor, _ options: CallOptions) -> UInt64 {
    guard let timeout = options.timeout(for: method) else { return .max }
    return time().addingMilliseconds(UInt64(max(0, timeout)))
  }

  private func remaining(_ deadline: UInt64) -> UInt64 {
    let now = time()
    return deadline == .max ? .max : deadline > now ? (deadline - now) / 1_000_000 : 0
  }
}

/// The metadata of a call's last attempt, told once.
private final class LastMetadata: Sendable {
  private let metadata = Mutex(Metadata())
  private let receiver: @Sendable (Metadata) -> Void

  init(reportingTo receiver: @escaping @Sendable (Metadata) -> Void) {
    self.receiver = receiver
  }

  func store(_ metadata: Metadata) {
    self.metadata.withLock { $0 = metadata }
  }

  func report() {
    let metadata = metadata.withLock { $0 }
    if !metadata.isEmpty { receiver(metadata) }
  }
}
